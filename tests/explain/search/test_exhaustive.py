"""Exhaustive search: equal to enumeration, and a certificate only where it is earned."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gallery.errors import ConfigError
from gallery.explain.search._base import BASELINE_SUFFICES, Found, drive
from gallery.explain.search._enumerate import MASKS_PER_REQUEST
from gallery.explain.search.exhaustive import exhaustive
from tests.explain.search import twin
from tests.explain.search.games import UNIT, games
from tests.toy import Game, dnf, mask


def masks_of(found: Found) -> set[int]:
    return {one.mask for one in found.sets}


@given(games(5), UNIT.filter(bool))
@settings(max_examples=60)
def test_all_sizes_equal_enumeration(game: Game, threshold: float) -> None:
    found = drive(exhaustive(5, threshold, max_size=5), game)
    twin.assert_right(found, game, 5, threshold)
    if game([0])[0] >= threshold:
        assert found == Found((), BASELINE_SUFFICES, n_scored=1)
    else:
        assert masks_of(found) == twin.subset_minimal(game, 5, threshold)
        assert found.complete_up_to == 5


@given(games(6), UNIT.filter(bool), st.integers(1, 6), st.integers(0, 64), st.booleans())
@settings(max_examples=60)
def test_the_certificate_holds_for_any_size_and_budget(
    game: Game, threshold: float, max_size: int, budget: int, exact: bool
) -> None:
    log = twin.Log(game)
    found = log.drive(exhaustive(6, threshold, max_size=max_size, max_forwards=budget, exact=exact))
    twin.assert_right(found, game, 6, threshold)
    minimal = {m for m in twin.subset_minimal(game, 6, threshold) if m}
    certified = {m for m in minimal if m.bit_count() <= found.complete_up_to}
    assert certified <= masks_of(found) <= minimal
    fewest = min((m.bit_count() for m in minimal), default=0)
    for one in found.sets:
        assert one.minimality == (
            "smallest" if exact and one.mask.bit_count() == fewest else "subset-minimal"
        )
    assert found.n_scored == log.distinct <= (budget or 64)
    assert exact or found.complete_up_to == 0


def test_larger_sets_are_listed_beside_the_smallest() -> None:
    found = drive(exhaustive(7, 1.0), dnf(mask(4), mask(0, 1), mask(2, 3, 6), mask(0, 2, 3, 5)))
    assert [(one.mask, one.minimality) for one in found.sets] == [
        (mask(4), "smallest"),
        (mask(0, 1), "subset-minimal"),
        (mask(2, 3, 6), "subset-minimal"),
    ]
    assert (found.complete_up_to, found.note) == (3, "")


def test_only_sets_that_contain_a_known_one_are_not_scored() -> None:
    log = twin.Log(dnf(mask(0, 3)))
    log.drive(exhaustive(6, 1.0, max_size=4))
    both = mask(0, 3)
    wanted = [m for m in twin.all_masks(6) if m.bit_count() <= 4 and not (m & both == both and m != both)]
    assert sorted(log.masks(exact=True)) == sorted(wanted)


def test_a_sufficient_set_hidden_among_hopeless_ones_is_found() -> None:
    # Every pair inside scores nothing, and so do all sets around it.
    hidden = mask(1, 5, 8)
    found = drive(exhaustive(10, 0.9), lambda masks: [float(m == hidden) for m in masks])
    assert [(one.mask, one.minimality) for one in found.sets] == [(hidden, "smallest")]


def test_a_set_around_a_known_one_is_not_listed_whatever_it_scores() -> None:
    game: Game = lambda masks: [{mask(2): 0.9, mask(2, 3): 0.0, mask(2, 3, 4): 1.0}.get(m, 0) for m in masks]  # noqa: E731
    assert masks_of(drive(exhaustive(6, 0.9), game)) == {mask(2)}


def test_exact_verdicts_do_not_listen_to_screening() -> None:
    log = twin.Log(dnf(mask(0, 1)), screen=lambda masks: [1.0] * len(masks))
    assert masks_of(log.drive(exhaustive(5, 1.0))) == {mask(0, 1)}
    assert log.masks(exact=False) == []


def test_screening_lists_only_what_float32_confirms_and_certifies_nothing() -> None:
    game = dnf(mask(0, 1), mask(2), mask(3, 4))

    def screen(masks: Sequence[int]) -> list[float]:
        # Blind to {0, 1}; sees {3} and {2, 4}, which float32 does not; misses {2}, not {1, 2}.
        seen = {mask(3), mask(1, 2), mask(3, 4)}
        return [float(m in seen) for m in masks]

    log = twin.Log(game, screen=screen)
    found = log.drive(exhaustive(5, 1.0, exact=False))
    assert masks_of(found) == {mask(2)}
    assert found.complete_up_to == 0
    assert found.sets[0].minimality == "subset-minimal"
    assert "no certificate" in found.note
    assert set(log.masks(exact=True)) <= set(log.masks(exact=False)) | {0}


def test_screening_that_takes_the_baseline_for_sufficient_decides_nothing() -> None:
    log = twin.Log(dnf(mask(1)), screen=lambda masks: [1.0] * len(masks))
    assert masks_of(log.drive(exhaustive(3, 1.0, exact=False))) == {mask(1)}
    assert log.masks(exact=True).count(0) == 1


@pytest.mark.parametrize(("budget", "complete"), [(1, 0), (6, 0), (7, 1), (8, 1), (21, 1), (22, 2), (23, 2)])
def test_a_budget_certifies_the_sizes_it_finished(budget: int, complete: int) -> None:
    log = twin.Log(lambda masks: [0.1] * len(masks))
    found = log.drive(exhaustive(6, 0.9, max_forwards=budget))
    assert (found.complete_up_to, found.n_scored, log.distinct) == (complete, budget, budget)
    assert found.note.startswith(f"Stopped after {budget} patch sets (max_forwards)")
    assert (f"all sizes up to {complete} were finished" in found.note) == (complete > 0)


def test_a_budget_that_suffices_leaves_no_note() -> None:
    found = drive(exhaustive(6, 0.9, max_forwards=1 + 6 + 15 + 20), dnf(mask(0, 1)))
    assert (found.complete_up_to, found.note) == (3, "")


def test_sets_found_before_the_budget_ran_out_are_kept() -> None:
    found = drive(exhaustive(6, 1.0, max_forwards=9), dnf(mask(0, 2), mask(4, 5)))
    assert [(one.mask, one.minimality) for one in found.sets] == [(mask(0, 2), "smallest")]
    assert found.complete_up_to == 1


def test_nothing_found_is_a_result() -> None:
    found = drive(exhaustive(6, 0.9, max_size=2), lambda masks: [0.1] * len(masks))
    assert (found.sets, found.complete_up_to) == ((), 2)
    assert found.note == "No sufficient patch set of at most 2 patches was found."


def test_sizes_beyond_the_grid_are_the_whole_grid() -> None:
    found = drive(exhaustive(3, 1.0, max_size=9), dnf(mask(0, 1, 2)))
    assert masks_of(found) == {mask(0, 1, 2)}
    assert found.complete_up_to == 3


def test_requests_are_bounded_and_no_mask_is_scored_twice() -> None:
    log = twin.Log(lambda masks: [0.1] * len(masks))
    found = log.drive(exhaustive(49, 0.9))
    assert found.n_scored == 1 + 19649
    assert max(len(request.masks) for request in log.requests) == MASKS_PER_REQUEST
    assert all(request.exact and request.threshold == 0.9 for request in log.requests)
    assert len(log.masks(exact=True)) == log.distinct == found.n_scored


def test_too_many_sets_are_refused_before_anything_is_scored() -> None:
    with pytest.raises(ConfigError, match="refuse_above"):
        next(exhaustive(256, 0.9, max_size=4))
    next(exhaustive(256, 0.9, max_size=4, max_forwards=1000))
    next(exhaustive(256, 0.9, max_size=4, refuse_above=10**9))


@pytest.mark.parametrize("option", ["max_size", "refuse_above"])
def test_options_below_one(option: str) -> None:
    with pytest.raises(ConfigError, match=rf"search.{option}: must be at least 1, is 0"):
        next(exhaustive(4, 1.0, **{option: 0}))


def test_a_negative_budget() -> None:
    with pytest.raises(ConfigError, match="max_forwards"):
        next(exhaustive(4, 1.0, max_forwards=-1))
