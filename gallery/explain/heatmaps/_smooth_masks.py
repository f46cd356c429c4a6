r"""Smooth masks from a lattice of parameters, and the blurs they choose between.

A mask is the smooth maximum of bumps, one around each point of a lattice, as high as that point's parameter:

$$m(u) = \operatorname{smax}_i \, k\big(|u - u_i| / \sigma\big) \, \bar m_i, \qquad
k(z) = e^{-2 \max(z - 1/2, 0)^2}, \qquad
\operatorname{smax}_i a_i = \frac{\sum_i a_i e^{T a_i}}{\sum_i e^{T a_i}}, \quad T = 20$$

over the points $i$ at most $R = 1 + \lceil \sigma / \text{step} \rceil$ rows and columns of the lattice away.
"""

import math
from collections.abc import Iterator
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

COLDNESS = 20.0


class SmoothMasks:
    """Makes masks of one size; calling it is differentiable.

    The lattice is regular, so a bump's height at a pixel hangs on the pixel's place in its lattice cell
    alone. Masks are therefore made with the places in a cell as the first dimension, one neighbouring point
    of the lattice at a time: what is in work stays small enough for a processor's cache.

    Attributes:
        cells: Points of the lattice, (rows, columns).
    """

    def __init__(
        self,
        size: tuple[int, int],
        step: int,
        sigma: float,
        device: torch.device,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        """Prepare.

        Args:
            size: (H, W) of the masks, pixels.
            step: Distance of the lattice's points, pixels, >= 1; the lattice is centred on the image.
            sigma: Width of a bump, pixels, > 0.
            device: Of parameters and masks.
            dtype: Of parameters and masks.
        """
        self.size, self.step = size, step
        self.cells = (math.ceil(size[0] / step), math.ceil(size[1] / step))
        self.radius = 1 + math.ceil(sigma / step)
        offsets = torch.arange(-self.radius, self.radius + 1, dtype=torch.float64) * step
        places = torch.arange(step, dtype=torch.float64) - (step - 1) / 2
        along = (places[None] - offsets[:, None]).square()  # (2R + 1, step)
        distance = (along[:, None, :, None] + along[None, :, None, :]).sqrt()
        kernel = (-2 * (distance / sigma - 0.5).clamp(min=0).square()).exp()
        self.kernel = kernel.reshape(*kernel.shape[:2], -1, 1).to(
            device, dtype
        )  # (2R + 1, 2R + 1, step^2, 1)

    def __call__(self, parameters: Tensor) -> Tensor:
        """Return the mask (H, W) of parameters (rows, columns) in [0, 1]."""
        flat: Tensor = _SmoothMaximum.apply(parameters, self)
        step, (rows, cols) = self.step, self.cells
        whole = flat.reshape(step, step, rows, cols).permute(2, 0, 3, 1).reshape(rows * step, cols * step)
        top, left = ((n * step - m) // 2 for n, m in zip(self.cells, self.size, strict=True))
        return whole[top : top + self.size[0], left : left + self.size[1]]

    def neighbours(self, parameters: Tensor) -> Iterator[tuple[Tensor, Tensor, Tensor, tuple[int, int]]]:
        """Yield a_i and e^(T (a_i - 1)), (step^2, cells), with kernel and place, for each neighbouring point.

        The two tensors are valid until the next is asked for.
        """
        rows, cols = self.cells
        padded = F.pad(parameters, (self.radius,) * 4)
        shape = (self.step**2, rows * cols)
        heights, powers = (torch.empty(shape, dtype=padded.dtype, device=padded.device) for _ in range(2))
        for i in range(2 * self.radius + 1):
            for j in range(2 * self.radius + 1):
                near = padded[i : i + rows, j : j + cols].reshape(1, -1)
                torch.mul(self.kernel[i, j], near, out=heights)
                torch.sub(heights, 1, out=powers).mul_(COLDNESS).exp_()
                yield heights, powers, self.kernel[i, j, :, 0], (i, j)


class _SmoothMaximum(torch.autograd.Function):
    """Parameters (rows, columns) -> masks (step^2, cells); remembers no neighbour, computes each twice."""

    @staticmethod
    def forward(ctx: Any, parameters: Tensor, masks: SmoothMasks) -> Tensor:  # noqa: ANN401
        total = weight = None
        for heights, powers, _, _ in masks.neighbours(parameters):
            if total is None or weight is None:
                total, weight = heights * powers, powers.clone()
            else:
                total.addcmul_(heights, powers)
                weight.add_(powers)
        if total is None or weight is None:
            raise RuntimeError("a lattice point is its own neighbour")
        result = total / weight
        ctx.save_for_backward(parameters, weight, result)
        ctx.masks = masks
        return result

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:  # noqa: ANN401
        parameters, weight, result = ctx.saved_tensors
        masks, radius = ctx.masks, ctx.masks.radius
        rows, cols = masks.cells
        share = gradients[0] / weight
        padded = F.pad(torch.zeros_like(parameters), (radius,) * 4)
        for heights, powers, kernel, (i, j) in masks.neighbours(parameters):
            # d smax / d a_i = e^(T a_i) / sum * (1 + T (a_i - smax))
            slope = heights.sub_(result).mul_(COLDNESS).add_(1).mul_(powers).mul_(share)
            padded[i : i + rows, j : j + cols] += (kernel @ slope).reshape(rows, cols)
        return padded[radius : radius + rows, radius : radius + cols], None


def blur_pyramid(image: Tensor, n_levels: int, strongest: float) -> Tensor:
    """Return blurred copies of an image, (L, 3, H, W), from the most blurred to the image itself.

    Args:
        image: (3, H, W) float32.
        n_levels: L >= 2.
        strongest: Standard deviation of the first level, pixels; the others are evenly spaced down to 0.
    """
    levels = [_blurred(image, strongest * (1 - i / (n_levels - 1))) for i in range(n_levels - 1)]
    return torch.stack([*levels, image])


def _blurred(image: Tensor, sigma: float) -> Tensor:
    """Return the image (3, H, W) under a Gaussian cut off at 4 sigma, borders reflected."""
    for dim in (1, 2):
        reach = min(math.ceil(4 * sigma), image.shape[dim] - 1)
        kernel = torch.arange(-reach, reach + 1, dtype=torch.float64).square().div(-2 * sigma**2).exp()
        kernel = (kernel / kernel.sum()).to(image.device, image.dtype)
        shape, around = ((-1, 1), (0, 0, reach, reach)) if dim == 1 else ((1, -1), (reach, reach, 0, 0))
        image = F.conv2d(F.pad(image[:, None], around, mode="reflect"), kernel.reshape(1, 1, *shape))[:, 0]
    return image


def perturb(pyramid: Tensor, keep: Tensor) -> Tensor:
    """Return the image (3, H, W) in which every pixel comes from the level its mask value says.

    Args:
        pyramid: (L, 3, H, W) of ``blur_pyramid``.
        keep: (H, W) in [0, 1]: 0 takes the most blurred level, 1 the image, values between two levels mix
            them linearly. Differentiable.
    """
    place = keep * (len(pyramid) - 1)
    lower = place.detach().floor().clamp(0, len(pyramid) - 2)
    index = lower.long().expand(1, *pyramid.shape[1:])
    low, high = pyramid.gather(0, index)[0], pyramid.gather(0, index + 1)[0]
    return low + (place - lower) * (high - low)
