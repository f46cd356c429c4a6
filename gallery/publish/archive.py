"""A published site as one zip file that opens anywhere: unpack it and open ``index.html``."""

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

from gallery.config import SetSettings
from gallery.errors import PublishError
from gallery.publish.versions import OLD

_DATE = (1980, 1, 1, 0, 0, 0)  # the earliest a zip can say; the site carries no date
_PACKED = {".png", ".jpg", ".webp", ".npz", ".pdf", ".zip", ".gz"}


def archive_name(settings: SetSettings) -> str:
    """Return the file name without suffix, also the folder inside: title and version."""
    words = re.findall(r"[a-z0-9]+", settings.title.lower())[:8]
    version = re.sub(r"[^A-Za-z0-9.]+", "-", settings.version).strip(".-")
    return "-".join(filter(None, ("-".join(words) or "gallery", version)))


def write_archive(site: Path, file: Path) -> Path:
    """Write a published site to a zip file: the same site gives the same bytes.

    Dot files and older versions stay out. The file appears complete or not at all.

    Args:
        site: What ``publish`` wrote.
        file: Receives the archive; its name without suffix is the folder inside.

    Raises:
        PublishError: If there is no site.
    """
    if not (site / "index.html").is_file():
        raise PublishError(f"{site}: no site yet. Run `gallery publish` first.")
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.part")
    try:
        with zipfile.ZipFile(draft, "w") as archive:
            for path in _files(site):
                entry = zipfile.ZipInfo(f"{file.stem}/{path.relative_to(site).as_posix()}", _DATE)
                entry.create_system = 3  # Unix, wherever it is written
                entry.external_attr = 0o100644 << 16
                method = zipfile.ZIP_STORED if path.suffix in _PACKED else zipfile.ZIP_DEFLATED
                archive.writestr(entry, path.read_bytes(), method, 9)
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)
    return file


def _files(site: Path) -> Iterator[Path]:
    for path in sorted(site.rglob("*"), key=lambda path: path.relative_to(site).as_posix()):
        parts = path.relative_to(site).parts
        if path.is_file() and parts[0] != OLD and not any(part.startswith(".") for part in parts):
            yield path
