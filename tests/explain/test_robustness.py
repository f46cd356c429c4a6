"""The sweep against enumeration, other searches' answers compared by hand."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gallery.errors import ConfigError
from gallery.explain.robustness import AT_ONCE, agreement, cross_test, sweep
from gallery.explain.search._base import drive
from gallery.explain.search.beam import beam
from gallery.records import Agreement, CrossTest, SweepRow
from tests.explain.search import twin
from tests.toy import Game, dnf, mask, sigmoid

SHARES = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95)


def table(game: Game, n: int) -> dict[int, float]:
    """Return the score of every patch set."""
    return dict(zip(range(2**n), game(range(2**n)), strict=True))


def row_of(share: float, masks: set[int]) -> SweepRow:
    """Return the row that reports ``masks``."""
    sizes = [m.bit_count() for m in masks]
    return SweepRow(share, len(sizes), min(sizes, default=None), sum(sizes) / len(sizes) if sizes else None)


@given(st.lists(st.floats(0, 1), min_size=32, max_size=32), st.floats(0.05, 1))
@settings(max_examples=40)
def test_where_everything_is_scored_the_rows_are_those_of_enumeration(
    values: list[float], p_full: float
) -> None:
    values[0] = 0.0
    game: Game = lambda masks: [values[m] for m in masks]  # noqa: E731
    rows = drive(sweep(table(game, 5), p_full, SHARES, max_forwards=10**6), game)
    expected = [row_of(share, twin.subset_minimal(game, 5, share * p_full)) for share in SHARES]
    assert list(rows) == expected


@given(st.lists(st.floats(-1, 3), min_size=10, max_size=10), st.floats(-5, -1))
@settings(max_examples=20)
def test_from_one_search_every_count_is_a_lower_bound(values: list[float], offset: float) -> None:
    def game(masks: Sequence[int]) -> list[float]:
        return [sigmoid(sum(v for i, v in enumerate(values) if m >> i & 1) + offset) for m in masks]

    p_full = game([2**10 - 1])[0]
    log = twin.Log(game)
    known = [one.mask for one in log.drive(beam(10, 0.9 * p_full)).sets]
    scored = {m: game([m])[0] for m in log.masks(exact=False)}
    rows = drive(sweep(scored, p_full, SHARES, known=known), game)
    for row in rows:
        real = twin.one_minimal(game, 10, row.p_high * p_full) - {0}
        assert row.n_mses <= len(real)
        if row.smallest is not None:
            assert row.smallest >= min(m.bit_count() for m in real)
    assert next(row for row in rows if row.p_high == 0.9).n_mses >= len(known)


def test_a_lower_threshold_shrinks_the_known_sets() -> None:
    game = dnf(mask(0, 1, 2, 3), mask(4, 5))
    whole = [mask(0, 1, 2, 3), mask(4, 5)]
    rows = drive(sweep(dict.fromkeys(whole, 1.0), 1.0, [0.5, 1.0], known=whole), game)
    # At half, one of (4, 5) will do, and two of the four: three of the four choose which.
    assert rows == (SweepRow(0.5, 5, 1, 8 / 5), SweepRow(1.0, 2, 2, 3.0))


def test_sets_of_the_search_are_counted_however_small_the_budget() -> None:
    known = [mask(i, i + 1) for i in range(0, 40, 2)]
    game = dnf(*known)
    log = twin.Log(game)
    rows = log.drive(sweep(dict.fromkeys(known, 1.0), 1.0, [1.0], known=known, max_forwards=0))
    assert rows == (SweepRow(1.0, 20, 2, 2.0),)
    assert log.distinct == 1 + 20 + 40


def test_a_known_set_stays_although_a_smaller_one_hides_in_it() -> None:
    whole, inside = mask(0, 1, 2, 3), mask(1, 2)
    game: Game = lambda masks: [float(m in {whole, inside}) for m in masks]  # noqa: E731
    rows = drive(sweep({whole: 1.0, inside: 1.0}, 1.0, [0.9], known=[whole]), game)
    assert rows == (SweepRow(0.9, 2, 2, 3.0),)


def test_screening_that_errs_never_reaches_a_row() -> None:
    game = dnf(mask(0, 1), mask(3, 4, 5))
    wrong: Game = lambda masks: [min(1.0, p + 0.34) for p in game(masks)]  # noqa: E731
    rows = twin.Log(game, screen=wrong).drive(sweep(table(wrong, 6), 1.0, [0.9], max_forwards=10**6))
    real = twin.one_minimal(game, 6, 0.9)
    assert rows[0].n_mses <= len(real)
    assert rows[0].smallest in (2, 3, None)
    none = twin.Log(lambda masks: [0.0] * len(masks), screen=wrong)
    assert none.drive(sweep(table(wrong, 6), 1.0, [0.9])) == (SweepRow(0.9, 0, None, None),)


def test_the_table_is_not_trusted_at_another_threshold() -> None:
    log = twin.Log(dnf(mask(0, 1)))
    assert log.drive(sweep({mask(0, 1): 1.0, mask(0): 0.99}, 1.0, [0.9])) == (SweepRow(0.9, 1, 2, 2.0),)
    asked = [request for request in log.requests if mask(0) in request.masks]
    assert asked[0].threshold == 0.9


def test_work_is_bounded_and_the_smallest_are_taken_first() -> None:
    clauses = [mask(*range(5 * i, 5 * i + 5)) for i in range(10)] + [mask(60, 61)]
    game = dnf(*clauses)
    spent = []
    for max_forwards in (0, 1, 20, 10**6):
        log = twin.Log(game)
        (row,) = log.drive(sweep(dict.fromkeys(clauses, 1.0), 1.0, [1.0], max_forwards=max_forwards))
        assert row.smallest == (2 if max_forwards else None)
        assert row.n_mses == {0: 0, 1: AT_ONCE, 20: 2 * AT_ONCE, 10**6: 11}[max_forwards]
        spent.append(len(log.masks(exact=True)) + len(log.masks(exact=False)))
    assert spent == sorted(spent)
    assert spent[1] <= 1 + 2 * (AT_ONCE + 2 + (AT_ONCE - 1) * 5)


def test_a_row_does_not_depend_on_the_other_thresholds() -> None:
    game = dnf(mask(0, 1, 2, 3), mask(2, 4, 5), mask(6, 7, 8))
    scores = {m: game([m])[0] for m in (mask(*range(4)), mask(2, 3, 4, 5), mask(1, 6, 7, 8), mask(6, 7))}
    rows = drive(sweep(scores, 1.0, [0.9, 0.6, 0.6, 0.75]), game)
    assert [row.p_high for row in rows] == [0.6, 0.75, 0.9]
    assert [drive(sweep(scores, 1.0, [row.p_high]), game)[0] for row in rows] == list(rows)


def test_a_baseline_that_suffices_leaves_nothing_to_explain() -> None:
    game: Game = lambda masks: [0.5 + m / 16 for m in masks]  # noqa: E731
    rows = drive(sweep(table(game, 3), 1.0, [0.5, 0.9]), game)
    assert rows[0] == SweepRow(0.5, 0, None, None)
    assert rows[1].n_mses == 1


@pytest.mark.parametrize("share", [0.0, -0.1, 1.01])
def test_rejects_a_threshold_that_is_no_share(share: float) -> None:
    with pytest.raises(ConfigError, match="threshold"):
        drive(sweep({}, 1.0, [0.5, share]), dnf(1))


def test_cross_test_scores_in_printed_order_and_exactly() -> None:
    log = twin.Log(dnf(mask(0, 1), mask(2, 3)), screen=lambda masks: [0.0] * len(masks))
    found = log.drive(cross_test("mean", [mask(2, 3), mask(0), mask(0, 1, 4)], 0.75))
    assert found == CrossTest("mean", 0.0, (1.0, 0.5, 1.0), 2)


def test_cross_test_counts_at_the_threshold_and_works_without_mses() -> None:
    assert drive(cross_test("black", [3], 0.4), lambda m: [0.4] * len(m)).n_sufficient == 1
    assert drive(cross_test("black", [], 0.4), lambda m: [0.4] * len(m)) == CrossTest("black", 0.4, (), 0)


def test_agreement_by_hand() -> None:
    own, other = [mask(0, 1), mask(2, 3)], [mask(0, 1), mask(3, 4, 5), mask(9)]
    # best Jaccard: 1, 1/4 | 1, 1/4, 0
    assert agreement("seed = 1", own, other) == Agreement("seed = 1", 3, 1, 1, 2.5 / 5)


def test_the_same_answer_agrees_completely_in_any_order() -> None:
    assert agreement("seed = 1", [3, 12, 33], [33, 3, 12]) == Agreement("seed = 1", 3, 2, 3, 1.0)


def test_nothing_found_has_no_similarity() -> None:
    assert agreement("x", [], [3]) == Agreement("x", 1, 2, 0, None)
    assert agreement("x", [3], []) == Agreement("x", 0, None, 0, None)


def test_similarity_is_symmetric() -> None:
    own, other = [3, 5, 9, 112], [7, 48]
    assert agreement("x", own, other).similarity == agreement("x", other, own).similarity
