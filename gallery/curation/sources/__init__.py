"""Where photographs come from: one module per source.

A source is written ``"<name>:<argument>"`` in the manifest. Its module registers one function that takes the
argument and the manifest's folder and lists what is there, without reading any photograph yet. Adding a
source is adding a module to this package.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gallery.curation.decode import Photograph
from gallery.curation.problems import SourceError
from gallery.registry import Registry, did_you_mean

COMPOSITE = "composite"
"""The one source that is not read from anywhere: a grid made of four other images of the set."""


@dataclass(frozen=True)
class Item:
    """One photograph a source offers, not read yet.

    Attributes:
        name: What an id is made from when the manifest gives none.
        title: What the title is made from.
        source: What pages print as its source; no path of the machine it was built on.
        where: What messages call it.
        read: Reads and decodes it; raises SourceError.
        member: Whether it is one of possibly many under one entry, so that the entry's id is only a prefix.
        path: The file, where there is one.
    """

    name: str
    title: str
    source: str
    where: str
    read: Callable[[], Photograph]
    member: bool = False
    path: Path | None = None


@dataclass(frozen=True)
class Skipped:
    """A file found on the way that is not a picture and does not claim to be one."""

    where: str


Source = Callable[[str, Path], list[Item | Skipped]]
SOURCES: Registry[Source] = Registry("image source", "gallery.curation.sources")


def split_source(source: str) -> tuple[str, str]:
    """Return name and argument of ``source``; the argument of "composite" is "".

    Raises:
        SourceError: If it is not of the form "<name>:<argument>", or there is no such source.
    """
    if source == COMPOSITE:
        return COMPOSITE, ""
    name, colon, argument = source.partition(":")
    known = sorted([*SOURCES.names(), COMPOSITE])
    if not colon or name not in SOURCES:
        if not colon and name not in known:
            guess = f'Write where it comes from in front, such as "file:{source}".'
        else:
            guess = did_you_mean(name, known)
        raise SourceError(source, f"There is no image source {name!r}.", guess)
    if not argument:
        raise SourceError(
            source, f"Nothing follows {name + ':'!r}.", f"Write what to read: {SOURCES[name].reference}"
        )
    return name, argument


def list_source(source: str, folder: Path) -> list[Item | Skipped]:
    """Return what ``source`` offers, in a stable order.

    Args:
        source: As in the manifest; not "composite".
        folder: The manifest's folder: relative paths start there.

    Raises:
        SourceError: If the source as a whole cannot be listed.
    """
    name, argument = split_source(source)
    return SOURCES[name].call(argument, folder)
