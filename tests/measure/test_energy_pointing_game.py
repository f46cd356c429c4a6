"""Energy-based pointing game: the positive share inside the marked object."""

import pytest
import torch
from torch import Tensor

from gallery.measure.energy_pointing_game import energy_pointing_game
from tests.measure.conftest import MeasuredOf


@pytest.fixture
def region() -> Tensor:
    """Return two pixels, and half of a third."""
    return torch.tensor([[0.0, 1.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.5, 0.0], [0.0, 0.0, 0.0]])


def test_share_of_the_energy(measured: MeasuredOf, region: Tensor) -> None:
    values = torch.tensor([[1.0, 2.0, 0.0], [0.0, 3.0, -9.0], [0.0, 2.0, 0.0], [0.0, -1.0, 0.0]])
    score = energy_pointing_game(measured(values, region=region))
    assert score.value == pytest.approx((2 + 3 + 1) / 8)
    assert score.forwards == 0


def test_perfect_and_worst_maps_bound_the_others(measured: MeasuredOf, region: Tensor) -> None:
    perfect = energy_pointing_game(measured((region == 1).float(), region=region)).value
    worst = energy_pointing_game(measured((region == 0).float(), region=region)).value
    assert (perfect, worst) == (1.0, 0.0)
    generator = torch.Generator().manual_seed(0)
    for _ in range(20):
        value = energy_pointing_game(measured(torch.randn(4, 3, generator=generator), region=region)).value
        assert value is not None
        assert 0 <= value <= 1


def test_the_object_itself_as_a_map_loses_its_border(measured: MeasuredOf, region: Tensor) -> None:
    assert energy_pointing_game(measured(region, region=region)).value == pytest.approx(2.25 / 2.5)


def test_an_object_must_be_marked_and_in_sight(measured: MeasuredOf, weights: Tensor) -> None:
    assert energy_pointing_game(measured(weights)).note == "the image has no marked object"
    score = energy_pointing_game(measured(weights, region=torch.zeros(4, 3)))
    assert (score.value, score.note) == (None, "the marked object lies outside what the classifier sees")
