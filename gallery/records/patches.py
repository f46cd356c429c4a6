"""Patch sets as bit masks, and how a patch set becomes a picture."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from gallery.records.arrays import Int16

Minimality = Literal["1-minimal", "subset-minimal", "smallest"]


def cells_of(mask: int) -> list[int]:
    """Return the patch ids (row * S + col) kept in ``mask``, ascending."""
    return [i for i in range(mask.bit_length()) if mask >> i & 1]


def mask_of(cells: Iterable[int]) -> int:
    """Return the bit mask that keeps ``cells``."""
    mask = 0
    for cell in cells:
        mask |= 1 << cell
    return mask


@dataclass(frozen=True)
class MaskModel:
    """How a patch set becomes a picture: x = image * m + baseline * (1 - m), after normalisation.

    For a grid, m is the (R, S) grid of kept bits, upsampled to (H, W); for superpixels, m is 1 in the kept
    segments and 0 elsewhere.

    Where patches are removed by dropping tokens, a vision transformer sees the image as it is and runs on the
    tokens of the kept patches only. The formula then holds for soft masks (and, where nothing is left to
    pool, for the empty set).

    Attributes:
        rows: R; unused for superpixels.
        cols: S; unused for superpixels.
        interpolation: "bilinear" or "nearest"; unused for superpixels.
        align_corners: For "bilinear": False = half-pixel centres (all cells carry equal mass).
        baseline: "blur", "black" or "mean".
        partition: "grid", or "slic" for superpixels that follow the colours of the image.
        n_segments: For superpixels: in the settings the number asked for, in an image's results the number
            it has.
        compactness: For superpixels: how much nearness counts against colour (SLIC).
        removal: "baseline", or "drop_tokens" for vision transformers.
    """

    rows: int = 7
    cols: int = 7
    interpolation: Literal["bilinear", "nearest"] = "bilinear"
    align_corners: bool = False
    baseline: Literal["blur", "black", "mean"] = "blur"
    partition: Literal["grid", "slic"] = "grid"
    n_segments: int = 49
    compactness: float = 20.0
    removal: Literal["baseline", "drop_tokens"] = "baseline"

    @property
    def n_cells(self) -> int:
        """Number of patches: R * S, or the number of superpixels."""
        return self.rows * self.cols if self.partition == "grid" else self.n_segments

    @property
    def full(self) -> int:
        """The mask that keeps every patch."""
        return (1 << self.n_cells) - 1

    def of(self, segments: Int16 | None) -> "MaskModel":
        """Return the mask model of one image, with the number of superpixels it really has."""
        return self if segments is None else replace(self, n_segments=int(segments.max()) + 1)
