"""Geometry of patch sets: cell rectangles, the outline of a set, and soft keep weights."""

import numpy as np
from numpy.typing import NDArray

from gallery.errors import RenderError
from gallery.records import Float32, MaskModel, cells_of

Rect = tuple[float, float, float, float]
Point = tuple[float, float]


def require_mask(mask: int, mask_model: MaskModel) -> None:
    """Check that ``mask`` only has bits of the grid.

    Raises:
        RenderError: If it has others.
    """
    if mask < 0 or mask > mask_model.full:
        raise RenderError(f"Patch set {mask:#x} does not fit a {mask_model.rows} x {mask_model.cols} grid.")


def keep_weights(mask: int, mask_model: MaskModel, size: tuple[int, int]) -> Float32:
    """Return how much of each pixel is kept: the (R, S) grid of bits upsampled as the classifier saw it.

    Args:
        mask: Kept patches.
        mask_model: Grid and interpolation.
        size: (H, W) of the result.

    Returns:
        (H, W) float32 in [0, 1].

    Raises:
        RenderError: If ``mask`` does not fit the grid.
    """
    require_mask(mask, mask_model)
    bits = [mask >> cell & 1 for cell in range(mask_model.n_cells)]
    grid = np.array(bits, dtype=np.float64).reshape(mask_model.rows, mask_model.cols)
    down = _interpolation(mask_model.rows, size[0], mask_model)
    across = _interpolation(mask_model.cols, size[1], mask_model)
    weights: Float32 = (down @ grid @ across.T).astype(np.float32)
    return weights


def _interpolation(n_cells: int, n_pixels: int, mask_model: MaskModel) -> NDArray[np.float64]:
    """Return the (n_pixels, n_cells) matrix that upsamples one axis as torch's ``interpolate``."""
    pixels = np.arange(n_pixels)
    if mask_model.interpolation == "nearest":
        return np.eye(n_cells)[np.floor(pixels * n_cells / n_pixels).astype(np.int64)]
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


def cell_edges(n_cells: int, length: int) -> list[int]:
    """Return the n_cells + 1 pixel positions at which cells of one axis begin and end."""
    return [round(i * length / n_cells) for i in range(n_cells + 1)]


def cell_rect(cell: int, mask_model: MaskModel, box: Rect) -> Rect:
    """Return the (x, y, width, height) of a cell of the grid laid over ``box``."""
    x, y, width, height = box
    row, col = divmod(cell, mask_model.cols)
    step_x, step_y = width / mask_model.cols, height / mask_model.rows
    return (x + col * step_x, y + row * step_y, step_x, step_y)


def outline(mask: int, mask_model: MaskModel, box: Rect) -> tuple[tuple[Point, ...], ...]:
    """Return the border of the kept region as closed loops of corner points, the grid laid over ``box``.

    Loops run clockwise around kept cells and anticlockwise around holes, so that filling or clipping with
    them, by either winding rule, keeps exactly the region.

    Raises:
        RenderError: If ``mask`` does not fit the grid.
    """
    require_mask(mask, mask_model)
    after = _border_steps(mask, mask_model)
    x, y, width, height = box
    loops = []
    while after:
        start = min(after)
        loop = [start]
        corner = after[start].pop()
        while corner != start:
            loop.append(corner)
            corner = after[corner].pop()
        for visited in loop:
            if visited in after and not after[visited]:
                del after[visited]
        loops.append(
            tuple(
                (x + col * width / mask_model.cols, y + row * height / mask_model.rows)
                for row, col in _turns(loop)
            )
        )
    return tuple(loops)


def _border_steps(mask: int, mask_model: MaskModel) -> dict[tuple[int, int], list[tuple[int, int]]]:
    """Return grid corner (row, col) on the border -> the corners after it, the region on the right."""
    kept = {divmod(cell, mask_model.cols) for cell in cells_of(mask)}
    after: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for row, col in sorted(kept):
        sides = (
            ((row - 1, col), (row, col), (row, col + 1)),
            ((row, col + 1), (row, col + 1), (row + 1, col + 1)),
            ((row + 1, col), (row + 1, col + 1), (row + 1, col)),
            ((row, col - 1), (row + 1, col), (row, col)),
        )
        for neighbour, begin, end in sides:
            if neighbour not in kept:
                after.setdefault(begin, []).append(end)
    return after


def _turns(loop: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the corners of a closed loop at which it changes direction."""
    turns = []
    for index, here in enumerate(loop):
        before, behind = loop[index - 1], loop[(index + 1) % len(loop)]
        if (before[0] == here[0]) != (here[0] == behind[0]):
            turns.append(here)
    return turns


def cell_name(cell: int, mask_model: MaskModel) -> str:
    """Return a patch as printed: ``(row, column)`` from 0 at the top left; its id is row * S + column."""
    row, col = divmod(cell, mask_model.cols)
    return f"({row}, {col})"
