"""2 x 2 composites: four photographs in one picture, with the truth about what is where.

Each part is centre-cropped to a square and resized to the same side with a Lanczos filter. Because every
quadrant's content is known exactly, composites are the material of the grid pointing game.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from gallery.config import ImageEntry
from gallery.records import Credit, Quadrant, UInt8

SIDE_PX = 448
"""Side of one quadrant, pixels."""

UNKNOWN = "unknown"


@dataclass(frozen=True)
class Part:
    """What a composite needs of one of its images.

    Attributes:
        id: Image id.
        title: As printed.
        label: Class name, or None.
        credit: Provenance of the whole photograph.
        tile: (SIDE_PX, SIDE_PX, 3) uint8.
    """

    id: str
    title: str
    label: str | None
    credit: Credit
    tile: UInt8


def tile(pixels: UInt8, side: int = SIDE_PX) -> UInt8:
    """Return the centred square of (H, W, 3) uint8 ``pixels``, resized to (side, side, 3)."""
    height, width = pixels.shape[:2]
    edge = min(height, width)
    top, left = (height - edge) // 2, (width - edge) // 2
    square = Image.fromarray(np.ascontiguousarray(pixels[top : top + edge, left : left + edge]))
    return np.asarray(square.resize((side, side), Image.Resampling.LANCZOS))


def compose(parts: Sequence[Part]) -> UInt8:
    """Return the (2 * SIDE_PX, 2 * SIDE_PX, 3) uint8 grid of four parts, row by row."""
    a, b, c, d = (part.tile for part in parts)
    return np.concatenate([np.concatenate([a, b], axis=1), np.concatenate([c, d], axis=1)], axis=0)


def quadrants(parts: Sequence[Part]) -> tuple[Quadrant, ...]:
    """Return what each quarter shows, row by row."""
    return tuple(Quadrant(i // 2, i % 2, part.id, part.label) for i, part in enumerate(parts))


def quadrants_of_class(quadrants: Sequence[Quadrant], class_name: str) -> tuple[Quadrant, ...]:
    """Return the quarters whose label is a class, upper and lower case alike, as for a manifest's target."""
    wanted = class_name.casefold()
    return tuple(q for q in quadrants if q.label is not None and q.label.casefold() == wanted)


def quadrant_plane(size: tuple[int, int], wanted: Iterable[Quadrant]) -> UInt8:
    """Return where some quarters of a composite are.

    Args:
        size: (H, W) of the composite, pixels; the halves of ``compose`` are equal.
        wanted: The quarters.

    Returns:
        (H, W) uint8, 255 inside them and 0 elsewhere.
    """
    rows, cols = size[0] // 2, size[1] // 2
    plane = np.zeros(size, np.uint8)
    for quadrant in wanted:
        top, left = quadrant.row * rows, quadrant.col * cols
        plane[top : top + rows, left : left + cols] = 255
    return plane


def composite_credit(entry: ImageEntry, parts: Sequence[Part]) -> Credit:
    """Return the provenance of a composite: every author and licence once, and where each part is from.

    Author and licence written in the entry itself come first.
    """
    authors = [entry.author, *(part.credit.author for part in parts)]
    licences = [entry.licence, *(part.credit.licence for part in parts)]
    if entry.author == UNKNOWN:
        authors = authors[1:]
    if entry.licence == UNKNOWN:
        licences = licences[1:]
    origins = dict.fromkeys(_origin(part) for part in parts)
    made_of = f"Composite of {'; '.join(origins)}."
    return Credit(
        author="; ".join(dict.fromkeys(authors)),
        licence="; ".join(dict.fromkeys(licences)),
        source_url=entry.source_url,
        note=f"{entry.note} {made_of}".strip(),
    )


def _origin(part: Part) -> str:
    facts = [part.credit.author, part.credit.licence, part.credit.source_url]
    return f'"{part.title}" ({", ".join(fact for fact in facts if fact)})'
