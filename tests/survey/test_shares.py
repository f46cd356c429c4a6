"""Wilson's interval against printed values and against its definition."""

from math import sqrt
from statistics import NormalDist

import pytest

from gallery.errors import ConfigError
from gallery.survey.shares import wilson


@pytest.mark.parametrize(
    ("n_true", "n", "low", "high"),
    # Newcombe, Statistics in Medicine 17, 1998, table I, method 3.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_printed_values(n_true: int, n: int, low: float, high: float) -> None:
    found = wilson(n_true, n)
    assert found.value == n_true / n
    assert found.low == pytest.approx(low, abs=5e-5)
    assert found.high == pytest.approx(high, abs=5e-5)


def test_the_limits_are_the_shares_that_a_score_test_just_keeps() -> None:
    found = wilson(7, 9, 0.9)
    z = NormalDist().inv_cdf(0.95)
    assert found.low is not None
    assert found.high is not None
    for limit in (found.low, found.high):
        assert abs(7 / 9 - limit) / sqrt(limit * (1 - limit) / 9) == pytest.approx(z)


def test_no_images_have_no_share() -> None:
    assert wilson(0, 0).value is None


@pytest.mark.parametrize(("n_true", "n", "confidence"), [(3, 2, 0.95), (-1, 2, 0.95), (1, 2, 1.0)])
def test_impossible_shares_are_refused(n_true: int, n: int, confidence: float) -> None:
    with pytest.raises(ConfigError):
        wilson(n_true, n, confidence)
