"""``file:<path>``: one photograph, relative to the manifest's folder or absolute."""

import difflib
from pathlib import Path

from gallery.curation.decode import Photograph, read_photograph
from gallery.curation.names import title
from gallery.curation.problems import SourceError
from gallery.curation.sources import SOURCES, Item, Skipped


@SOURCES.register("file", title="File", reference='"file:photos/cat.jpg", relative to the manifest.')
def file_source(argument: str, folder: Path) -> list[Item | Skipped]:
    """List the one photograph at ``argument``."""
    given = Path(argument)
    path = folder / given
    printed = given.name if given.is_absolute() else given.as_posix()

    def read() -> Photograph:
        try:
            return read_photograph(path, argument)
        except SourceError as error:
            close = _siblings_like(path)
            if not close:
                raise
            raise SourceError(error.where, error.reason, f"Did you mean {close!r}? {error.fix}") from error

    item = Item(
        name=given.stem,
        title=title(given.stem),
        source=f"file:{printed}",
        where=argument,
        read=read,
        path=path,
    )
    return [item]


def _siblings_like(path: Path) -> str:
    """Return the name of a file beside a missing ``path`` that is spelt alike, or ""."""
    try:
        if path.exists() or not path.parent.is_dir():
            return ""
        names = sorted(p.name for p in path.parent.iterdir() if p.is_file())
    except (OSError, ValueError):
        return ""
    return next(iter(difflib.get_close_matches(path.name, names, n=1)), "")
