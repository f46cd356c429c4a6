"""Noisy linear imputation: the equation itself, exact cases, and a dense twin."""

import numpy as np
import pytest
import torch
from torch import Tensor

from gallery.errors import ShapeError
from gallery.measure._imputation import NEIGHBOURS, impute
from tests import toy

SIZE = (9, 12)


def removed(seed: int, share: float) -> Tensor:
    return torch.rand(SIZE, generator=torch.Generator().manual_seed(seed)) < share


def dense(image: Tensor, missing: Tensor) -> Tensor:
    """Return the imputed image from one dense system over all pixels, known ones included."""
    height, width = missing.shape
    matrix, right = np.zeros((height * width,) * 2), np.zeros((height * width, 3))
    for row in range(height):
        for col in range(width):
            i = row * width + col
            if not missing[row, col]:
                matrix[i, i], right[i] = 1, image[0, :, row, col].double().numpy()
                continue
            for down in (-1, 0, 1):
                for across in (-1, 0, 1):
                    r, c = row + down, col + across
                    if (down or across) and 0 <= r < height and 0 <= c < width:
                        weight = 1 / 12 if down and across else 1 / 6
                        matrix[i, i] += weight
                        matrix[i, r * width + c] -= weight
    solved = np.linalg.solve(matrix, right).T.reshape(1, 3, height, width)
    return torch.from_numpy(solved).float()


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_equals_a_dense_system_over_all_pixels(share: float) -> None:
    image, missing = toy.image_of(SIZE), removed(1, share)
    filled = impute(image, missing, torch.zeros_like(image))
    torch.testing.assert_close(filled, dense(image, missing), atol=1e-5, rtol=1e-5)
    assert torch.equal(filled[0, :, ~missing], image[0, :, ~missing])


def test_weights_sum_to_one() -> None:
    assert len(NEIGHBOURS) == 8
    assert sum(NEIGHBOURS.values()) == pytest.approx(1)


def test_a_single_pixel_becomes_the_mean_of_its_neighbours() -> None:
    image = torch.arange(27.0).reshape(1, 3, 3, 3).square()
    missing = torch.zeros(3, 3, dtype=torch.bool)
    missing[1, 1] = True
    kernel = torch.tensor([[1 / 12, 1 / 6, 1 / 12], [1 / 6, 0, 1 / 6], [1 / 12, 1 / 6, 1 / 12]])
    filled = impute(image, missing, torch.zeros_like(image))
    torch.testing.assert_close(filled[0, :, 1, 1], (image[0] * kernel).sum(dim=(1, 2)))


def test_one_pixel_that_stays_colours_the_whole_image() -> None:
    image, missing = toy.image_of(SIZE), torch.ones(SIZE, dtype=torch.bool)
    missing[4, 7] = False
    filled = impute(image, missing, torch.zeros_like(image))
    torch.testing.assert_close(filled, image[:, :, 4:5, 7:8].expand_as(image), atol=1e-5, rtol=1e-5)


def test_noise_is_added_to_what_is_filled_in_only() -> None:
    image, missing = toy.image_of(SIZE), removed(2, 0.4)
    noise = torch.full_like(image, 0.25)
    difference = impute(image, missing, noise) - impute(image, missing, torch.zeros_like(image))
    torch.testing.assert_close(difference, 0.25 * missing.expand_as(image).float(), atol=1e-6, rtol=0)


def test_nothing_removed_is_the_image_and_the_image_is_left_alone() -> None:
    image = toy.image_of(SIZE)
    before = image.clone()
    filled = impute(image, torch.zeros(SIZE, dtype=torch.bool), torch.ones_like(image))
    assert torch.equal(filled, before)
    impute(image, removed(3, 0.5), torch.ones_like(image))
    assert torch.equal(image, before)


def test_something_must_stay() -> None:
    with pytest.raises(ShapeError, match="at least one pixel must stay"):
        impute(toy.image_of(SIZE), torch.ones(SIZE, dtype=torch.bool), torch.zeros(1, 3, *SIZE))
