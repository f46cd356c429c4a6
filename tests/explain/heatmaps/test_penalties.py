"""Penalties of optimised masks, and upsampling as matrix products."""

import math

import pytest
import torch

from gallery.explain.heatmaps._penalties import (
    Upsampling,
    bilateral_variation,
    edge_weights,
    removed_area,
    total_variation,
)
from gallery.tensors import upsample
from tests.explain.heatmaps.masked import random_masks, variation_twin

CPU = torch.device("cpu")


def test_known_values() -> None:
    mask = torch.tensor([[1.0, 0.5], [0.0, 0.5]])
    assert float(removed_area(mask)) == 0.5
    # Down: 1 and 0; right: 0.25 and 0.25.
    assert float(total_variation(mask)) == pytest.approx(0.5 + 0.25)


def test_total_variation_agrees_with_a_loop() -> None:
    mask = random_masks(1, 6)[0]
    assert float(total_variation(mask)) == pytest.approx(float(variation_twin(mask.double())), rel=1e-6)


def test_differences_across_edges_are_forgiven_alike_in_both_directions() -> None:
    image = torch.zeros(3, 6, 6)
    image[0, :, 3:] = 0.3  # one channel of three: the mean square is 0.03
    mask = random_masks(1, 6)[0]
    down, right = edge_weights(image, 0.1)
    assert torch.equal(down, torch.ones(5, 6))
    assert torch.equal(right[:, [0, 1, 3, 4]], torch.ones(6, 4))
    assert torch.allclose(right[:, 2], torch.full((6,), math.exp(-0.03 / 0.01)))
    turned = edge_weights(image.transpose(1, 2), 0.1)
    plain = bilateral_variation(mask, (down, right))
    assert float(bilateral_variation(mask.T, turned)) == pytest.approx(float(plain), rel=1e-6)
    assert float(plain) < float(total_variation(mask))


def test_on_a_constant_image_it_is_the_total_variation() -> None:
    mask = random_masks(1, 6)[0]
    weights = edge_weights(torch.full((3, 6, 6), 0.7), 0.1)
    assert torch.equal(bilateral_variation(mask, weights), total_variation(mask))


@pytest.mark.parametrize("size", [(24, 20), (6, 6), (13, 31)])
def test_upsampling_equals_that_of_all_heatmaps_and_its_transpose_carries_gradients(
    size: tuple[int, int],
) -> None:
    mask = random_masks(1, 6).requires_grad_()
    upsampling = Upsampling((6, 6), size, CPU)
    wanted = upsample(mask, size)[0]
    assert torch.allclose(upsampling(mask[0]), wanted, atol=1e-6)
    slope = torch.randn(size, generator=torch.Generator().manual_seed(1))
    (gradient,) = torch.autograd.grad(wanted, mask, slope)
    assert torch.allclose(upsampling.back(slope), gradient[0], atol=1e-5)
