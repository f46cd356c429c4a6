"""Deletion and insertion curves: the order of a map's cells, masks step by step, substrates and areas.

Both protocols live here. They differ in what is ordered (pixels, or the map's own cells), in the step, in
what replaces removed content and in the rule for the area.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor
from torchvision.transforms.functional import gaussian_blur

from gallery.measure._base import Measured, Score
from gallery.perturbation import blur_kernel
from gallery.tensors import upsample

BLUR_KERNEL, BLUR_SIGMA = 11, 5.0
"""Substrate of RISE's insertion curve, pixels."""

CHUNK = 64
"""Masks in memory at once: a multiple of every fixed float32 batch, so that no pass is padded in between."""

N_STEPS = 50
"""Steps of the I-GOS protocol, about."""

NO_ORDER = "the map is constant, so its pixels have no order"


@dataclass(frozen=True)
class Removal:
    """One of the two curves of a map.

    Attributes:
        order: (h, w), what is ordered: the map at input size or at its own resolution.
        step: Cells of ``order`` changed per step.
        baseline: (1, 3, H, W) float32, what stands where the image does not.
        restore: True for insertion (the salient cells show the image), False for deletion (all others do).
    """

    order: Tensor
    step: int
    baseline: Tensor
    restore: bool

    @property
    def limits(self) -> Tensor:
        """How many cells are changed at every point of the curve: 0, step, ..., all of them."""
        cells = self.order.numel()
        return torch.arange(0, cells + self.step, self.step).clamp(max=cells)


def is_constant(subject: Measured) -> bool:
    """Return whether a map has no order, at input size or at its own resolution.

    Both are looked at, because upsampling a constant map may round it.
    """
    planes = [subject.values] if subject.native is None else [subject.values, subject.native]
    return any(bool(plane.min() == plane.max()) for plane in planes)


def salient_order(values: Tensor) -> Tensor:
    """Return cell indices (n,) by descending value; equal values in reading order."""
    return torch.argsort(values.reshape(-1), descending=True, stable=True)


def salient_rank(values: Tensor) -> Tensor:
    """Return the place of every cell in ``salient_order``, 0 first, as int64 of the shape of ``values``."""
    order = salient_order(values)
    rank = torch.empty_like(order)
    rank[order] = torch.arange(order.numel(), device=order.device)
    return rank.reshape(values.shape)


def first_cells(rank: Tensor, limits: Tensor) -> Tensor:
    """Return (n, h, w) float32 masks: 1 on as many of the first cells as each of ``limits`` says."""
    return (rank[None] < limits.to(rank.device)[:, None, None]).float()


def answers(subject: Measured, removal: Removal) -> Tensor:
    """Return the target's probability at every point of a curve, (n,) float32, ``CHUNK`` masks at a time."""
    size = (subject.values.shape[-2], subject.values.shape[-1])
    rank, parts = salient_rank(removal.order), []
    for limits in torch.split(removal.limits, CHUNK):
        masks = first_cells(rank, limits)
        keep = upsample(masks if removal.restore else 1 - masks, size)
        parts.append(subject.scorer.score_soft(keep, exact=True, baseline=removal.baseline))
    return torch.cat(parts)


def rise_curve(subject: Measured, baseline: Tensor, *, restore: bool) -> Score:
    """Return a curve in the protocol of RISE and the area under it; see ``deletion`` and ``insertion``."""
    if is_constant(subject):
        return Score(None, forwards=0, note=NO_ORDER)
    removal = Removal(subject.values, subject.step_px, baseline, restore)
    y = answers(subject, removal)
    return Score(area(y), forwards=len(y), x=_shares(removal), y=y)


def igos_curve(subject: Measured, *, restore: bool) -> Score:
    """Return a curve in the protocol of I-GOS; see ``igos_deletion`` and ``igos_insertion``."""
    if is_constant(subject):
        return Score(None, forwards=0, note=NO_ORDER)
    order = subject.values if subject.native is None else subject.native
    image = subject.scorer.image
    removal = Removal(order, max(1, order.numel() // N_STEPS), blurred_strongly(image), restore)
    y = answers(subject, removal)
    return Score(right_area(y, removal.limits), forwards=len(y), x=_shares(removal), y=y)


def _shares(removal: Removal) -> Tensor:
    return removal.limits.float() / removal.order.numel()


def area(y: Tensor) -> float:
    """Return the area under equally spaced points on [0, 1] by the trapezoid rule."""
    y = y.double()
    return float((y.sum() - (y[0] + y[-1]) / 2) / (len(y) - 1))


def right_area(y: Tensor, limits: Tensor) -> float:
    """Return the area by the right Riemann sum: every step counts with its end value and its own width.

    Args:
        y: (n,) probabilities.
        limits: (n,) cells changed at each of them, from 0 to all.
    """
    widths = limits.diff().double()
    return float((y[1:].double() * widths).sum() / widths.sum())


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


def blurred_strongly(image: Tensor) -> Tensor:
    """Return the blur baseline of I-GOS, the same as ``gallery.perturbation`` makes of it.

    Args:
        image: (1, 3, H, W) float32, normalised. Blurred on the CPU, the same for every device.
    """
    kernel, sigma = blur_kernel(min(image.shape[-2:]))
    baseline: Tensor = gaussian_blur(image.cpu(), [kernel, kernel], [sigma, sigma])
    return baseline.to(image.device)
