"""The shapes of superpixels, for pages that draw patch sets; those of a grid follow from its size."""

import json

from gallery.render.figures.partition import Partition
from gallery.render.figures.svg import loops_data


def patch_shapes(patches: Partition) -> bytes:
    """Return the superpixels of an image as JSON: ``{"size": [W, H], "shapes": [[path, x, y], ...]}``.

    Paths are SVG path data in pixels of the classifier's input, corners without the steps of single pixels;
    (x, y) is a point well inside. For a grid, the text is ``{}``.
    """
    if patches.segments is None:
        return b"{}"
    height, width = patches.segments.shape
    box = (0.0, 0.0, float(width), float(height))
    shapes = []
    for cell in range(patches.mask_model.n_cells):
        x, y = patches.middle(cell, box)
        shapes.append([loops_data(patches.contour(1 << cell, box)), round(x, 1), round(y, 1)])
    return json.dumps({"size": [width, height], "shapes": shapes}, separators=(",", ":")).encode()
