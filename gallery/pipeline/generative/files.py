"""The files that ``[vae]`` names: none is looked into before its SHA-256 has been compared."""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from gallery.config import VaeSettings
from gallery.errors import ConfigError, GalleryError, Problem


def verified(table: str, listed: Mapping[str, str], folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield every file of a table, as written there, and its content.

    Args:
        table: Such as "vae.trained", for messages.
        listed: File, relative to ``folder`` -> SHA-256 hex.
        folder: The manifest's.

    Raises:
        ConfigError: If a file is missing, or is not the one listed.
    """
    for name, expected in listed.items():
        yield name, _content(f"{table}.{name!r}", folder / name, expected)


def _content(where: str, file: Path, expected: str) -> bytes:
    try:
        content = file.read_bytes()
    except OSError as error:
        fix = "Correct the path, or make the file again with `gallery vae train`."
        raise ConfigError(f"{where}: cannot be read ({error.strerror}). {fix}") from error
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        fix = "Restore the file, or correct the digest."
        raise ConfigError(f"{where}: its SHA-256 is {found}, but {expected} is listed. {fix}")
    return content


def check_files(settings: VaeSettings, manifest: Path) -> list[Problem]:
    """Return the problems of the files of a set: what is missing, and what is not what is listed."""
    problems = []
    for table, listed in (("vae.trained", settings.trained), ("vae.results", settings.results)):
        for name, expected in listed.items():
            try:
                _content(f"{table}.{name!r}", manifest.parent / name, expected)
            except GalleryError as error:
                problems.append(Problem(str(manifest), table, str(error), "Correct the path or the digest."))
    return problems
