"""Average drop: exact values on a linear scorer."""

import pytest
import torch
from torch import Tensor

from gallery.measure._base import Measured, unit_range
from gallery.measure.average_drop import average_drop
from tests import toy
from tests.measure.conftest import MeasuredOf


def test_drop_is_relative_to_the_whole_image(measured: MeasuredOf, weights: Tensor) -> None:
    # Scaled onto [0, 1] the map keeps 0.4, 0.1, 0.2, 0.3 times 1, 0.25, 0.5, 0.75: 0.75 of 1.
    assert average_drop(measured(weights)).value == pytest.approx(0.25)
    assert average_drop(measured(weights, p_full=0.9)).value == pytest.approx(0.15 / 0.9)
    assert average_drop(measured(weights)).forwards == 1


def test_scale_and_offset_of_the_map_do_not_matter(measured: MeasuredOf, weights: Tensor) -> None:
    assert average_drop(measured(3 * weights - 7)).value == pytest.approx(0.25, abs=1e-6)


def test_a_rise_is_no_drop(measured: MeasuredOf, weights: Tensor) -> None:
    assert average_drop(measured(weights, p_full=0.5)).value == 0.0


def test_a_constant_map_keeps_nothing(measured: MeasuredOf) -> None:
    assert average_drop(measured(torch.full((4, 3), 7.0))).value == 1.0


def test_nothing_to_lose_is_no_drop(measured: MeasuredOf, weights: Tensor) -> None:
    assert average_drop(measured(weights, p_full=0.0)).value == 0.0


def test_removed_parts_are_the_mean_colour(measured: MeasuredOf, weights: Tensor) -> None:
    subject = measured(weights)
    average_drop(subject)
    assert isinstance(subject.scorer, toy.LinearScorer)
    assert [b is not None and not b.any() for b in subject.scorer.baselines] == [True]


def test_a_network_sees_the_image_times_the_map() -> None:
    classifier, image = toy.toy(toy.TwoConv(), (12, 16)), toy.image_of((12, 16))
    scorer = toy.scorer_of(classifier, image, 3)
    values = torch.rand(12, 16, generator=torch.Generator().manual_seed(2))
    dimmed = float(scorer._engine.probabilities(image * unit_range(values), exact=True)[0, 3])
    assert average_drop(Measured(values, 0.9, scorer, 1)).value == pytest.approx(
        (0.9 - dimmed) / 0.9, abs=1e-6
    )


def test_unit_range() -> None:
    assert unit_range(torch.tensor([[-2.0, 0.0, 2.0]])).tolist() == [[0.0, 0.5, 1.0]]
    assert unit_range(torch.tensor([[4.0, 4.0]])).tolist() == [[0.0, 0.0]]
