"""Percentage: only a strict rise of probability counts, share by share."""

import pytest
import torch
from torch import Tensor

from gallery.measure._base import Measured
from gallery.measure.percentage import SHARES, percentage
from tests import toy
from tests.measure.conftest import MeasuredOf


def test_each_share_is_judged_by_itself(measured: MeasuredOf, weights: Tensor) -> None:
    # Of 12 pixels 1, 1, 2, 3 and 6 are kept, worth 0.4, 0.4, 0.7, 0.9 and 1.
    score = percentage(measured(weights, p_full=0.5))
    assert score.x is not None
    assert score.y is not None
    assert score.x.tolist() == pytest.approx([0, 0.05, 0.1, 0.2, 0.25, 0.5, 1])
    assert score.y.tolist() == [0, 0, 0, 1, 1, 1, 0]
    assert score.value == pytest.approx(3 / 5)
    assert score.forwards == 6


@pytest.mark.parametrize(
    ("p_full", "expected"), [(0.0, 1.0), (0.39, 1.0), (0.41, 0.6), (0.95, 0.2), (1.0, 0.0)]
)
def test_the_perfect_map(p_full: float, expected: float, measured: MeasuredOf, weights: Tensor) -> None:
    assert percentage(measured(weights, p_full=p_full)).value == pytest.approx(expected)


def test_the_worst_map_gains_nothing(measured: MeasuredOf, weights: Tensor) -> None:
    # Kept: pixels worth nothing, and at a half none of the four that count.
    assert percentage(measured(-weights, p_full=0.05)).value == 0.0


def test_an_empty_image_may_gain_too(measured: MeasuredOf, weights: Tensor) -> None:
    score = percentage(measured(-weights, p_full=0.2, constant=0.3))
    assert score.y is not None
    assert score.y.tolist() == [1, 1, 1, 1, 1, 1, 0]


def test_the_mean_colour_stands_for_the_rest() -> None:
    classifier, image = toy.toy(toy.TwoConv(), (20, 20)), toy.image_of((20, 20))
    scorer = toy.scorer_of(classifier, image, 3)
    values = torch.rand(20, 20, generator=torch.Generator().manual_seed(0))
    order = values.flatten().argsort(descending=True)
    p = []
    for share in SHARES:
        keep = torch.zeros(400)
        keep[order[: int(400 * share)]] = 1
        masked = image * keep.reshape(20, 20)
        p.append(float(scorer._engine.probabilities(masked, exact=True)[0, 3]))
    for p_full in (min(p) + 1e-4, max(p) - 1e-4):
        expected = sum(q > p_full for q in p) / 5
        assert percentage(Measured(values, p_full, scorer, 1)).value == pytest.approx(expected)


def test_a_constant_map_has_no_order(measured: MeasuredOf) -> None:
    assert percentage(measured(torch.ones(4, 3))).note == "the map is constant, so its pixels have no order"
