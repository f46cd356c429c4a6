"""The marked object of a photograph: boxes and a mask picture -> one plane of the photograph's size.

Pixels count from the upper left corner of the photograph after its orientation is applied. A box holds the
columns left to right - 1 and the rows top to bottom - 1. In a mask picture, pixels brighter than half are
object; its colours count by their luminance (ITU-R 601-2), and transparent parts as white. Where an entry has
boxes and a mask, the object is what either of them marks.
"""

from collections.abc import Sequence
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
    """Return what an entry marks in its photograph.

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
    marked = np.zeros(size, dtype=bool)
    _fill_boxes(marked, entry.boxes or [], where)
    if entry.mask:
        marked |= _read_mask(entry.mask, size, folder, where)
    return np.where(marked, np.uint8(255), np.uint8(0))


def _fill_boxes(marked: Bool, boxes: Sequence[Sequence[int]], where: str) -> None:
    height, width = marked.shape
    for index, box in enumerate(boxes):
        left, top, right, bottom = box
        if right > width or bottom > height:
            reason = f"boxes[{index}] = {list(box)} reaches beyond the picture, {width} x {height} px."
            fix = "Write [left, top, right, bottom] in pixels of the picture as it is shown, turned upright."
            raise SourceError(where, reason, fix)
        marked[top:bottom, left:right] = True


def _read_mask(mask: str, size: tuple[int, int], folder: Path, where: str) -> Bool:
    """Return (H, W) bool, true on the object."""
    pixels = _mask_pixels(mask, folder, where)
    if pixels.shape[:2] != size:
        sizes = f"{pixels.shape[1]} x {pixels.shape[0]} px, the picture {size[1]} x {size[0]} px"
        fix = "Draw the mask on a copy of the picture as it is shown, turned upright, without resizing it."
        raise SourceError(where, f"mask = {mask!r} has {sizes}.", fix)
    marked: Bool = np.asarray(Image.fromarray(pixels).convert("L")) > BRIGHTER_THAN
    if marked.all() or not marked.any():
        what = "every pixel" if marked.any() else "no pixel"
        fix = "Paint the object white on an opaque black ground; transparent parts count as white."
        raise SourceError(where, f"mask = {mask!r} marks {what}.", fix)
    return marked


def _mask_pixels(mask: str, folder: Path, where: str) -> UInt8:
    """Return the mask picture, (H, W, 3) uint8."""
    try:
        found = [] if split_source(mask)[0] == COMPOSITE else list_source(mask, folder)
        if len(found) == 1 and isinstance(found[0], Item) and not found[0].member:
            return found[0].read().pixels
    except SourceError as error:
        raise SourceError(where, f"mask = {mask!r}: {error.reason}", error.fix) from error
    fix = 'Name one file: mask = "file:masks/cup.png".'
    raise SourceError(where, f"mask = {mask!r} is not one picture.", fix)
