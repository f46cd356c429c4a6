"""Methods compared by one measure."""

import numpy as np
import pytest

from gallery.survey.bootstrap import Interval, mean_interval, share_interval
from gallery.survey.comparison import FEWEST, Comparison, Values, compare, value_table
from gallery.survey.paired import best_group
from gallery.survey.ranks import rank_methods

METHODS = ("a", "b", "c")


def images_of(columns: dict[str, list[float | None]], measure: str = "m") -> list[Values]:
    """Return one mapping per image; None entries are measured without a value."""
    n = len(next(iter(columns.values())))
    return [{name: {measure: column[i]} for name, column in columns.items()} for i in range(n)]


def assert_close(found: Interval, expected: Interval) -> None:
    assert (found.value, found.low, found.high) == pytest.approx(
        (expected.value, expected.low, expected.high), abs=1e-12
    )
    assert found.n == expected.n


def numbers(seed: int, n: int = 20, shift: float = 0.0) -> list[float | None]:
    return [float(x) for x in np.random.default_rng(seed).normal(shift, 1, n)]


def test_means_test_and_ranks_are_over_the_same_images() -> None:
    columns = {"a": numbers(0), "b": numbers(1, shift=2.5), "c": numbers(2, shift=2.4)}
    found = compare(images_of(columns), METHODS, "m", "higher")
    table = np.array([columns[name] for name in METHODS], dtype=float).T
    group, ranking = best_group(table, "higher"), rank_methods(table, "higher")
    assert found.best == tuple(METHODS[i] for i in group.members) == ("b", "c")
    assert found.ranking == ranking
    for i, name in enumerate(METHODS):
        score = found.scores[name]
        assert_close(score.mean, mean_interval(table[:, i]))
        assert score.rank == ranking.ranks[i]
        assert score.p == (None if i == group.leader else group.p[i])
    assert (found.n_images, found.n_measured, found.needed) == (20, 20, 0)
    assert found.groups == tuple(tuple(METHODS[i] for i in g) for g in ranking.groups)


def test_the_lowest_is_best_where_lower_is_better() -> None:
    columns = {"a": numbers(0), "b": numbers(1, shift=3), "c": numbers(2, shift=3)}
    assert compare(images_of(columns), METHODS, "m", "lower").best == ("a",)


def test_images_without_a_value_of_every_compared_method_are_left_out() -> None:
    columns = {"a": numbers(0), "b": numbers(1), "c": numbers(2)}
    columns["b"][3] = columns["c"][5] = None
    columns["a"][7] = float("nan")
    found = compare(images_of(columns), METHODS, "m", "higher")
    kept = [i for i in range(20) if i not in (3, 5, 7)]
    assert found.n_images == 17
    assert found.n_measured == 20
    a = columns["a"]
    assert_close(found.scores["a"].mean, mean_interval([float(a[i] or 0.0) for i in kept]))


def test_a_method_with_few_values_does_not_take_the_images_of_the_others_away() -> None:
    columns = {"a": numbers(0), "b": numbers(1), "c": [*numbers(2, 9), *[None] * 11]}
    found = compare(images_of(columns), METHODS, "m", "higher")
    assert found.n_images == 20
    assert found.ranked == ("a", "b")
    rare = found.scores["c"]
    assert not rare.is_compared
    assert not rare.is_best
    assert (rare.rank, rare.p) == (None, None)
    assert rare.mean.n == 9
    columns["c"][9] = 0.5  # half of the images: compared
    found = compare(images_of(columns), METHODS, "m", "higher")
    assert found.ranked == METHODS
    assert found.n_images == 10


def test_methods_without_a_value_are_missing() -> None:
    columns: dict[str, list[float | None]] = {"a": numbers(0), "c": [None] * 20}
    found = compare(images_of(columns), METHODS, "m", "higher")
    assert set(found.scores) == {"a"}
    assert found.best == ()  # nothing to be better than
    assert found.ranking is None
    nothing = compare([], METHODS, "m", "higher")
    assert nothing.scores == {}
    assert nothing.n_images == nothing.n_measured == 0


def test_few_images_are_neither_tested_nor_ranked() -> None:
    def over(n: int) -> Comparison:
        return compare(
            images_of({"a": [*range(n)], "b": [i + 9.0 for i in range(n)]}), ("a", "b"), "m", "higher"
        )

    few, enough = over(FEWEST - 1), over(FEWEST)
    assert (few.best, few.ranking, few.needed) == ((), None, FEWEST)
    assert few.scores["b"].p is None
    assert enough.best == ("b",)
    assert enough.ranking is not None


def test_measures_that_say_yes_or_no_have_the_interval_of_a_share() -> None:
    columns: dict[str, list[float | None]] = {"a": [1.0] * 12, "b": [1.0, 0.0] * 6}
    found = compare(images_of(columns), ("a", "b"), "m", "higher")
    assert found.scores["a"].mean == share_interval(np.ones(12))
    assert found.scores["a"].mean.low == pytest.approx(0.025 ** (1 / 12))


def test_the_table_holds_nan_where_there_is_no_number() -> None:
    images: list[Values] = [
        {"a": {"m": 1}, "b": {"m": None}},
        {"a": {"other": 2.0}, "b": {"m": float("inf")}},
    ]
    table = value_table(images, ("a", "b", "c"), "m")
    np.testing.assert_array_equal(table, [[1, np.nan, np.nan], [np.nan] * 3])
    assert value_table([], ("a",), "m").shape == (0, 1)
