"""What is marked in a picture: boxes and mask pictures -> planes of the picture's size.

An entry may mark the object its label names, a region that is needed, and one that is precluded.

Pixels count from the upper left corner of the photograph after its orientation is applied. A box holds the
columns left to right - 1 and the rows top to bottom - 1. In a mask picture, pixels brighter than half are
object; its colours count by their luminance (ITU-R 601-2), and transparent parts as white. Where there are
boxes and a mask, the region is what either of them marks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from gallery.config import ImageEntry
from gallery.curation.problems import SourceError
from gallery.curation.sources import COMPOSITE, Item, list_source, split_source
from gallery.records import Bool, UInt8

BRIGHTER_THAN = 127
"""Grey value that a pixel of a mask picture must exceed to be object."""


def region_of(entry: ImageEntry, size: tuple[int, int], folder: Path, where: str) -> UInt8 | None:
    """Return what an entry marks as the object in its photograph.

    Args:
        entry: Its ``boxes`` and ``mask`` count.
        size: (H, W) of the photograph, pixels.
        folder: The manifest's folder.
        where: What messages call the photograph.

    Returns:
        (H, W) uint8, 255 on the object and 0 elsewhere; None if the entry marks nothing.

    Raises:
        SourceError: If a box reaches beyond the photograph, or the mask picture cannot be read, has another
            size, or marks nothing or everything.
    """
    if not entry.boxes and not entry.mask:
        return None
    return _plane(_marked(_Marks("", entry.boxes or [], entry.mask or ""), size, folder, where))


def prompts_of(
    entry: ImageEntry, size: tuple[int, int], folder: Path, where: str
) -> tuple[UInt8 | None, UInt8 | None]:
    """Return the needed and the precluded region of an entry's picture, each as ``region_of`` would.

    Raises:
        SourceError: As ``region_of``, and if a region covers the whole picture, or they overlap.
    """
    found: dict[str, Bool] = {}
    for key, given in (("needed", entry.needed), ("precluded", entry.precluded)):
        if given is not None:
            marks = _Marks(f"{key}.", given.boxes or [], given.mask or "")
            found[key] = _marked(marks, size, folder, where)
            if found[key].all():
                reason = f"{key} covers the whole picture, {size[1]} x {size[0]} px."
                raise SourceError(where, reason, "Mark a part of it, so that something is left to compare.")
    needed, precluded = found.get("needed"), found.get("precluded")
    if needed is not None and precluded is not None and (both := needed & precluded).any():
        down, across = np.argwhere(both)[0].tolist()
        reason = f"needed and precluded share {both.sum()} pixels, the first at column {across}, row {down}."
        raise SourceError(where, reason, "Let every pixel belong to one of them at most.")
    return _plane(needed), _plane(precluded)


@dataclass(frozen=True)
class _Marks:
    """Boxes and a mask that mark one region, and how their keys begin in the manifest."""

    prefix: str
    boxes: Sequence[Sequence[int]]
    mask: str


def _plane(marked: Bool | None) -> UInt8 | None:
    return None if marked is None else np.where(marked, np.uint8(255), np.uint8(0))


def _marked(marks: _Marks, size: tuple[int, int], folder: Path, where: str) -> Bool:
    """Return (H, W) bool, true on what is marked."""
    marked = np.zeros(size, dtype=bool)
    _fill_boxes(marked, marks, where)
    if marks.mask:
        marked |= _read_mask(marks, size, folder, where)
    return marked


def _fill_boxes(marked: Bool, marks: _Marks, where: str) -> None:
    height, width = marked.shape
    for index, box in enumerate(marks.boxes):
        left, top, right, bottom = box
        if right > width or bottom > height:
            name = f"{marks.prefix}boxes[{index}]"
            reason = f"{name} = {list(box)} reaches beyond the picture, {width} x {height} px."
            fix = "Write [left, top, right, bottom] in pixels of the picture as it is shown, turned upright."
            raise SourceError(where, reason, fix)
        marked[top:bottom, left:right] = True


def _read_mask(marks: _Marks, size: tuple[int, int], folder: Path, where: str) -> Bool:
    """Return (H, W) bool, true where the mask picture marks."""
    name = f"{marks.prefix}mask = {marks.mask!r}"
    pixels = _mask_pixels(marks.mask, name, folder, where)
    if pixels.shape[:2] != size:
        sizes = f"{pixels.shape[1]} x {pixels.shape[0]} px, the picture {size[1]} x {size[0]} px"
        fix = "Draw the mask on a copy of the picture as it is shown, turned upright, without resizing it."
        raise SourceError(where, f"{name} has {sizes}.", fix)
    marked: Bool = np.asarray(Image.fromarray(pixels).convert("L")) > BRIGHTER_THAN
    if marked.all() or not marked.any():
        what = "every pixel" if marked.any() else "no pixel"
        painted = "region" if marks.prefix else "object"
        fix = f"Paint the {painted} white on an opaque black ground; transparent parts count as white."
        raise SourceError(where, f"{name} marks {what}.", fix)
    return marked


def _mask_pixels(mask: str, name: str, folder: Path, where: str) -> UInt8:
    """Return the mask picture, (H, W, 3) uint8."""
    try:
        found = [] if split_source(mask)[0] == COMPOSITE else list_source(mask, folder)
        if len(found) == 1 and isinstance(found[0], Item) and not found[0].member:
            return found[0].read().pixels
    except SourceError as error:
        raise SourceError(where, f"{name}: {error.reason}", error.fix) from error
    fix = 'Name one file: mask = "file:masks/cup.png".'
    raise SourceError(where, f"{name} is not one picture.", fix)
