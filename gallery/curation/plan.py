"""From manifest entries to single images with ids and titles; nothing is decoded yet."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gallery.config import ImageEntry
from gallery.curation.names import slug, title, unique
from gallery.curation.problems import Failure, SourceError
from gallery.curation.sources import COMPOSITE, Item, Skipped, list_source
from gallery.errors import Problem


@dataclass(frozen=True)
class NumberedEntry:
    """An entry and its place in the manifest, counted from 0."""

    index: int
    entry: ImageEntry

    @property
    def key(self) -> str:
        """Manifest key of the entry: ``images[3]``."""
        return f"images[{self.index}]"


@dataclass(frozen=True)
class Planned:
    """One image of a set.

    Attributes:
        id: Unique slug.
        title: As printed.
        entry: What the manifest says about it.
        item: Where it is read from; None for a composite.
    """

    id: str
    title: str
    entry: ImageEntry
    item: Item | None


def numbered(entries: Sequence[ImageEntry]) -> list[NumberedEntry]:
    """Number all entries of a valid manifest."""
    return [NumberedEntry(index, entry) for index, entry in enumerate(entries)]


def plan(entries: Sequence[NumberedEntry], folder: Path) -> list[Planned | Failure]:
    """Expand folders and data sets, and give every image an id and a title.

    Ids written in the manifest are kept; the others are made from file names and never take a written one.
    An entry that stands for several images uses its id and title as prefixes.

    Args:
        entries: In the manifest's order.
        folder: The manifest's folder.

    Returns:
        In the same order; a ``Failure`` for what could not be listed or was skipped.
    """
    reserved = {e.entry.id for e in entries if e.entry.id}
    taken: set[str] = set()
    planned: list[Planned | Failure] = []
    for numbered_entry in entries:
        for found in _expand(numbered_entry, folder):
            if isinstance(found, Failure):
                planned.append(found)
                continue
            entry = numbered_entry.entry
            written = entry.id if entry.id and not (found and found.member) else None
            wanted = written or _wanted_id(entry, found)
            image_id = unique(wanted, taken if written else taken | reserved)
            taken.add(image_id)
            planned.append(Planned(image_id, _title(entry, found, image_id), entry, found))
    return planned


def _expand(numbered_entry: NumberedEntry, folder: Path) -> list[Item | Failure | None]:
    """Return the items of one entry; ``[None]`` for a composite."""
    entry, key = numbered_entry.entry, numbered_entry.key
    if entry.source == COMPOSITE:
        return [None]
    try:
        found = list_source(entry.source, folder)
    except SourceError as error:
        return [Failure(entry.id or key, error.problem(f"{key}.source"))]
    single = [name for name in ("sha256", "boxes", "mask", "needed", "precluded") if getattr(entry, name)]
    if single and any(isinstance(item, Item) and item.member for item in found):
        fix = "Remove it, or list the photographs one by one."
        reason = f"{single[0]} belongs to one photograph, not to many."
        return [Failure(entry.id or key, Problem(entry.source, f"{key}.{single[0]}", reason, fix))]
    return [_skip(item, key) if isinstance(item, Skipped) else item for item in found]


def _skip(item: Skipped, key: str) -> Failure:
    fix = 'Nothing needs doing; a pattern such as "folder:photos/**/*.jpg" passes it over.'
    return Failure(
        key, Problem(item.where, f"{key}.source", "Skipped: not a picture by its name.", fix), skipped=True
    )


def _wanted_id(entry: ImageEntry, item: Item | None) -> str:
    if item is None:
        return slug("composite " + " ".join(entry.parts or []))
    return slug(f"{entry.id} {item.name}" if entry.id else item.name)


def _title(entry: ImageEntry, item: Item | None, image_id: str) -> str:
    if item is not None and item.member:
        return f"{entry.title}: {item.title}" if entry.title else item.title
    return entry.title or (title(entry.id) if entry.id else item.title if item else title(image_id))
