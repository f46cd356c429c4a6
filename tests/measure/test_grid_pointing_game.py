"""Grid pointing game: the positive share inside the target's quarter."""

import pytest
import torch
from torch import Tensor

from gallery.measure.grid_pointing_game import grid_pointing_game
from tests.measure.conftest import MeasuredOf


@pytest.fixture
def quadrant() -> Tensor:
    """Return the upper two rows, left column and half of the middle one."""
    return torch.tensor([[1.0, 0.5, 0.0], [1.0, 0.5, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]])


def test_borders_count_by_their_share_and_negative_values_not_at_all(
    measured: MeasuredOf, quadrant: Tensor
) -> None:
    values = torch.tensor([[2.0, 1.0, -5.0], [-3.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]])
    score = grid_pointing_game(measured(values, quadrant=quadrant))
    assert score.value == pytest.approx((2 + 0.5) / 4)
    assert score.forwards == 0


def test_perfect_worst_and_indifferent_maps(measured: MeasuredOf, quadrant: Tensor) -> None:
    inside, outside = (quadrant == 1).float(), (quadrant == 0).float()
    assert grid_pointing_game(measured(inside, quadrant=quadrant)).value == 1.0
    assert grid_pointing_game(measured(outside, quadrant=quadrant)).value == 0.0
    assert grid_pointing_game(measured(torch.full((4, 3), 7.0), quadrant=quadrant)).value == pytest.approx(
        float(quadrant.mean())
    )


def test_a_map_without_positive_values_finds_nothing(measured: MeasuredOf, quadrant: Tensor) -> None:
    assert grid_pointing_game(measured(-torch.rand(4, 3), quadrant=quadrant)).value == 0.0


def test_scale_does_not_matter(measured: MeasuredOf, quadrant: Tensor) -> None:
    values = torch.randn(4, 3, generator=torch.Generator().manual_seed(0))
    first, second = (
        grid_pointing_game(measured(scale * values, quadrant=quadrant)).value for scale in (1, 1e-6)
    )
    assert first == pytest.approx(second)


def test_only_composites_that_show_the_target_are_measured(measured: MeasuredOf, weights: Tensor) -> None:
    score = grid_pointing_game(measured(weights, region=torch.ones(4, 3)))
    assert (score.value, score.note) == (None, "no quarter of the image is known to show the target")
