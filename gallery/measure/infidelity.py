r"""How far the map is from predicting what removing a square of the image does to the probability.

$$\min_{\beta \ge 0}\; \frac{1}{n} \sum_{k=1}^{n} \Big( \beta \sum_{i \in S_k} h_i - d_k \Big)^2,
\qquad d_k = p(x) - p(x_{\setminus S_k})$$

$S_k$ are squares at random places, as wide as a quarter of the shorter side and wholly inside the image, and
$x_{\setminus S}$ is the image with $S$ set to the mean colour (zero after normalisation). $h$ is the raw map
and $p$ the target's softmax probability. **Lower is better.** In the terms of the paper, the input that is
explained is the mask of kept pixels: its perturbation $I$ is 1 on the square and 0 elsewhere, and $I^T \Phi$
is the sum of the map over the square. Maps have no common unit, so each is scaled by the $\beta$ that fits
best.

**Pitfalls.** The value is in squares of probability, so an image whose probability hardly moves scores well
with any map: compare methods on the same images only. An additive view is built in: where two parts can
replace each other, no map predicts both removals. The size of the squares decides which detail counts. And a
grey square is something the classifier never saw.

**Differs from the paper's code and from captum.** Their best scale may be negative, which forgives a map that
points the wrong way; ours may not, so that such a map scores like a map of zeros. For $\beta > 0$ the values
are the same.
"""

import torch
from torch import Tensor

from gallery.errors import ConfigError
from gallery.measure._base import MEASURES, Measured, Score
from gallery.tensors import generator

CHUNK = 64
"""Masks in memory at once."""


@MEASURES.register(
    "infidelity",
    title="Infidelity",
    reference="Yeh et al., On the (In)fidelity and Sensitivity of Explanations, NeurIPS 2019, "
    "arXiv:1901.09392, definition 2.1",
    unit="squared probability",
    better="lower",
    is_seeded=True,
    is_default=False,
)
def infidelity(subject: Measured, *, n_squares: int = 100, side: float = 0.25) -> Score:
    """Return the mean squared error of one map, in [0, 1].

    Args:
        subject: The map and the classifier's answers.
        n_squares: Squares removed, one at a time, >= 1.
        side: Width of a square as a share of the shorter side, in (0, 1]; at least one pixel.

    Raises:
        ConfigError: If an option is out of range.

    Cost:
        ``n_squares`` float32 forward passes.
    """
    if n_squares < 1:
        raise ConfigError(f"measures.options.infidelity.n_squares: must be 1 or more, got {n_squares}.")
    if not 0 < side <= 1:
        raise ConfigError(f"measures.options.infidelity.side: must lie in (0, 1], got {side}.")
    height, width = subject.values.shape
    side_px = max(1, round(side * min(height, width)))
    corners = square_corners((height, width), side_px, n_squares, subject.seed)
    baseline = torch.zeros_like(subject.scorer.image)
    p, sums = [], []
    for part in torch.split(corners, CHUNK):
        removed = squares(part, side_px, (height, width))
        p.append(subject.scorer.score_soft(1 - removed, exact=True, baseline=baseline).cpu())
        sums.append((removed.double() * subject.values.double().cpu()).sum(dim=(1, 2)))
    drops = subject.p_full - torch.cat(p).double()
    return Score(best_error(torch.cat(sums), drops), forwards=n_squares)


def square_corners(size: tuple[int, int], side_px: int, n: int, seed: int) -> Tensor:
    """Return the first row and column (n, 2) int64 of squares at random places inside (H, W) = ``size``."""
    draw = generator(seed)
    rows = torch.randint(size[0] - side_px + 1, (n,), generator=draw)
    cols = torch.randint(size[1] - side_px + 1, (n,), generator=draw)
    return torch.stack([rows, cols], dim=1)


def squares(corners: Tensor, side_px: int, size: tuple[int, int]) -> Tensor:
    """Return (n, H, W) float32 masks, 1 inside the squares."""
    inside = []
    for axis in range(2):
        offset = torch.arange(size[axis])[None] - corners[:, axis, None]
        inside.append((offset >= 0) & (offset < side_px))
    return (inside[0][:, :, None] & inside[1][:, None, :]).float()


def best_error(sums: Tensor, drops: Tensor) -> float:
    """Return the mean squared error of ``beta * sums`` against ``drops`` for the best beta >= 0; float64."""
    power = float(sums.square().sum())
    beta = max(0.0, float((sums * drops).sum()) / power) if power > 0 else 0.0
    return float((beta * sums - drops).square().mean())
