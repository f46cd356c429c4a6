"""Measures of explanation networks, on numbers whose answers are known."""

from itertools import permutations

import numpy as np
import pytest

from gallery.explain.concepts.quality import (
    correlations,
    half_mass_share,
    matched_correlations,
    overlap,
    r_squared,
    root_mean_square,
    share_reconstructed,
    stability,
)

DRAW = np.random.default_rng(0)


def test_r_squared_is_one_for_the_truth_and_zero_for_its_mean() -> None:
    true = DRAW.normal(size=20)
    assert r_squared(true, true) == 1
    assert r_squared(np.full(20, true.mean()), true) == pytest.approx(0)
    assert (r_squared(-true, true) or 0) < 0
    assert r_squared(true, np.ones(20)) is None
    assert root_mean_square(np.array([1.0, 5.0]), np.array([1.0, 1.0])) == pytest.approx(8**0.5)


def test_overlap_is_zero_for_turns_and_one_for_company() -> None:
    turns = np.kron(np.eye(3), np.ones((2, 1)))
    assert overlap(turns) == 0
    assert overlap(np.outer(np.arange(1.0, 5), [1, -2, 3])) == pytest.approx(1)
    halves = np.array([[1.0, 1.0], [0.0, 1.0]])
    assert overlap(halves) == pytest.approx(0.5)


def test_silent_x_features_do_not_count_as_orthogonal() -> None:
    assert overlap(np.array([[1.0, 2.0, 0.0], [1.0, 2.0, 0.0]])) == pytest.approx(1)
    assert overlap(np.array([[1.0, 0.0]])) is None


def test_partners_are_those_with_the_largest_sum_of_correlations() -> None:
    one, other = DRAW.normal(size=(30, 4)), DRAW.normal(size=(30, 4))
    table = correlations(one, other)
    best = max(sum(table[i, p[i]] for i in range(4)) for p in permutations(range(4)))
    assert sum(matched_correlations(one, other)) == pytest.approx(best)
    assert table[1, 2] == pytest.approx(np.corrcoef(one[:, 1], other[:, 2])[0, 1])


def test_the_same_x_features_in_another_order_are_stable() -> None:
    one = DRAW.normal(size=(30, 3))
    assert stability(one, [one[:, [2, 0, 1]] * 5, one]) == pytest.approx((1, 1, 1))
    flat = np.concatenate([one[:, :2], np.ones((30, 1))], axis=1)
    assert stability(one, [flat])[2] == 0
    assert stability(one, []) == ()


def test_the_share_reconstructed_counts_features_that_vary() -> None:
    inputs = np.stack([np.arange(4.0), np.arange(4.0), np.ones(4)], axis=1)
    decoded = np.stack([np.arange(4.0), np.full(4, 1.5), np.ones(4)], axis=1)
    assert share_reconstructed(decoded, inputs) == 0.5
    assert share_reconstructed(decoded, np.ones((4, 3))) == 0


def test_half_the_mass_of_one_cell_is_in_one_cell() -> None:
    point = np.zeros((4, 5))
    point[1, 2] = 3
    assert half_mass_share(point) == 1 / 20
    assert half_mass_share(np.ones((4, 5))) == 10 / 20
    assert half_mass_share(-point) is None
