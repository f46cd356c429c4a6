"""Smooth masks point by point in float64, their gradient, and the pyramid of blurs."""

import math

import pytest
import torch
from torch import Tensor

from gallery.explain.heatmaps._smooth_masks import SmoothMasks, blur_pyramid, perturb
from tests import toy

CPU = torch.device("cpu")


def twin(parameters: Tensor, size: tuple[int, int], step: int, sigma: float) -> Tensor:
    """Return the mask pixel by pixel from the formula, float64."""
    rows, cols = parameters.shape
    radius = 1 + math.ceil(sigma / step)
    top, left = (rows * step - size[0]) // 2, (cols * step - size[1]) // 2
    mask = torch.zeros(size, dtype=torch.float64)
    for y in range(size[0]):
        for x in range(size[1]):
            row, col = (y + top) // step, (x + left) // step
            heights = []
            for i in range(row - radius, row + radius + 1):
                for j in range(col - radius, col + radius + 1):
                    centre = (i * step + (step - 1) / 2 - top, j * step + (step - 1) / 2 - left)
                    z = math.dist((y, x), centre) / sigma
                    inside = 0 <= i < rows and 0 <= j < cols
                    parameter = float(parameters[i, j]) if inside else 0.0
                    heights.append(math.exp(-2 * max(z - 0.5, 0) ** 2) * parameter)
            powers = [math.exp(20 * a) for a in heights]
            mask[y, x] = sum(a * p for a, p in zip(heights, powers, strict=True)) / sum(powers)
    return mask


@pytest.mark.parametrize(
    ("size", "step", "sigma"), [((14, 21), 7, 6.0), ((11, 9), 3, 4.5), ((5, 6), 1, 1.9), ((9, 8), 4, 9.0)]
)
def test_mask_agrees_with_the_formula(size: tuple[int, int], step: int, sigma: float) -> None:
    masks = SmoothMasks(size, step, sigma, CPU)
    parameters = torch.rand(masks.cells, generator=torch.Generator().manual_seed(1))
    assert masks.cells == (math.ceil(size[0] / step), math.ceil(size[1] / step))
    mask = masks(parameters)
    assert mask.dtype == torch.float32
    assert torch.allclose(mask.double(), twin(parameters, size, step, sigma), atol=1e-6)


def test_gradient_agrees_with_finite_differences() -> None:
    masks = SmoothMasks((7, 8), 3, 4.0, CPU, torch.float64)
    parameters = torch.rand(masks.cells, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    assert torch.autograd.gradcheck(masks, parameters.requires_grad_())


def test_one_point_makes_a_bump_and_all_make_a_nearly_full_mask() -> None:
    masks = SmoothMasks((35, 35), 7, 10.5, CPU)
    one = torch.zeros(masks.cells)
    one[2, 2] = 1
    mask = masks(one)
    assert float(mask[17, 17]) > 0.99
    assert float(mask[17, 21]) == pytest.approx(float(mask[17, 17]), abs=1e-3), "flat to half of sigma"
    assert float(mask[17, 17]) > float(mask[17, 26]) > float(mask[17, 31])
    assert torch.allclose(mask, mask.flip(0), atol=1e-6)
    assert torch.allclose(mask, mask.T, atol=1e-6)
    full = masks(torch.ones(masks.cells))
    assert 0.95 < float(full.min()) <= float(full.max()) <= 1
    assert not masks(torch.zeros(masks.cells)).any()


def test_pyramid_falls_from_the_strongest_blur_to_the_image() -> None:
    image = toy.image_of((24, 20))[0] + torch.randn(3, 24, 20, generator=torch.Generator().manual_seed(3))
    pyramid = blur_pyramid(image, 8, 2.0)
    roughness = [float((level[:, 1:] - level[:, :-1]).square().mean()) for level in pyramid]
    assert torch.equal(pyramid[-1], image)
    assert roughness == sorted(roughness)
    constant = blur_pyramid(torch.full((3, 9, 7), 1.5), 3, 20.0)
    assert torch.allclose(constant, torch.full((3, 3, 9, 7), 1.5), atol=1e-5)


def test_a_blurred_point_is_the_gaussian() -> None:
    image = torch.zeros(3, 41, 41)
    image[:, 20, 20] = 1
    blurred = blur_pyramid(image, 2, 3.0)[0, 0]
    weights = torch.tensor([math.exp(-((i - 20) ** 2) / 18) for i in range(41)], dtype=torch.float64)
    weights[:8] = weights[33:] = 0  # cut off at 4 sigma
    weights = weights / weights.sum()
    assert torch.allclose(blurred.double(), weights[:, None] * weights[None], atol=1e-7)


def test_perturbation_mixes_the_two_levels_next_to_the_mask_value() -> None:
    pyramid = torch.arange(4.0).square().reshape(4, 1, 1, 1).expand(4, 3, 2, 3)
    keep = torch.tensor([[0.0, 1.0, 0.5], [1 / 3, 0.9, 0.1]], requires_grad=True)
    mixed = perturb(pyramid, keep)
    # Levels 0, 1, 4, 9 at 0, 1/3, 2/3, 1.
    assert torch.allclose(mixed[0].detach(), torch.tensor([[0.0, 9.0, 2.5], [1.0, 7.5, 0.3]]), atol=1e-5)
    (slope,) = torch.autograd.grad(mixed.sum(), keep)
    assert torch.allclose(slope[0, 2], torch.tensor(3 * 3 * 3.0)), "three channels, three steps of 1/3"
    assert bool((slope > 0).all())
