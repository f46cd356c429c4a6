"""Pointing game: where the highest point is, how far a miss may be, and ties."""

import math

import pytest
import torch
from torch import Tensor

from gallery.errors import ConfigError
from gallery.measure._base import Measured
from gallery.measure.pointing_game import pointing_game
from tests import toy

SIZE = (100, 200)


def subject(values: Tensor, region: Tensor | None) -> Measured:
    size = (values.shape[0], values.shape[1])
    return Measured(values, 1.0, toy.LinearScorer(torch.zeros(1, 3, *size), values), 1, region=region)


def peak(*places: tuple[int, int]) -> Tensor:
    values = torch.zeros(SIZE)
    for place in places:
        values[place] = 1
    return values


def box() -> Tensor:
    region = torch.zeros(SIZE)
    region[40:60, 50:80] = 1
    return region


@pytest.mark.parametrize(
    ("place", "hit"),
    [
        ((40, 50), 1.0),
        ((59, 79), 1.0),
        ((34, 60), 1.0),  # 6 px above the box; 3 % of 200 px are 6
        ((33, 60), 0.0),
        ((63, 83), 1.0),  # 4 and 4 px from its corner: 5.7
        ((64, 84), 0.0),
        ((0, 0), 0.0),
    ],
)
def test_a_hit_lies_within_the_tolerance(place: tuple[int, int], hit: float) -> None:
    score = pointing_game(subject(peak(place), box()))
    assert (score.value, score.forwards) == (hit, 0)


def test_without_tolerance_the_point_must_lie_on_the_object() -> None:
    assert pointing_game(subject(peak((40, 50)), box()), tolerance=0.0).value == 1.0
    assert pointing_game(subject(peak((39, 50)), box()), tolerance=0.0).value == 0.0


def test_equals_trying_every_pixel_of_the_object() -> None:
    generator = torch.Generator().manual_seed(0)
    answers = []
    for _ in range(30):
        values, region = torch.rand(12, 17, generator=generator), torch.rand(12, 17, generator=generator)
        region = (region > 0.97).float()
        region[0, 0] = 1
        row, col = divmod(int(values.argmax()), 17)
        nearest = min(math.hypot(r - row, c - col) for r, c in region.nonzero().tolist())
        answers.append(float(nearest <= 0.2 * 17))
        assert pointing_game(subject(values, region), tolerance=0.2).value == answers[-1]
    assert 0 < sum(answers) < 30


def test_several_highest_points_share_the_hit() -> None:
    score = pointing_game(subject(peak((45, 60), (0, 0), (0, 199), (99, 0)), box()))
    assert score.value == 0.25


def test_an_object_of_less_than_half_a_pixel_has_a_place() -> None:
    region = torch.zeros(SIZE)
    region[10, 10], region[10, 30] = 0.3, 0.1
    assert pointing_game(subject(peak((10, 10)), region), tolerance=0.0).value == 1.0
    assert pointing_game(subject(peak((10, 30)), region), tolerance=0.0).value == 0.0


def test_half_a_pixel_is_object() -> None:
    region = torch.zeros(SIZE)
    region[10, 10], region[10, 30], region[10, 50] = 1.0, 0.5, 0.49
    assert [pointing_game(subject(peak((10, col)), region), tolerance=0.0).value for col in (10, 30, 50)] == [
        1.0,
        1.0,
        0.0,
    ]


def test_maps_and_images_that_cannot_play() -> None:
    assert pointing_game(subject(peak((1, 1)), None)).note == "the image has no marked object"
    assert "outside" in pointing_game(subject(peak((1, 1)), torch.zeros(SIZE))).note
    assert pointing_game(subject(torch.ones(SIZE), box())).note.startswith("the map is constant")


@pytest.mark.parametrize("tolerance", [-0.1, 1.5])
def test_the_tolerance_is_a_share(tolerance: float) -> None:
    with pytest.raises(
        ConfigError, match=r"measures\.options\.pointing_game\.tolerance: must lie in \[0, 1\]"
    ):
        pointing_game(subject(peak((1, 1)), box()), tolerance=tolerance)
