r"""Average many random masks, each weighted by the target's probability when only it is kept.

$$S = \frac{1}{N p} \sum_{i=1}^{N} f(x \odot m_i) \, m_i$$

The masks $m_i$ are random `cells` x `cells` grids (each cell kept with probability $p$), upsampled
bilinearly and shifted by a random fraction of a cell. Removed parts take the mean colour (zero after
normalisation), as in the official code. RISE needs no access to the network's inside.

Masks are made and scored in a stream, one batch at a time. A third party can repeat the draw: from one CPU
generator with the printed seed come first `torch.rand(n_masks, cells, cells) < p_keep`, then the row shifts
`torch.randint(0, ceil(H / cells), (n_masks,))`, then the column shifts likewise.

Differs from the paper: scores may be taken in bfloat16 where that is faster (the "how this was built" page
says so); the average over thousands of masks hides the rounding.
"""

import math

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from gallery.errors import ConfigError
from gallery.explain.heatmaps._base import HEATMAPS, RawMap, Subject
from gallery.tensors import generator

CHUNK = 256
"""Masks upsampled at a time: about 100 MB at 224 px."""


@HEATMAPS.register(
    "rise",
    title="RISE",
    reference="Petsiuk et al., RISE, BMVC 2018, arXiv:1806.07421, section 3",
    is_seeded=True,
)
def rise(subject: Subject, *, n_masks: int = 4000, cells: int = 7, p_keep: float = 0.5) -> RawMap:
    """Return the RISE map.

    Args:
        subject: What to explain.
        n_masks: N >= 1; the paper uses 4,000 to 8,000, and the error falls with the square root.
        cells: Cells per side of the random grids, >= 1.
        p_keep: Probability that a cell is kept, in (0, 1).

    Returns:
        (H, W) float32, in units of probability, >= 0.

    Raises:
        ConfigError: If an option is out of range.

    Cost:
        ``n_masks`` forward passes, no backward pass; memory for ``CHUNK`` masks.
    """
    if n_masks < 1 or cells < 1 or not 0 < p_keep < 1:
        raise ConfigError("methods.rise: needs n_masks >= 1, cells >= 1 and 0 < p_keep < 1.")
    height, width = subject.size
    cell = (math.ceil(height / cells), math.ceil(width / cells))
    draw = generator(subject.seed)
    grids = (torch.rand(n_masks, cells, cells, generator=draw) < p_keep).float()
    shifts = torch.stack([torch.randint(0, side, (n_masks,), generator=draw) for side in cell], dim=1)
    total = torch.zeros(height * width, dtype=torch.float64)
    zeros = torch.zeros_like(subject.image)
    for start in range(0, n_masks, CHUNK):
        stop = start + CHUNK
        masks = shifted_masks(grids[start:stop], shifts[start:stop], cell, (height, width))
        scores = subject.scorer.score_soft(masks, exact=False, baseline=zeros)
        total += (scores @ masks.reshape(len(masks), -1)).double()
    native = (total / (n_masks * p_keep)).reshape(height, width).float()
    return RawMap(native, forwards=n_masks, seeded=True)


def shifted_masks(grids: Tensor, shifts: Tensor, cell: tuple[int, int], size: tuple[int, int]) -> Tensor:
    """Return (B, H, W) masks: grids upsampled to one cell more than the image, cropped at their shift.

    Args:
        grids: (B, s, s) float32 of zeros and ones.
        shifts: (B, 2) int64, rows and columns, pixels, 0 <= shift < cell.
        cell: Height and width of a cell, pixels.
        size: (H, W).
    """
    s = grids.shape[-1]
    big = F.interpolate(
        grids[:, None], size=((s + 1) * cell[0], (s + 1) * cell[1]), mode="bilinear", align_corners=False
    )[:, 0]
    rows, cols = shifts[:, 0].tolist(), shifts[:, 1].tolist()
    return torch.stack([m[r : r + size[0], c : c + size[1]] for m, r, c in zip(big, rows, cols, strict=True)])
