"""Pixels shared out among the cells of a grid, exactly by area."""

import numpy as np
from numpy.typing import NDArray

Float64 = NDArray[np.float64]


def overlaps(n_cells: int, n_pixels: int) -> Float64:
    """Return how much of each pixel lies in each cell of one axis, (n_cells, n_pixels)."""
    edges = np.arange(n_cells + 1) * n_pixels / n_cells
    pixels = np.arange(n_pixels)
    begin = np.maximum(edges[:-1, None], pixels)
    end = np.minimum(edges[1:, None], pixels + 1)
    return np.asarray(np.maximum(end - begin, 0.0), dtype=np.float64)


def area_means(values: NDArray[np.floating], n_rows: int, n_cols: int) -> Float64:
    """Return the mean of a map over every cell of a grid.

    Args:
        values: (H, W).
        n_rows: Cells from top to bottom.
        n_cols: Cells from left to right.

    Returns:
        (n_rows, n_cols) in the unit of ``values``.
    """
    height, width = values.shape
    sums = overlaps(n_rows, height) @ values.astype(np.float64) @ overlaps(n_cols, width).T
    means: Float64 = sums * (n_rows * n_cols / (height * width))
    return means
