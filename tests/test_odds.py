"""Log-odds, also of what is certain."""

import math

import pytest

from gallery.odds import EDGE, log_odds


@pytest.mark.parametrize(("p", "expected"), [(0.5, 0.0), (0.9, math.log(9)), (0.1, -math.log(9))])
def test_log_odds(p: float, expected: float) -> None:
    assert log_odds(p) == pytest.approx(expected)


def test_certainty_stays_finite_and_symmetric() -> None:
    assert log_odds(0.0) == log_odds(EDGE / 2) == pytest.approx(math.log(1e-7 / (1 - 1e-7)))
    assert log_odds(1.0) == pytest.approx(-log_odds(0.0))
