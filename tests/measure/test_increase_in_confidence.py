"""Increase in confidence: 1 only for a strict rise."""

import pytest
from torch import Tensor

from gallery.measure.increase_in_confidence import increase_in_confidence
from tests.measure.conftest import MeasuredOf


@pytest.mark.parametrize(("p_full", "expected"), [(0.74, 1.0), (0.76, 0.0), (0.0, 1.0), (1.0, 0.0)])
def test_one_where_the_dimmed_image_is_more_confident(
    p_full: float, expected: float, measured: MeasuredOf, weights: Tensor
) -> None:
    score = increase_in_confidence(measured(weights, p_full=p_full))  # the dimmed image has 0.75
    assert (score.value, score.forwards) == (expected, 1)


def test_equal_confidence_is_no_increase(measured: MeasuredOf, weights: Tensor) -> None:
    assert increase_in_confidence(measured(0 * weights, p_full=0.5, constant=0.5)).value == 0.0
