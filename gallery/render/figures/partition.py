"""An image divided into patches, as it is drawn: a grid, or superpixels.

The two differ in the lattice whose points carry the numbers of patches: R x S for a grid, with one point per
patch, and H x W for superpixels, with one point per pixel of the classifier's input. Laid over a picture of
any size, that lattice gives the pixels of a patch, the border of a set of patches and everything else.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from gallery.errors import RenderError
from gallery.records import Bool, Float32, ImageResult, Int16, MaskModel
from gallery.render.figures.borders import Corner, grown, innermost, loops_around, shrunk, simplified
from gallery.render.figures.patches import Point, Rect, cell_edges, upsampling

Loops = tuple[tuple[Point, ...], ...]

# How far the contour of a superpixel may lie beside the edges of its pixels: just enough to turn staircases
# into slopes.
_SLACK_PX = 1.0
# Frames of single cells of a grid lie this far inside, so that those of neighbours do not touch.
_INSET_PT = 0.6


@dataclass(frozen=True, eq=False)
class Partition:
    """The patches of one image.

    Attributes:
        mask_model: A grid, or superpixels with the number this image has.
        segments: (H, W) int16, the superpixel of every pixel of the classifier's input; None for a grid.

    Raises:
        RenderError: If superpixels are missing, not wanted, or not as many as ``mask_model`` says.
    """

    mask_model: MaskModel
    segments: Int16 | None = None

    def __post_init__(self) -> None:
        if self.mask_model.partition == "grid":
            if self.segments is not None:
                raise RenderError("Patches are the cells of a grid, but superpixels are given as well.")
            return
        if self.segments is None or self.segments.ndim != 2 or not self.segments.size:
            raise RenderError("Patches are superpixels, but no (H, W) map of them is given.")
        numbers = np.unique(self.segments)
        if not np.array_equal(numbers, np.arange(self.mask_model.n_cells)):
            raise RenderError(
                f"The map of superpixels must hold every number from 0 to {self.mask_model.n_cells - 1}, "
                f"got {len(numbers)} from {numbers[0]} to {numbers[-1]}."
            )

    @classmethod
    def of(cls, result: ImageResult) -> "Partition":
        """Return the patches of an image's results."""
        return cls(result.mask_model, result.inputs.segments)

    @cached_property
    def lattice(self) -> NDArray[np.integer]:
        """Patch numbers: (R, S) for a grid, (H, W) for superpixels."""
        if self.segments is not None:
            return self.segments
        return np.arange(self.mask_model.n_cells).reshape(self.mask_model.rows, self.mask_model.cols)

    def require(self, mask: int) -> None:
        """Check that ``mask`` only has bits of these patches.

        Raises:
            RenderError: If it has others.
        """
        if 0 <= mask <= self.mask_model.full:
            return
        model = self.mask_model
        is_grid = model.partition == "grid"
        patches = f"a {model.rows} x {model.cols} grid" if is_grid else f"{model.n_cells} superpixels"
        raise RenderError(f"Patch set {mask:#x} does not fit {patches}.")

    def labels(self, size: tuple[int, int]) -> NDArray[np.integer]:
        """Return the patch that each pixel of a picture of ``size`` (H, W) is drawn in."""
        rows, cols = (
            np.diff(cell_edges(n, pixels)) for n, pixels in zip(self.lattice.shape, size, strict=True)
        )
        return self.lattice.repeat(rows, axis=0).repeat(cols, axis=1)

    def area(self, mask: int, size: tuple[int, int]) -> Bool:
        """Return which pixels of a picture of ``size`` (H, W) are drawn in patches of ``mask``.

        Raises:
            RenderError: If ``mask`` does not fit.
        """
        area: Bool = self._bits(mask)[self.labels(size)]
        return area

    def keep_weights(self, mask: int, size: tuple[int, int]) -> Float32:
        """Return how much of each pixel is kept, as the classifier saw it.

        Args:
            mask: Kept patches.
            size: (H, W) of the result.

        Returns:
            (H, W) float32 in [0, 1]; soft between the cells of a bilinear grid.

        Raises:
            RenderError: If ``mask`` does not fit.
        """
        if self.segments is not None:
            return self.area(mask, size).astype(np.float32)
        grid = self._bits(mask)[self.lattice].astype(np.float64)
        down = upsampling(grid.shape[0], size[0], self.mask_model)
        across = upsampling(grid.shape[1], size[1], self.mask_model)
        weights: Float32 = (down @ grid @ across.T).astype(np.float32)
        return weights

    def rim(self, area: Bool, line: int) -> Bool:
        """Return the pixels of a line along the border of an area.

        Inside it for a grid, and outside for superpixels, which may be so thin that nothing would be left.
        """
        return area & ~shrunk(area, line) if self.segments is None else grown(area, line) & ~area

    def outline(self, mask: int, box: Rect) -> Loops:
        """Return the border of a set as closed loops of corner points, the picture filling ``box``.

        See ``borders.loops_around``; superpixels are followed along the edges of their pixels.

        Raises:
            RenderError: If ``mask`` does not fit.
        """
        return self._placed(loops_around(self._bits(mask)[self.lattice]), box)

    def contour(self, mask: int, box: Rect) -> Loops:
        """Return ``outline`` for a small drawing, without the steps of a pixel along superpixels.

        It has about a quarter of the corners; no other is more than one pixel of the input away from it.

        Raises:
            RenderError: If ``mask`` does not fit.
        """
        loops = loops_around(self._bits(mask)[self.lattice])
        if self.segments is not None:
            loops = tuple(simplified(loop, _SLACK_PX) for loop in loops)
        return self._placed(loops, box)

    def frame(self, cell: int, box: Rect) -> Loops:
        """Return loops that mark one patch: a superpixel's contour, or a cell's border, a little inside."""
        if self.segments is not None:
            return self.contour(1 << cell, box)
        x, y, width, height = self._cell(cell, box)
        left, top, right, bottom = x + _INSET_PT, y + _INSET_PT, x + width - _INSET_PT, y + height - _INSET_PT
        return (((left, top), (right, top), (right, bottom), (left, bottom)),)

    def middle(self, cell: int, box: Rect) -> Point:
        """Return a point well inside a patch, for what is written on it."""
        if self.segments is None:
            x, y, width, height = self._cell(cell, box)
            return (x + width / 2, y + height / 2)
        row, col = innermost(self.segments == cell)
        rows, cols = self.segments.shape
        return (box[0] + (col + 0.5) * box[2] / cols, box[1] + (row + 0.5) * box[3] / rows)

    def side(self, box: Rect) -> float:
        """Return the side of a square that a typical patch has room for."""
        _, _, width, height = box
        if self.segments is None:
            return min(width / self.mask_model.cols, height / self.mask_model.rows)
        return float((width * height / self.mask_model.n_cells) ** 0.5)

    def _placed(self, loops: tuple[tuple[Corner, ...], ...], box: Rect) -> Loops:
        """Return loops on the lattice as points in ``box``."""
        x, y, width, height = box
        rows, cols = self.lattice.shape
        return tuple(
            tuple((x + col * width / cols, y + row * height / rows) for row, col in loop) for loop in loops
        )

    def _bits(self, mask: int) -> Bool:
        """Return for each patch whether it is in a set."""
        self.require(mask)
        return np.array([mask >> cell & 1 for cell in range(self.mask_model.n_cells)], dtype=np.bool_)

    def _cell(self, cell: int, box: Rect) -> Rect:
        """Return the rectangle of a cell of a grid."""
        x, y, width, height = box
        row, col = divmod(cell, self.mask_model.cols)
        step_x, step_y = width / self.mask_model.cols, height / self.mask_model.rows
        return (x + col * step_x, y + row * step_y, step_x, step_y)
