"""Beam search against enumeration, on monotone and on adversarial games."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gallery.errors import ConfigError
from gallery.explain.search._base import SEARCHES, Found, drive
from gallery.explain.search._diverse import largest_diverse
from gallery.explain.search.beam import beam
from tests.explain.search import twin
from tests.toy import Game, dnf, mask, random_game, sigmoid

FULL: dict[str, Any] = {
    "beam_width": 1000,
    "candidates": 256,
    "max_mses": 1000,
    "max_forwards": 10**6,
    "verify_up_to": 12,
    "harvest": 1000,
    "wanted": 0,
    "effort": 1000,
    "look_closer": 0,
}
NARROW: dict[str, Any] = {"beam_width": 2, "candidates": 3, "n_random": 4}


@pytest.mark.parametrize(
    "clauses",
    [
        [{0}],
        [{0, 1}, {2, 3}],
        [{0, 1, 2}, {2, 4}],
        [{0, 1, 2, 3, 4, 5}],
        [{0, 1}, {1, 2}, {2, 3}, {3, 4}, {5}],
    ],
)
def test_full_width_equals_enumeration(clauses: list[set[int]]) -> None:
    wanted = {mask(*clause) for clause in clauses}
    game = dnf(*wanted)
    found = drive(beam(6, 1.0, **FULL), game)
    assert {one.mask for one in found.sets} == twin.subset_minimal(game, 6, 1.0) == wanted
    assert {one.minimality for one in found.sets} == {"subset-minimal"}
    assert found.note == ""
    twin.assert_right(found, game, 6, 1.0)


@given(st.lists(st.integers(1, 2**7 - 1), min_size=1, max_size=5), st.sampled_from([1.0, 0.9, 0.6, 0.5]))
@settings(max_examples=40)
def test_full_width_equals_enumeration_on_any_monotone_game(clauses: list[int], threshold: float) -> None:
    game = dnf(*clauses)
    found = drive(beam(7, threshold, **FULL), game)
    assert {one.mask for one in found.sets} == twin.subset_minimal(game, 7, threshold)


@given(st.integers(0, 10**6), st.sampled_from([0.3, 0.7, 0.9, 0.97]), st.sampled_from([FULL, NARROW]))
@settings(max_examples=40)
def test_every_claim_is_true_on_games_without_any_order(
    seed: int, threshold: float, options: dict[str, Any]
) -> None:
    game = random_game(seed)
    values = dict(zip(range(64), game(range(64)), strict=True))
    looked_up: Game = lambda masks: [values[m] for m in masks]  # noqa: E731
    found = drive(beam(6, threshold, **options), looked_up)
    twin.assert_right(found, looked_up, 6, threshold)


@given(st.lists(st.floats(-2, 3), min_size=12, max_size=12), st.floats(-6, 0))
@settings(max_examples=30)
def test_every_claim_is_true_for_additive_evidence(values: list[float], offset: float) -> None:
    game: Game = lambda masks: [  # noqa: E731
        sigmoid(sum(v for i, v in enumerate(values) if m >> i & 1) + offset) for m in masks
    ]
    threshold = 0.9 * max(game(range(2**12)))
    found = drive(beam(12, threshold), game)
    assert found.note == "The baseline alone, without any patch, is already sufficient." or found.sets
    twin.assert_right(found, game, 12, threshold)


def test_a_set_that_contains_another_is_not_returned_even_unchecked() -> None:
    # Ordered so that {0..4} is 1-minimal and met, although {0, 1, 2} inside it is sufficient.
    good = {mask(0, 1, 2, 3, 4), mask(0, 1, 2)}
    game: Game = lambda masks: [1.0 if m in good else m.bit_count() / 100 for m in masks]  # noqa: E731
    found = drive(beam(7, 0.9, **{**FULL, "verify_up_to": 1}), game)
    assert [one.mask for one in found.sets] == [mask(0, 1, 2)]


def test_two_runs_return_the_same() -> None:
    game = dnf(mask(0, 1), mask(2, 3), mask(1, 3, 5))
    assert drive(beam(9, 0.9, **NARROW), game) == drive(beam(9, 0.9, **NARROW), game)


@pytest.mark.parametrize("options", [FULL, NARROW, {}])
def test_no_mask_is_scored_twice(options: dict[str, Any]) -> None:
    log = twin.Log(dnf(mask(0, 1, 4), mask(2, 3), mask(1, 3, 5, 7)))
    log.drive(beam(9, 1.0, **options))
    for exact in (False, True):
        masks = log.masks(exact=exact)
        assert len(masks) == len(set(masks))
    assert all(request.masks and request.threshold == 1.0 for request in log.requests)


def test_sets_that_contain_a_known_explanation_are_not_scored() -> None:
    log = twin.Log(dnf(mask(0), mask(4, 5, 6)))
    found = log.drive(beam(9, 1.0))
    assert len(found.sets) == 2
    assert not [m for request in log.requests[2:] for m in request.masks if m & 1 and m != 1]


def test_screening_that_errs_never_reaches_the_result() -> None:
    game = dnf(mask(0, 1), mask(3, 4, 5))

    def wrong(masks: Sequence[int]) -> list[float]:
        return [min(1.0, s + 0.34 * (m % 3 == 0)) for m, s in zip(masks, game(masks), strict=True)]

    found = twin.Log(game, screen=wrong).drive(beam(7, 1.0, **FULL))
    assert found.sets
    assert [one.probability for one in found.sets] == [1.0] * len(found.sets)
    assert {one.mask for one in found.sets} <= twin.one_minimal(game, 7, 1.0)


def test_candidates_and_width_limit_a_level() -> None:
    log = twin.Log(lambda masks: [m.bit_count() / 1000 for m in masks])
    log.drive(beam(20, 0.9, beam_width=3, candidates=4, n_random=5, max_forwards=10**6))
    levels = [request.masks for request in log.requests[2:]]
    assert all(len(masks) <= 3 * 4 for masks in levels)
    assert [{m.bit_count() for m in masks} for masks in levels] == [{k} for k in range(2, 20)]


def needs_seven_of_ten(masks: Sequence[int]) -> list[float]:
    """Score next to nothing below seven of the first ten patches: a classifier that needs many at once."""
    return [0.01 + 0.98 * ((m & 1023).bit_count() >= 7) + m.bit_count() / 10**5 for m in masks]


def test_levels_that_promise_nothing_give_way_to_descents() -> None:
    log = twin.Log(needs_seven_of_ten)
    found = log.drive(beam(30, 0.9, candidates=4, beam_width=3))
    assert {one.mask.bit_count() for one in found.sets} == {7}
    assert len(found.sets) >= 4
    twin.assert_minimal(found, needs_seven_of_ten, 0.9)
    sizes = [m.bit_count() for request in log.requests[:4] for m in request.masks]
    assert max(sizes[32:44]) == 2, "two levels are enough to see it"
    assert log.distinct < 30 + 30 + 48 + 700, "with all subsets of four sets of seven"


def test_without_a_closer_look_the_levels_go_on() -> None:
    log = twin.Log(needs_seven_of_ten)
    found = log.drive(beam(30, 0.9, look_closer=0, patience=0, max_size=5))
    assert found.note == "No sufficient patch set of at most 5 patches was found."
    assert all(m.bit_count() <= 5 or m == (1 << 30) - 1 for m in log.masks(exact=False))


def test_what_the_descents_find_is_not_larger_than_allowed() -> None:
    found = drive(beam(30, 0.9, max_size=5), needs_seven_of_ten)
    assert found.note == "No sufficient patch set of at most 5 patches was found."


def test_nothing_found_says_so() -> None:
    found = drive(beam(5, 0.9, max_size=3), lambda masks: [0.1] * len(masks))
    assert (found.sets, found.note) == ((), "No sufficient patch set of at most 3 patches was found.")


def test_sets_larger_than_allowed_are_not_returned() -> None:
    assert drive(beam(6, 1.0, **{**FULL, "max_size": 2}), dnf(mask(0, 1, 2))).sets == ()


def test_a_baseline_that_suffices_has_no_explanation() -> None:
    found = drive(beam(5, 0.3), lambda masks: [0.4] * len(masks))
    assert found.sets == ()
    assert found.note == "The baseline alone, without any patch, is already sufficient."


def test_enough_explanations_end_the_search() -> None:
    game = dnf(*(mask(i, i + 1) for i in range(0, 16, 2)))
    found = drive(beam(16, 1.0, max_mses=3), game)
    assert len(found.sets) == 3
    assert found.note == "Stopped after 3 explanations (max_mses = 3)."


def test_a_set_float32_does_not_confirm_leaves_a_note() -> None:
    # Screening is sure of {2}; float32 is not, and there is nothing else.
    found = twin.Log(
        lambda masks: [0.1] * len(masks), screen=lambda masks: [float(m >> 2 & 1) for m in masks]
    ).drive(beam(4, 0.9))
    assert (found.sets, found.note) == ((), "No sufficient patch set of at most 4 patches was found.")


def any_three_of_ten(masks: Sequence[int]) -> list[float]:
    """Score patches 0 to 4 a little more than 10 to 14; any three of them suffice for 0.85."""
    strong, weak = mask(0, 1, 2, 3, 4), mask(10, 11, 12, 13, 14)
    return [sigmoid(2.2 * (m & strong).bit_count() + 2 * (m & weak).bit_count() - 4.2) for m in masks]


@pytest.mark.parametrize("overlap", [0, 1])
def test_proposals_find_what_shares_little_with_the_first(overlap: int) -> None:
    def largest(patience: int) -> int:
        options: dict[str, Any] = {"overlap": overlap, "patience": patience, "wanted": 0, "effort": 4}
        sets = drive(beam(20, 0.85, **options), any_three_of_ten).sets
        return len(largest_diverse(sets, overlap))

    assert largest(patience=0) < 3 <= largest(patience=2)


def test_the_rest_of_the_image_is_searched_where_proposals_find_too_little() -> None:
    # Nothing hints at patches 13 to 19, which suffice together and only together.
    def game(masks: Sequence[int]) -> list[float]:
        hidden = mask(*range(13, 20))
        return [max((m & 3).bit_count() / 2, float(m & hidden == hidden)) for m in masks]

    def masks_for(wanted: int) -> list[int]:
        found = drive(beam(20, 0.9, wanted=wanted, overlap=0, max_size=7, effort=50), game)
        return [one.mask for one in found.sets]

    assert masks_for(wanted=0) == [mask(0, 1)]
    assert masks_for(wanted=2) == [mask(0, 1), mask(*range(13, 20))]


def test_proposals_look_for_smaller_ones_too() -> None:
    # {0, 1, 2, 3} is met first: its patches show something alone, those of {4, 5, 6} only together.
    def game(masks: Sequence[int]) -> list[float]:
        return [max((m & 15).bit_count() / 4, 0.2 * (m & 112).bit_count() ** 1.5) for m in masks]

    smallest = drive(beam(12, 0.9, beam_width=1, candidates=2), game).sets[0]
    assert smallest.mask == mask(4, 5, 6)


def test_looking_for_different_ones_ends_with_the_effort_and_says_so() -> None:
    def search(effort: int) -> tuple[Found, twin.Log]:
        log = twin.Log(any_three_of_ten)
        return log.drive(beam(20, 0.85, effort=effort, max_mses=1000, wanted=1000, patience=1000)), log

    few, short = search(effort=1)
    many, long = search(effort=4)
    assert short.distinct < long.distinct
    assert len(few.sets) <= len(many.sets)
    assert few.note == f"Looked for different ones until {few.n_scored} sets were scored (effort = 1)."


def test_enough_are_harvested() -> None:
    game = dnf(*(mask(i, i + 1) for i in range(0, 16, 2)))
    assert len(drive(beam(16, 1.0, harvest=2, patience=0), game).sets) == 2


@pytest.mark.parametrize("budget", [1, 60, 120, 300])
def test_budget_ends_a_search_that_finds_nothing_within_one_level(budget: int) -> None:
    log = twin.Log(lambda masks: [m.bit_count() / 1000 for m in masks])
    found = log.drive(beam(36, 0.9, max_forwards=budget, beam_width=3, candidates=10, n_random=16))
    probes = 2 + 36
    assert log.distinct < max(probes + 1, budget + 36 + 16 + 1)
    assert found.note == f"Stopped after {log.distinct} scored patch sets (max_forwards = {budget})."


def test_budget_does_not_lose_a_set_at_hand() -> None:
    found = drive(beam(9, 1.0, max_forwards=1), dnf(mask(4)))
    assert [one.mask for one in found.sets] == [mask(4)]
    assert found.note.startswith("Stopped after")


@pytest.mark.parametrize(
    "option",
    [
        "beam_width",
        "candidates",
        "max_size",
        "max_mses",
        "max_forwards",
        "harvest",
        "descents",
        "per_round",
        "effort",
    ],
)
def test_options_below_one(option: str) -> None:
    with pytest.raises(ConfigError, match=option):
        drive(beam(4, 1.0, **{option: 0}), dnf(1))


def test_grid_of_256_patches() -> None:
    game = dnf(mask(0, 255), mask(17, 40, 200))
    found = drive(beam(256, 1.0, candidates=20), game)
    assert mask(0, 255) in {one.mask for one in found.sets}


def test_registry_describes_every_search() -> None:
    for entry in SEARCHES:
        assert entry.title
        assert entry.reference
        assert entry.doc
