"""Whether reported orders hold."""

import numpy as np
import pytest

from gallery.survey.bootstrap import paired_difference
from gallery.survey.comparison import FEWEST, Values
from gallery.survey.orderings import check_order
from gallery.survey.paired import Better
from gallery.survey.published import Claim

CLAIM = Claim("new", "old", ("m",), "table", "at 7")


def images_of(first: "list[float | None]", second: "list[float | None]") -> list[Values]:
    return [{"new": {"m": a}, "old": {"m": b}} for a, b in zip(first, second, strict=True)]


@pytest.mark.parametrize(
    ("shift", "better", "verdict"),
    [
        (1.0, "higher", "holds"),
        (1.0, "lower", "reversed"),
        (-1.0, "higher", "reversed"),
        (-1.0, "lower", "holds"),
        (0.0, "higher", "no evidence"),
        (0.0, "lower", "no evidence"),
    ],
)
def test_the_interval_of_the_paired_difference_decides(shift: float, better: Better, verdict: str) -> None:
    rng = np.random.default_rng(0)
    # Images differ far more than methods: only pairs can tell.
    base, difference = 50 * rng.random(25), rng.normal(0, 0.5, 25)
    difference += shift - difference.mean()
    found = check_order(images_of([*(base + difference)], [*base]), CLAIM, "m", better)
    assert found.verdict == verdict
    expected = paired_difference(base + difference, base)
    assert found.difference.value == pytest.approx(expected.value)
    assert found.difference.low == pytest.approx(expected.low)
    assert found.difference.excludes(0) == (verdict != "no evidence")


def test_only_images_with_both_count() -> None:
    found = check_order(images_of([1.0, None, 2.0], [0.0, 1.0, None]), CLAIM, "m", "higher")
    assert found.difference.n == 1
    assert found.verdict == "too few images"
    assert check_order([], CLAIM, "m", "higher").difference.value is None


def test_the_same_difference_everywhere_is_clear_and_none_is_not() -> None:
    values: list[float | None] = [float(i) for i in range(FEWEST)]
    above = [float(i) + 1 for i in range(FEWEST)]
    assert check_order(images_of([*above], values), CLAIM, "m", "higher").verdict == "holds"
    assert check_order(images_of([*above], values), CLAIM, "m", "lower").verdict == "reversed"
    assert check_order(images_of(values, values), CLAIM, "m", "higher").verdict == "no evidence"


def test_differences_of_rounding_are_none() -> None:
    values = np.random.default_rng(1).random(30) + 0.1
    found = check_order(images_of([*values], [*(values * (1 + 1e-7))]), CLAIM, "m", "lower")
    assert found.verdict == "no evidence"
    assert found.difference.value == 0
