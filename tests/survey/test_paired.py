"""Which methods are not significantly worse than the best."""

from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray

from gallery.errors import ShapeError
from gallery.survey.paired import best_group, holm, images_needed, settled, sign_test

Float64 = NDArray[np.float64]


def enumerated(differences: Float64) -> float:
    """Return the p-value by all 2^n choices of signs, one after the other."""
    observed = abs(float(differences.sum()))
    sums = [
        abs(sum(s * float(d) for s, d in zip(signs, differences, strict=True)))
        for signs in product((1, -1), repeat=len(differences))
    ]
    return sum(one >= observed - 1e-9 for one in sums) / len(sums)


@pytest.mark.parametrize("n", [1, 2, 3, 6, 10])
def test_all_choices_of_signs_are_tried(n: int) -> None:
    rng = np.random.default_rng(n)
    columns = np.stack(
        [rng.normal(0.5, 1, n), rng.integers(-2, 3, n).astype(float), np.zeros(n), np.ones(n)], axis=1
    )
    expected = [enumerated(column) for column in columns.T]
    np.testing.assert_allclose(sign_test(columns), expected, rtol=0, atol=1e-15)
    assert sign_test(columns)[2] == 1
    assert sign_test(columns)[3] == 2.0 ** (1 - n)


def test_fishers_own_example_of_darwins_plants() -> None:
    # Cross- and self-fertilised maize, differences in eighths of an inch: The Design of Experiments, section
    # 21. Fisher counts 863 of 32,768 arrangements on one side, those that reach the observed sum included.
    differences = np.array([49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48], dtype=float)
    assert sign_test(differences[:, None])[0] == 2 * 863 / 32_768


@pytest.mark.parametrize("n", [16, 40])
def test_many_images_are_tested_by_chance_close_to_the_truth(n: int) -> None:
    rng = np.random.default_rng(3)
    differences = rng.normal(0, 1, n)
    differences += 2 / np.sqrt(n) - differences.mean()
    # The sum of signed differences is all but normal here: a twin with other random signs.
    signs = rng.choice([-1.0, 1.0], size=(200_000, n))
    truth = (abs(signs @ differences) >= abs(differences.sum())).mean()
    found = sign_test(differences[:, None], seed=1)[0]
    assert 0.001 < truth < 0.5
    assert abs(found - truth) < 5 * np.sqrt(truth / 2**15)
    assert sign_test(differences[:, None], seed=1)[0] == found
    assert len({sign_test(differences[:, None], seed=seed)[0] for seed in range(5)}) > 1


def test_a_random_p_value_is_never_zero_even_over_thousands_of_images() -> None:
    assert 0 < sign_test(np.ones((40, 1)))[0] < 1e-4
    assert 0 < sign_test(np.ones((9000, 1)))[0] < 1e-3


def test_a_test_at_the_level_rejects_no_more_often_than_it_says() -> None:
    rng = np.random.default_rng(0)
    p = sign_test(rng.exponential(1, (8, 4000)) * rng.choice([-1, 1], (8, 4000)))
    assert (p <= 0.05).mean() == pytest.approx(0.05, abs=0.012)


@pytest.mark.parametrize("shape", [(0, 2), (3,)])
def test_differences_must_be_a_table(shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match="differences"):
        sign_test(np.zeros(shape))


def test_holm_by_hand() -> None:
    # Sorted 0.01, 0.02, 0.03, 0.04 times 4, 3, 2, 1, never falling.
    np.testing.assert_allclose(holm([0.04, 0.01, 0.03, 0.02]), [0.06, 0.04, 0.06, 0.06])
    np.testing.assert_allclose(holm([0.01, 0.011, 0.9]), [0.03, 0.03, 0.9])
    assert holm([0.9, 0.8]) == (1.0, 1.0)
    assert holm([]) == ()


def test_the_best_and_those_not_significantly_worse_are_marked() -> None:
    rng = np.random.default_rng(5)
    base = rng.normal(0, 1, 30)
    values = np.stack([base, base + 0.001 * rng.normal(size=30), base - 1, base - 0.9], axis=1)
    found = best_group(values, "higher")
    assert found.members == (0, 1)
    assert found.p[found.leader] == 1
    assert found.p[2] <= 0.05 > found.p[3]
    assert found.needed == 0
    # Read the other way round, the lowest is best.
    assert best_group(values, "lower").members == (2,)
    assert best_group(-values, "lower") == found


def test_p_values_are_those_of_the_pairs_corrected_by_hand() -> None:
    rng = np.random.default_rng(9)
    values = rng.normal([0, 0.4, 0.9, 1.3], 1, (9, 4))
    found = best_group(values, "higher")
    leader = int(values.mean(axis=0).argmax())
    others = [i for i in range(4) if i != leader]
    raw = [enumerated(values[:, leader] - values[:, i]) for i in others]
    assert found.leader == leader
    np.testing.assert_allclose([found.p[i] for i in others], holm(raw))


def test_few_images_mark_nothing_and_say_how_many_are_needed() -> None:
    values = np.arange(5.0)[:, None] + [0.0, 100.0]
    found = best_group(values, "higher")
    assert found.members == ()
    assert found.needed == 6
    assert best_group(np.arange(6.0)[:, None] + [0.0, 100.0], "higher").members == (1,)


@pytest.mark.parametrize("n_others", [1, 2, 5, 16, 24])
def test_the_images_needed_are_just_enough(n_others: int) -> None:
    n = images_needed(n_others)
    assert n_others * 2.0 ** (1 - n) <= 0.05 < n_others * 2.0 ** (2 - n)


def test_values_that_differ_by_rounding_only_are_the_same() -> None:
    values = np.array([[0.5, 0.5 + 1e-8, 0.7], [1e-12, 0.0, 0.3], [0.2, 0.2001, 0.2]])
    same = settled(values)
    assert same[0, 0] == same[0, 1] != same[0, 2]
    assert same[1, 0] == same[1, 1]
    assert same[2, 0] == same[2, 2] != same[2, 1]
    np.testing.assert_allclose(same, values, atol=1e-6)
    assert settled(np.zeros((0, 2))).shape == (0, 2)
    # Two methods that are one: always on the same side, yet no difference.
    rng = np.random.default_rng(0)
    one = rng.random(40)
    found = best_group(np.stack([one, one * (1 + 1e-7), one - 0.3], axis=1), "higher")
    assert found.members == (0, 1)
    assert found.p[1] == 1


def test_one_method_alone_is_the_best() -> None:
    assert best_group(np.arange(9.0)[:, None], "higher").members == (0,)


@pytest.mark.parametrize("values", [np.zeros((0, 3)), np.array([[np.nan, 1.0]]), np.zeros(3)])
def test_values_must_be_a_finite_table(values: Float64) -> None:
    with pytest.raises(ShapeError, match="values must be finite"):
        best_group(values, "higher")
