"""Average ranks, Friedman's test and Nemenyi's critical difference."""

from importlib import import_module
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gallery.errors import ShapeError
from gallery.survey.ranks import (
    critical_difference,
    friedman,
    places,
    rank_methods,
    studentised_range,
)

Float64 = NDArray[np.float64]
stats: Any = import_module("scipy.stats")  # has no type stubs

DEMSAR = np.array(
    [
        [0.763, 0.768, 0.771, 0.798],
        [0.599, 0.591, 0.590, 0.569],
        [0.954, 0.971, 0.968, 0.967],
        [0.628, 0.661, 0.654, 0.657],
        [0.882, 0.888, 0.886, 0.898],
        [0.936, 0.931, 0.916, 0.931],
        [0.661, 0.668, 0.609, 0.685],
        [0.583, 0.583, 0.563, 0.625],
        [0.775, 0.838, 0.866, 0.875],
        [1.000, 1.000, 1.000, 1.000],
        [0.940, 0.962, 0.965, 0.962],
        [0.619, 0.666, 0.614, 0.669],
        [0.972, 0.981, 0.9751, 0.975],
        [0.957, 0.978, 0.946, 0.970],
    ]
)
"""Four classifiers on fourteen data sets: JMLR 7, 2006, table 6 (one tie as he ranks it)."""


def test_demsars_worked_example() -> None:
    found = rank_methods(DEMSAR, "higher")
    np.testing.assert_allclose(found.ranks, [3.143, 2.000, 2.893, 1.964], atol=5e-4)
    # He does not correct for ties (9.28, F = 3.69); the correction makes both a little larger.
    n, k = DEMSAR.shape
    ranks = np.array(found.ranks)
    plain = 12 * n / (k * (k + 1)) * ((ranks**2).sum() - k * (k + 1) ** 2 / 4)
    assert plain == pytest.approx(9.28, abs=0.01)
    assert found.chi_square > plain
    assert found.p < 0.05
    # Table 5(a): q is 2.569 for four classifiers, so CD = 2.569 sqrt(4 * 5 / (6 * 14)) = 1.25 at 0.05 and
    # 2.291 sqrt(...) = 1.12 at 0.10.
    assert found.critical == pytest.approx(1.25, abs=0.005)
    assert critical_difference(4, 14, 0.10) == pytest.approx(1.12, abs=0.005)
    # At 0.10 the first differs from the second and the fourth, and that is all.
    assert rank_methods(DEMSAR, "higher", alpha=0.10).groups == ((3, 1, 2), (2, 0))


@pytest.mark.parametrize("decimals", [9, 1, 0])
def test_friedmans_statistic_is_scipys_also_with_ties(decimals: int) -> None:
    rng = np.random.default_rng(decimals)
    values = np.round(rng.normal([0, 0.2, 0.2, 0.5, 1], 1, (17, 5)), decimals)
    expected = stats.friedmanchisquare(*values.T)
    found = rank_methods(values, "lower")
    assert found.chi_square == pytest.approx(float(expected.statistic), rel=1e-10)
    n, k = values.shape
    f = (n - 1) * expected.statistic / (n * (k - 1) - expected.statistic)
    assert found.p == pytest.approx(float(stats.f.sf(f, k - 1, (k - 1) * (n - 1))), rel=1e-8)


def test_places_are_scipys() -> None:
    values = np.random.default_rng(0).integers(0, 4, (20, 6)).astype(float)
    np.testing.assert_array_equal(places(values), stats.rankdata(values, axis=1))


@pytest.mark.parametrize("k", [2, 3, 4, 10, 25])
@pytest.mark.parametrize("alpha", [0.05, 0.10])
def test_the_studentised_range_is_scipys(k: int, alpha: float) -> None:
    expected = stats.studentized_range.ppf(1 - alpha, k, np.inf)
    assert studentised_range(k, alpha) == pytest.approx(float(expected), abs=2e-6)


def test_critical_values_are_those_of_demsars_table() -> None:
    table = {2: 1.960, 3: 2.343, 4: 2.569, 5: 2.728, 6: 2.850, 7: 2.949, 8: 3.031, 9: 3.102, 10: 3.164}
    for k, q in table.items():
        assert studentised_range(k) / np.sqrt(2) == pytest.approx(q, abs=1.1e-3)


def test_no_difference_at_all_is_one_group() -> None:
    found = rank_methods(np.ones((9, 3)), "higher")
    assert (found.chi_square, found.p) == (0.0, 1.0)
    assert found.ranks == (2.0, 2.0, 2.0)
    assert found.groups == ((0, 1, 2),)


def test_the_same_order_on_every_image_is_certain() -> None:
    found = rank_methods(np.arange(12.0)[:, None] + [0.0, 2.0, 1.0], "higher")
    assert found.ranks == (3.0, 1.0, 2.0)
    assert found.p == 0
    assert friedman(places(np.arange(5.0)[:, None] + [0.0, 1.0])) == (5.0, 0.0)


def slow_groups(ranks: tuple[float, ...], critical: float) -> set[frozenset[int]]:
    """Return the maximal sets of two or more methods of which no two are the critical difference apart."""
    alike = [
        frozenset(chosen)
        for size in range(2, len(ranks) + 1)
        for chosen in combinations(range(len(ranks)), size)
        if all(abs(ranks[i] - ranks[j]) < critical for i, j in combinations(chosen, 2))
    ]
    return {one for one in alike if not any(one < other for other in alike)}


@pytest.mark.parametrize("seed", range(6))
def test_groups_are_all_maximal_sets_of_methods_not_told_apart(seed: int) -> None:
    rng = np.random.default_rng(seed)
    found = rank_methods(rng.normal(0, 1, (30, 7)) + np.linspace(0, 2.4, 7), "higher")
    assert found.p < 0.05
    assert {frozenset(group) for group in found.groups} == slow_groups(found.ranks, found.critical)
    for group in found.groups:
        assert [found.ranks[i] for i in group] == sorted(found.ranks[i] for i in group)


def test_rounding_makes_no_ranks() -> None:
    one = np.random.default_rng(1).random(20)
    found = rank_methods(np.stack([one, one * (1 + 1e-7)], axis=1), "higher")
    assert found.ranks == (1.5, 1.5)
    assert found.p == 1


@pytest.mark.parametrize("values", [np.zeros((1, 3)), np.zeros((3, 1)), np.full((3, 3), np.inf), np.zeros(4)])
def test_ranks_need_a_finite_table(values: Float64) -> None:
    with pytest.raises(ShapeError, match="ranks need finite"):
        rank_methods(values, "higher")
