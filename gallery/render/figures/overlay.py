"""A set of superpixels as a transparent picture over the photograph: lighter than its jagged outline."""

import io

import numpy as np
from PIL import Image

from gallery.render.figures.borders import shrunk
from gallery.render.figures.partition import Partition

_SCALE = 2
_LINE_PX = 2
_PALETTE = (0, 0, 0, 0, 0, 0, 0xFF, 0xE1, 0x4A)
"""Inside, outside, border: as the style sheet draws the sets of a grid."""
_ALPHA = bytes((0, 128, 255))


def superpixel_overlay(mask: int, patches: Partition) -> bytes:
    """Return a PNG that is clear within a set, half dark outside, with a border between.

    It has twice the size of the classifier's input.

    Args:
        mask: Superpixels of the set.
        patches: Of this image.

    Raises:
        RenderError: If ``mask`` does not fit the patches.
    """
    rows, cols = patches.lattice.shape
    height, width = rows * _SCALE, cols * _SCALE
    area = patches.area(mask, (height, width))
    colours = np.where(shrunk(area, _LINE_PX), 0, np.where(area, 2, 1)).astype(np.uint8)
    indexed = Image.frombytes("P", (width, height), colours.tobytes())
    indexed.putpalette(_PALETTE)
    file = io.BytesIO()
    indexed.save(file, "PNG", optimize=True, bits=2, transparency=_ALPHA)
    return file.getvalue()
