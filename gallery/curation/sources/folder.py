"""``folder:<path>`` or ``folder:<glob>``: every photograph of a folder.

``folder:photos`` takes all files below ``photos``; ``folder:photos/**/*.jpg`` takes those that match. Files
are in natural order ("img2" before "img10"). A photograph in a sub-folder gets the sub-folder's name as its
label, with underscores as spaces (``photos/Egyptian_cat/1.jpg`` -> "Egyptian cat"). Hidden files are passed
over; files that are not pictures by their name are reported as skipped.
"""

from functools import partial
from pathlib import Path

from gallery.curation.decode import read_photograph
from gallery.curation.names import natural, title
from gallery.curation.problems import SourceError
from gallery.curation.sources import SOURCES, Item, Skipped

READABLE = frozenset(
    {"jpg", "jpeg", "jpe", "jfif", "png", "apng", "webp", "gif", "bmp", "dib", "tif", "tiff"}
    | {"ppm", "pgm", "pbm", "pnm", "avif"}
)
FOREIGN = frozenset(
    {"heic", "heif", "jxl", "jp2", "j2k", "psd", "xcf", "svg", "eps", "tga", "ico"}
    | {"raw", "dng", "cr2", "cr3", "nef", "arw", "orf", "rw2", "raf"}
)
"""Pictures that cannot be read: listed, so that the build says so instead of leaving them out quietly."""

_WILDCARDS = frozenset("*?[")


@SOURCES.register("folder", title="Folder", reference='"folder:photos" or "folder:photos/**/*.jpg".')
def folder_source(argument: str, folder: Path) -> list[Item | Skipped]:
    """List the photographs below a folder, in natural order.

    Raises:
        SourceError: If there is no such folder, or it holds no picture.
    """
    base, pattern = _split_pattern(Path(argument), folder)
    if not (folder / base).is_dir():
        reason = "This is a file." if (folder / base).is_file() else "There is no such folder."
        raise SourceError(argument, reason, 'Check the spelling; one photograph is written "file:<path>".')
    try:
        inside = [path.relative_to(folder / base) for path in (folder / base).glob(pattern) if path.is_file()]
    except (OSError, ValueError, NotImplementedError) as error:
        raise SourceError(
            argument, f"The folder cannot be searched: {error}.", "Check the pattern."
        ) from error
    visible = [path for path in inside if not any(part.startswith(".") for part in path.parts)]
    visible.sort(key=lambda path: [natural(part) for part in path.parts])
    found = [_entry(base, inner, folder) for inner in visible]
    if not any(isinstance(entry, Item) for entry in found):
        readable = ", ".join(sorted(READABLE))
        raise SourceError(
            argument, "No picture was found.", f"Put photographs there; known endings: {readable}."
        )
    return found


def _entry(base: Path, inner: Path, folder: Path) -> Item | Skipped:
    where = (base / inner).as_posix()
    if inner.suffix[1:].lower() not in READABLE | FOREIGN:
        return Skipped(where)
    printed = inner if base.is_absolute() else base / inner
    label = inner.parent.name.replace("_", " ") or None
    path = folder / base / inner
    return Item(
        name=inner.with_suffix("").as_posix(),
        title=title(inner.stem),
        source=f"folder:{printed.as_posix()}",
        where=where,
        read=partial(read_photograph, path, where, label=label),
        member=True,
        path=path,
    )


def _split_pattern(given: Path, folder: Path) -> tuple[Path, str]:
    """Return the fixed part and the glob; a folder whose own name has wildcard characters is fixed."""
    if (folder / given).is_dir() or not _WILDCARDS & set(str(given)):
        return given, "**/*"
    n_fixed = next(i for i, part in enumerate(given.parts) if _WILDCARDS & set(part))
    return Path(*given.parts[:n_fixed]), str(Path(*given.parts[n_fixed:]))
