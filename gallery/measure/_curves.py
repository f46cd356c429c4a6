"""Deletion and insertion curves in the protocol of RISE."""

import math

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from gallery.measure._base import Measured, Score

BLUR_KERNEL, BLUR_SIGMA = 11, 5.0
"""Substrate of the insertion curve, pixels."""


def salient_order(values: Tensor) -> Tensor:
    """Return pixel indices (H * W,) by descending value; equal values in reading order."""
    return torch.argsort(values.reshape(-1), descending=True, stable=True)


def steps_of(values: Tensor, step_px: int) -> Tensor:
    """Return (n + 1, H, W) float32 masks: 1 on the first 0, 1, ..., n steps of the salient pixels.

    n = ceil(H * W / step_px); the last step may be shorter.
    """
    order = salient_order(values)
    n_steps = math.ceil(order.numel() / step_px)
    rank = torch.empty_like(order)
    rank[order] = torch.arange(order.numel())
    limits = torch.arange(n_steps + 1).reshape(-1, 1) * step_px
    return (rank[None] < limits).float().reshape(n_steps + 1, *values.shape)


def blurred(image: Tensor) -> Tensor:
    """Return the insertion curve's start: Gaussian blur, 11 px, sigma 5 px, zeros beyond the border.

    The kernel is the official code's: it filters a single point on an 11 x 11 grid, which folds the tails
    beyond the grid (up to 4 sigma) back onto it. The result is nearly flat, 0.088 to 0.094 along each axis.

    Args:
        image: (1, 3, H, W) float32, normalised.
    """
    reach, half = round(4 * BLUR_SIGMA), BLUR_KERNEL // 2
    offsets = torch.arange(-reach, reach + 1, dtype=torch.float64)
    tails = torch.exp(-(offsets**2) / (2 * BLUR_SIGMA**2))
    # Reflection repeats a centred point every BLUR_KERNEL pixels, so folding is counting modulo BLUR_KERNEL.
    place = (offsets.long() + half) % BLUR_KERNEL
    line = torch.zeros(BLUR_KERNEL, dtype=torch.float64).index_add(0, place, tails / tails.sum())
    kernel = torch.outer(line, line).to(image).expand(3, 1, -1, -1)
    return F.conv2d(image, kernel, padding=BLUR_KERNEL // 2, groups=3)


def area(y: Tensor) -> float:
    """Return the area under equally spaced points on [0, 1] by the trapezoid rule."""
    y = y.double()
    return float((y.sum() - (y[0] + y[-1]) / 2) / (len(y) - 1))


def curve(subject: Measured, keep: Tensor, baseline: Tensor) -> Score:
    """Return the probabilities along ``keep`` (n, H, W) over ``baseline`` and the area under them."""
    y = subject.scorer.score_soft(keep, exact=True, baseline=baseline)
    x = (torch.arange(len(y)) * subject.step_px / subject.values.numel()).clamp(max=1)
    return Score(area(y), forwards=len(y), x=x.float(), y=y)
