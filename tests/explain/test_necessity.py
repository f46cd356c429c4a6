"""Deletion sets against enumeration, monotone and not; measurements and interactions by hand."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gallery.errors import ConfigError
from gallery.explain.necessity import FoundNecessity, hits, necessity
from gallery.explain.search._base import drive
from gallery.records import Interaction
from tests.explain.search import twin
from tests.toy import Game, dnf, mask, random_game, sigmoid

ALL: dict[str, Any] = {"max_sets": 1000, "max_forwards": 10**6, "verify_up_to": 12}


def breaking(game: Game, n: int, threshold: float) -> set[int]:
    """Return every set of patches without which the probability is below the threshold."""
    full = 2**n - 1
    return {removed for removed in range(2**n) if game([full & ~removed])[0] < threshold}


def minimal(sets: set[int]) -> set[int]:
    """Return the sets that contain no other."""
    return {m for m in sets if not any(other != m and other & m == other for other in sets)}


def assert_right(found: FoundNecessity, game: Game, n: int, threshold: float) -> None:
    """Check every claim about deletion sets, by enumeration."""
    masks = [one.mask for one in found.deletion_sets]
    broken = breaking(game, n, threshold)
    assert len(set(masks)) == len(masks)
    for m in masks:
        assert m in broken
        assert not any(m >> cell & 1 and m & ~(1 << cell) in broken for cell in range(n))
    full = 2**n - 1
    assert [one.probability for one in found.deletion_sets] == game([full & ~m for m in masks])
    certain = {one.mask for one in found.deletion_sets if one.minimality == "subset-minimal"}
    assert certain <= minimal(broken)
    assert not any(a != b and a & b == a for a in masks for b in masks)
    order = [(one.mask.bit_count(), one.probability, one.mask) for one in found.deletion_sets]
    assert order == sorted(order)


@given(st.lists(st.integers(1, 2**7 - 1), min_size=1, max_size=5), st.integers(0, 5))
@settings(max_examples=50)
def test_of_a_monotone_game_all_minimal_deletion_sets_are_found(clauses: list[int], n_known: int) -> None:
    game = dnf(*clauses)
    known = sorted(minimal(set(clauses)))[:n_known]  # also if the search knows only some MSEs, or none
    found = drive(necessity(7, known, 1.0, **ALL), game)
    hitting = minimal({m for m in range(2**7) if all(m & clause for clause in clauses)})
    assert {one.mask for one in found.deletion_sets} == minimal(breaking(game, 7, 1.0)) == hitting
    assert {one.minimality for one in found.deletion_sets} == {"subset-minimal"}
    assert found.note == ""
    assert_right(found, game, 7, 1.0)


@given(
    st.integers(0, 10**6),
    st.sampled_from([0.2, 0.5, 0.8]),
    st.lists(st.integers(1, 63), max_size=3),
    st.sampled_from([ALL, {"max_sets": 2}, {"max_forwards": 5}, {"verify_up_to": 0}]),
)
@settings(max_examples=60)
def test_every_claim_is_true_on_games_without_any_order(
    seed: int, threshold: float, mses: list[int], options: dict[str, Any]
) -> None:
    values = dict(zip(range(64), random_game(seed)(range(64)), strict=True))
    values[63] = 1.0
    game: Game = lambda masks: [values[m] for m in masks]  # noqa: E731
    found = drive(necessity(6, mses, threshold, **options), game)
    assert found.deletion_sets or found.note or not breaking(game, 6, threshold)
    assert_right(found, game, 6, threshold)


@given(st.lists(st.floats(-1, 3), min_size=12, max_size=12), st.floats(-6, -1), st.floats(0.3, 0.95))
@settings(max_examples=25)
def test_every_claim_is_true_for_additive_evidence(values: list[float], offset: float, share: float) -> None:
    game: Game = lambda masks: [  # noqa: E731
        sigmoid(sum(v for i, v in enumerate(values) if m >> i & 1) + offset) for m in masks
    ]
    threshold = share * game([2**12 - 1])[0]
    found = drive(necessity(12, [], threshold), game)
    assert bool(found.deletion_sets) == (game([0])[0] < threshold)
    assert_right(found, game, 12, threshold)


def test_exactly_the_threshold_does_not_break() -> None:
    # Without patch 0 exactly the threshold is left, without patch 1 the next smaller number.
    threshold = 0.1
    left = {7: 1.0, 6: threshold, 5: float(np.nextafter(threshold, 0)), 4: 0.05}
    found = drive(necessity(3, [], threshold), lambda masks: [left.get(m, 0.0) for m in masks])
    assert mask(1) in [one.mask for one in found.deletion_sets]
    assert mask(0) not in [one.mask for one in found.deletion_sets]


def test_hitting_sets_of_the_mses_are_tried_first() -> None:
    clauses = [mask(0, 1), mask(1, 2), mask(3, 4, 5)]
    log = twin.Log(dnf(*clauses))
    log.drive(necessity(20, clauses, 1.0))
    removed = [[2**20 - 1 & ~m for m in request.masks] for request in log.requests]
    assert {mask(1, 3), mask(1, 4), mask(1, 5)} <= set(removed[3])


def test_measurements() -> None:
    game: Game = lambda masks: [m / 15 for m in masks]  # noqa: E731
    found = drive(necessity(4, [mask(0, 1), mask(1, 3)], 0.5, max_sets=0), game)
    assert found.alone.tolist() == pytest.approx([1 / 15, 2 / 15, 4 / 15, 8 / 15])
    assert found.without.tolist() == pytest.approx([14 / 15, 13 / 15, 11 / 15, 7 / 15])
    assert found.participation.tolist() == [0.5, 1, 0, 0.5]
    assert found.p_empty == 0
    assert {a.dtype for a in (found.alone, found.without, found.participation)} == {np.dtype(np.float32)}


def test_without_mses_no_patch_takes_part() -> None:
    found = drive(necessity(3, [], 1.0), dnf(mask(0, 1)))
    assert found.participation.tolist() == [0, 0, 0]
    assert [one.mask for one in found.deletion_sets] == [mask(0), mask(1)]


def test_interactions_are_what_goes_beyond_the_sum() -> None:
    # 0.1 + 0.05 a + 0.5 ab - 0.2 bc: only the pairs (0, 1) and (1, 2) interact.
    def game(masks: Sequence[int]) -> list[float]:
        return [0.1 + 0.05 * (m & 1) + 0.5 * (m & 3 == 3) - 0.2 * (m & 6 == 6) for m in masks]

    found = drive(necessity(4, [mask(0, 1)], 0.3), game)
    pairs = [(one.first, one.second) for one in found.interactions]
    assert pairs[:2] == [(0, 1), (1, 2)]
    assert [one.value for one in found.interactions] == pytest.approx([0.5, -0.2, 0, 0, 0, 0])
    assert len(set(pairs)) == 6


def test_pairs_are_of_the_patches_in_most_mses_then_strongest_alone_then_first() -> None:
    def game(masks: Sequence[int]) -> list[float]:
        return [0.9 if m == 2**8 - 1 else 0.1 * (m == mask(5)) for m in masks]

    def pairs(n: int) -> set[tuple[int, int]]:
        found = drive(necessity(8, [mask(6, 7), mask(3, 7)], 0.5, pairs=n), game)
        assert all(isinstance(one, Interaction) for one in found.interactions)
        return {(one.first, one.second) for one in found.interactions}

    assert pairs(1) == set()
    assert pairs(2) == {(3, 7)}  # 7 is in two; 3 and 6 in one, and equal alone
    assert pairs(3) == {(3, 6), (3, 7), (6, 7)}
    assert pairs(4) == pairs(3) | {(3, 5), (5, 6), (5, 7)}
    assert len(pairs(64)) == 28


def test_numbers_shown_are_exact_and_screening_that_errs_never_reaches_them() -> None:
    clauses = [mask(0, 1), mask(3, 4, 5)]
    game = dnf(*clauses)

    def wrong(masks: Sequence[int]) -> list[float]:
        return [max(0.0, p - 0.4 * (m % 3 == 0)) for m, p in zip(masks, game(masks), strict=True)]

    log = twin.Log(game, screen=wrong)
    found = log.drive(necessity(7, clauses, 1.0, **ALL))
    exact = set(log.masks(exact=True))
    assert found.deletion_sets
    assert_right(found, game, 7, 1.0)
    full = 2**7 - 1
    singles = [1 << cell for cell in range(7)]
    assert {0, full, *singles, *(full & ~m for m in singles)} <= exact
    for one in found.deletion_sets:
        assert full & ~one.mask in exact
        assert {full & ~(one.mask & ~m) for m in singles if m & one.mask} <= exact


def test_the_scorer_is_told_the_true_threshold() -> None:
    log = twin.Log(dnf(mask(0, 1), mask(2, 3)))
    log.drive(necessity(9, [mask(0, 1)], 0.75))
    assert {request.threshold for request in log.requests} == {0.75}
    assert all(request.masks for request in log.requests)


def test_no_mask_is_asked_for_twice() -> None:
    log = twin.Log(dnf(mask(0, 1, 4), mask(2, 3), mask(1, 3, 5, 7)))
    log.drive(necessity(9, [mask(2, 3)], 1.0))
    for exact in (False, True):
        masks = log.masks(exact=exact)
        assert len(masks) == len(set(masks))


def additive(masks: Sequence[int]) -> list[float]:
    """Forty patches, none of which matters much."""
    return [sigmoid(0.3 * m.bit_count() - 6 + m % 7 / 10) for m in masks]


@pytest.mark.parametrize("max_forwards", [60, 120, 300])
def test_the_budget_is_kept_but_for_the_round_at_hand(max_forwards: int) -> None:
    log = twin.Log(additive)
    threshold = 0.9 * additive([2**40 - 1])[0]
    found = log.drive(necessity(40, [], threshold, max_sets=99, max_forwards=max_forwards, pairs=0))
    spent = log.distinct - (2 * 40 + 2)
    assert found.deletion_sets
    assert max_forwards <= spent <= max_forwards + 2 * 40
    assert found.note == f"Stopped after {spent} scored patch sets (max_forwards = {max_forwards})."


def test_the_first_deletion_set_is_found_whatever_the_budget() -> None:
    found = drive(necessity(40, [], 0.9 * additive([2**40 - 1])[0], max_forwards=1), additive)
    assert len(found.deletion_sets) == 1


def test_without_a_budget_only_single_patches_are_found_and_nothing_more_is_scored() -> None:
    log = twin.Log(dnf(mask(0, 1), mask(0, 2)))
    found = log.drive(necessity(6, [mask(0, 1)], 1.0, max_forwards=0, pairs=0))
    assert [one.mask for one in found.deletion_sets] == [mask(0)]
    full = 2**6 - 1
    around = {mask(0, 1), *(m for cell in range(6) for m in (1 << cell, full & ~(1 << cell)))}
    assert {m for request in log.requests for m in request.masks} == {0, full, *around}


def test_enough_sets_end_the_search() -> None:
    game = dnf(*(mask(i, i + 1) for i in range(0, 8, 2)))
    found = drive(necessity(8, [], 1.0, max_sets=3), game)
    assert len(found.deletion_sets) == 3
    assert found.note == "Stopped after 3 deletion sets (max_sets = 3)."


def test_more_single_patches_than_wanted_are_cut() -> None:
    game: Game = lambda masks: [m / 255 if m < 255 else 1.0 for m in masks]  # noqa: E731
    found = drive(necessity(8, [], 0.999, max_sets=2), game)
    assert [one.mask for one in found.deletion_sets] == [mask(7), mask(6)]
    assert found.note == "Stopped after 2 deletion sets (max_sets = 2)."


def test_a_baseline_that_suffices_makes_nothing_necessary() -> None:
    found = drive(necessity(5, [], 0.4), lambda masks: [0.4] * len(masks))
    assert found.deletion_sets == ()
    assert found.note.startswith("The baseline alone, without any patch, is already sufficient")


def test_an_image_below_the_threshold_is_said_to_be() -> None:
    found = drive(necessity(5, [], 0.5), lambda masks: [0.4] * len(masks))
    assert (found.deletion_sets, found.note) == ((), "The whole image is already below the threshold.")


def test_two_runs_return_the_same() -> None:
    game = dnf(mask(0, 1, 4), mask(2, 3), mask(1, 3, 5, 7))
    runs = [twin.Log(game) for _ in range(2)]
    results = [log.drive(necessity(9, [mask(2, 3)], 1.0)) for log in runs]
    assert results[0].deletion_sets == results[1].deletion_sets
    assert results[0].interactions == results[1].interactions
    assert runs[0].masks(exact=False) == runs[1].masks(exact=False)


@pytest.mark.parametrize("option", ["max_sets", "max_forwards", "pairs", "verify_up_to"])
def test_rejects_negative_numbers(option: str) -> None:
    with pytest.raises(ConfigError, match=option):
        drive(necessity(4, [], 0.5, **{option: -1}), dnf(1))


def test_hits() -> None:
    assert hits(mask(1, 2), [mask(0, 1), mask(1, 2), mask(3)]) == 2
    assert hits(mask(4), []) == 0
