"""``gallery init`` and ``gallery add``: manifests written for people to edit, and extended in place."""

import contextlib
import os
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path

from gallery.config import ImageEntry, SetSettings
from gallery.curation.decode import read_photograph
from gallery.curation.manifest import default_manifest, load_settings
from gallery.curation.names import slug, title, unique
from gallery.curation.plan import Planned, numbered, plan
from gallery.curation.problems import SourceError
from gallery.curation.toml_text import meaning, option_lines, section_lines, toml_value
from gallery.errors import Problem, ProblemsError

MANIFEST_NAME = "gallery.toml"
_STARTER_IMAGES = ("coffee", "chelsea")
_PROVENANCE = ("author", "licence", "source_url", "note")
_EXAMPLES = """\
## One photograph (gallery add photos/*.jpg writes such entries for you):
# [[images]]
# source = "file:photos/my-photograph.jpg"

## Every photograph of a folder; the names of sub-folders become labels:
# [[images]]
# source = "folder:photos"

## Items of a torchvision data set that lies in the folder "data":
# [[images]]
# source = "torchvision:CIFAR10?split=test&index=0-9&root=data"

## A 2 x 2 grid of images of this set, row by row:
# [[images]]
# id = "my-composite"
# source = "composite"
# parts = ["coffee", "chelsea", "chelsea", "coffee"]
"""


def write_starter(folder: Path) -> list[Path]:
    """Create a folder with a commented manifest that builds as it is, and an empty folder for photographs.

    Args:
        folder: Created if need be.

    Returns:
        What was made: the manifest and the folder for photographs.

    Raises:
        SourceError: If there is a manifest already, or the folder cannot be written.
    """
    manifest, photos = folder / MANIFEST_NAME, folder / "photos"
    if manifest.exists() or manifest.is_symlink():
        raise SourceError(str(manifest), "It exists already and is left as it is.", "Choose another folder.")
    try:
        photos.mkdir(parents=True, exist_ok=True)
        _write_atomically(manifest, starter_text().encode())
    except OSError as error:
        reason = f"It cannot be created: {error.strerror or error}."
        raise SourceError(str(folder), reason, "Choose a folder you may write to.") from error
    return [manifest, photos]


def starter_text() -> str:
    """Return the manifest of a new set: every option with its default and meaning, two photographs."""
    known = {entry.id: entry for entry in load_settings(default_manifest()).images}
    lines = [
        "## A set of photographs whose classification is to be explained.",
        "## Lines that start with # are comments; the options among them show their defaults.",
        "## Paths are relative to this file.",
        "",
        f'title = "My gallery"  # {meaning(SetSettings.model_fields["title"])}',
        *option_lines(SetSettings, leave_out=frozenset({"title", "images"})),
        *section_lines(SetSettings),
        "",
        "## The images, in the order they are shown. What may stand in an entry:",
        *(f"## {name}: {meaning(field)}" for name, field in ImageEntry.model_fields.items()),
    ]
    for image_id in _STARTER_IMAGES:
        lines += ["", "[[images]]", *_entry_lines(known[image_id])]
    return "\n".join(lines) + "\n\n" + _EXAMPLES


def append_images(manifest: Path, images: Sequence[Path]) -> list[str]:
    """Append an ``[[images]]`` entry for each photograph; what is in the file stays byte for byte.

    A photograph is skipped if the set has it already, by path or by SHA-256.

    Args:
        manifest: ``gallery.toml``; must be valid.
        images: Files, relative to the working directory.

    Returns:
        The new ids, in the order given.

    Raises:
        ProblemsError: If the manifest is not valid, or any of the photographs cannot be read or named in
            TOML; then nothing is written.
    """
    settings = load_settings(manifest)
    known = [
        image for image in plan(numbered(settings.images), manifest.parent) if isinstance(image, Planned)
    ]
    addition = _Addition(manifest.parent.resolve(), known, settings)
    problems: list[Problem] = []
    for path in images:
        try:
            addition.take(path)
        except SourceError as error:
            problems.append(error.problem("image"))
    if problems:
        raise ProblemsError(problems)
    if addition.blocks:
        _append(manifest, addition.blocks)
    return addition.ids


class _Addition:
    """Entries to be added, and what must not be added twice."""

    def __init__(self, folder: Path, known: Sequence[Planned], settings: SetSettings) -> None:
        self.ids: list[str] = []
        self.blocks: list[str] = []
        self._folder = folder
        self._taken = {image.id for image in known}
        self._paths = {image.item.path.resolve() for image in known if image.item and image.item.path}
        self._digests = {entry.sha256 for entry in settings.images if entry.sha256}

    def take(self, path: Path) -> None:
        digest = read_photograph(path, str(path)).sha256
        if path.resolve() in self._paths or digest in self._digests:
            return
        image_id = unique(slug(path.stem), self._taken)
        self.blocks.append(_new_block(image_id, path, digest, self._folder))
        self.ids.append(image_id)
        self._taken.add(image_id)
        self._paths.add(path.resolve())
        self._digests.add(digest)


def _new_block(image_id: str, path: Path, digest: str, folder: Path) -> str:
    """Return the text of a new entry, with comments where its provenance belongs."""
    absolute = path.resolve()
    named = absolute.relative_to(folder) if absolute.is_relative_to(folder) else absolute
    try:
        lines = [
            f"id = {toml_value(image_id)}",
            f"source = {toml_value(f'file:{named.as_posix()}')}",
            f"title = {toml_value(title(path.stem))}",
            f"sha256 = {toml_value(digest)}",
        ]
    except UnicodeEncodeError as error:
        shown = os.fsencode(path).decode("utf-8", "backslashreplace")
        raise SourceError(shown, "The file name is not valid text.", "Rename the file.") from error
    for name in _PROVENANCE:
        field = ImageEntry.model_fields[name]
        lines.append(f"# {name} = {toml_value(field.default)}  # {meaning(field)}")
    return "\n".join(["", "[[images]]", *lines, ""])


def _append(manifest: Path, blocks: Sequence[str]) -> None:
    """Append ``blocks`` to the manifest in its own line endings, if the result says what it should."""
    before = manifest.read_bytes()
    newline = "\r\n" if b"\r\n" in before else "\n"
    gap = "" if before.endswith(b"\n") else newline
    after = before + (gap + "".join(blocks).replace("\n", newline)).encode()
    try:
        images = tomllib.loads(after.decode("utf-8-sig"))["images"]
    except tomllib.TOMLDecodeError as error:
        fix = "Write each image under a [[images]] line of its own; then entries can be added."
        reason = "Its images are one list in brackets, which cannot be extended."
        raise ProblemsError([Problem(str(manifest), "images", reason, fix)]) from error
    SetSettings.model_validate({"title": "-", "images": images})
    try:
        _write_atomically(manifest.resolve(), after)
    except OSError as error:
        reason = f"It cannot be written: {error.strerror or error}."
        raise ProblemsError([Problem(str(manifest), "file", reason, "Check its permissions.")]) from error


def _entry_lines(entry: ImageEntry) -> list[str]:
    """Return the keys of an entry that differ from their defaults, without marked regions.

    Regions have a second search made; a first set shall be simple and quick.
    """
    values = entry.model_dump(exclude_defaults=True, exclude={"needed", "precluded"})
    return [f"{name} = {toml_value(value)}" for name, value in values.items()]


def _write_atomically(path: Path, data: bytes) -> None:
    """Write ``data`` so that at any moment ``path`` holds all of the old or all of the new bytes."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
        Path(temporary).chmod(mode)
        Path(temporary).replace(path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            Path(temporary).unlink()
        raise
