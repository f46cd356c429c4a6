"""Deletion: exact areas on a linear scorer, and the bounds no map can pass."""

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor

from gallery.measure._base import Measured
from gallery.measure.deletion import deletion
from tests import toy
from tests.measure.conftest import MeasuredOf

BEST = (0.5 + 0.6 + 0.3 + 0.1) / 12
"""Area when 0.4, 0.3, 0.2, 0.1 go first: 1, 0.6, 0.3, 0.1, 0, 0, ..."""


def test_the_perfect_order_has_the_smallest_area(measured: MeasuredOf, weights: Tensor) -> None:
    score = deletion(measured(weights))
    assert score.value == pytest.approx(BEST)
    assert score.y is not None
    assert score.y.tolist()[:5] == pytest.approx([1.0, 0.6, 0.3, 0.1, 0.0], abs=1e-6)
    assert score.forwards == 13


def test_the_reverse_order_has_the_largest(measured: MeasuredOf, weights: Tensor) -> None:
    assert deletion(measured(-weights)).value == pytest.approx(1 - BEST)


@given(st.permutations(range(12)))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
def test_every_other_order_lies_between(measured: MeasuredOf, order: list[int]) -> None:
    values = torch.tensor(order, dtype=torch.float32).reshape(4, 3)
    area = deletion(measured(values)).value
    assert area is not None
    assert BEST - 1e-6 <= area <= 1 - BEST + 1e-6


def test_a_constant_map_has_no_order(measured: MeasuredOf) -> None:
    score = deletion(measured(torch.full((4, 3), 5.0)))
    assert (score.value, score.forwards, score.x, score.y) == (None, 0, None, None)
    assert score.note == "the map is constant, so its pixels have no order"


def test_equal_values_go_in_reading_order(measured: MeasuredOf, weights: Tensor) -> None:
    values = torch.zeros(4, 3)
    values[3, 2] = -1.0  # worth nothing, and last in both orders
    lost = weights.flatten().cumsum(0)
    expected = (0.5 + float((1 - lost[:-1]).sum())) / 12
    assert deletion(measured(values)).value == pytest.approx(expected)


def test_steps_of_several_pixels(measured: MeasuredOf, weights: Tensor) -> None:
    score = deletion(measured(weights, step_px=5))
    assert score.x is not None
    assert score.x.tolist() == pytest.approx([0, 5 / 12, 10 / 12, 1])
    assert score.value == pytest.approx(0.5 / 3)  # all evidence goes in the first of three steps


def test_removed_pixels_are_the_mean_colour(measured: MeasuredOf, weights: Tensor) -> None:
    subject = measured(weights)
    deletion(subject)
    assert isinstance(subject.scorer, toy.LinearScorer)
    assert [b is not None and not b.any() for b in subject.scorer.baselines] == [True]


def test_a_network_starts_at_the_whole_image_and_ends_at_the_mean_colour() -> None:
    classifier, image = toy.toy(toy.TwoConv(), (12, 16)), toy.image_of((12, 16))
    scorer = toy.scorer_of(classifier, image, 3)
    score = deletion(Measured(image[0, 0].contiguous(), 1.0, scorer, 50))
    whole, mean = (
        scorer._engine.probabilities(x, exact=True)[0, 3] for x in (image, torch.zeros_like(image))
    )
    assert score.y is not None
    assert score.y[[0, -1]].tolist() == pytest.approx([float(whole), float(mean)], abs=1e-7)
