"""Patches in words, and the axes of a patch grid; see ``partition`` for what both kinds of patches share."""

import numpy as np
from numpy.typing import NDArray

from gallery.records import MaskModel, cells_of

Rect = tuple[float, float, float, float]
Point = tuple[float, float]


def cell_name(cell: int, mask_model: MaskModel) -> str:
    """Return a patch as printed: ``(row, column)`` from 0 at the top left, or ``segment 7``."""
    if mask_model.partition != "grid":
        return f"segment {cell}"
    row, col = divmod(cell, mask_model.cols)
    return f"({row}, {col})"


def cell_list(mask: int, mask_model: MaskModel) -> str:
    """Return the patches of a set as printed: ``(2, 3), (2, 4)``, or ``segments 3, 7``; "" if it is empty."""
    cells = cells_of(mask)
    if mask_model.partition == "grid" or len(cells) < 2:
        return ", ".join(cell_name(cell, mask_model) for cell in cells)
    return f"segments {', '.join(map(str, cells))}"


def patch_name(cell: int, mask_model: MaskModel) -> str:
    """Return a patch with what it is: ``patch (2, 3)``, or ``segment 7``."""
    name = cell_name(cell, mask_model)
    return f"patch {name}" if mask_model.partition == "grid" else name


def patch_list(mask: int, mask_model: MaskModel) -> str:
    """Return the patches of a set with what they are: ``patches (2, 3), (2, 4)``, or ``segments 3, 7``."""
    names = cell_list(mask, mask_model)
    if mask_model.partition == "grid":
        return f"patches {names or 'none'}"
    return names or "no segments"


def cell_edges(n_cells: int, length: int) -> list[int]:
    """Return the n_cells + 1 pixel positions at which cells of one axis begin and end."""
    return [round(i * length / n_cells) for i in range(n_cells + 1)]


def upsampling(n_cells: int, n_pixels: int, mask_model: MaskModel) -> NDArray[np.float64]:
    """Return the (n_pixels, n_cells) matrix that upsamples one axis of a grid as the classifier saw it.

    "nearest" takes the cell that holds the pixel's centre, as torch's "nearest-exact" does; of two that share
    it the later one, where torch's rounding decides.
    """
    pixels = np.arange(n_pixels)
    if mask_model.interpolation == "nearest":
        return np.eye(n_cells)[(2 * pixels + 1) * n_cells // (2 * n_pixels)]
    if mask_model.align_corners:
        at = pixels * (n_cells - 1) / max(n_pixels - 1, 1)
    else:
        at = np.maximum((pixels + 0.5) * n_cells / n_pixels - 0.5, 0.0)
    below = np.minimum(np.floor(at).astype(np.int64), n_cells - 1)
    above = np.minimum(below + 1, n_cells - 1)
    share = (at - below)[:, None]
    eye = np.eye(n_cells)
    matrix: NDArray[np.float64] = eye[below] * (1 - share) + eye[above] * share
    return matrix
