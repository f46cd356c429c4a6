"""Shrinking sufficient sets: greedy by least harm, exact in the end, all subsets checked."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gallery.explain.search._base import FoundSet, Verdicts, drive
from gallery.explain.search._minimise import check_subsets, confirm, minimise, proper_subsets
from gallery.interfaces import ScoreSteps
from tests.explain.search import twin
from tests.toy import Game, dnf, mask


def shrink(masks: list[int], game: Game, threshold: float = 1.0) -> list[int]:
    def steps() -> ScoreSteps[list[int]]:
        verdicts = Verdicts(threshold)
        yield from verdicts.ask([0, *masks])
        return (yield from minimise(masks, verdicts))

    return drive(steps(), game)


def check(masks: list[int], game: Game, threshold: float, largest: int) -> list[FoundSet]:
    def steps() -> ScoreSteps[list[FoundSet]]:
        verdicts = Verdicts(threshold)
        yield from verdicts.ask([0, *masks])
        return (yield from check_subsets(masks, verdicts, largest))

    return drive(steps(), game)


def table(values: list[float]) -> Game:
    """Return the game that looks its scores up; the empty set is worth 0."""
    return lambda masks: [values[m] if m else 0.0 for m in masks]


def test_drops_the_least_harmful_patch_first() -> None:
    # Dropping 0 hurts least at each step, although dropping 2 first would also do.
    worth = {
        mask(0, 1, 2): 1.0,
        mask(1, 2): 0.95,
        mask(0, 1): 0.92,
        mask(0, 2): 0.1,
        mask(2): 0.91,
        mask(1): 0.2,
    }
    assert shrink([mask(0, 1, 2)], lambda masks: [worth.get(m, 0.0) for m in masks], 0.9) == [mask(2)]


def test_equal_harm_drops_the_lowest_patch() -> None:
    assert shrink([mask(0, 1, 2)], lambda masks: [float(m != 0) for m in masks]) == [mask(2)]


def test_results_do_not_depend_on_the_order_of_the_sets() -> None:
    game = dnf(mask(0, 1), mask(2, 3, 4), mask(1, 5))
    masks = [m for m in range(64) if game([m]) == [1.0]]
    shuffled = random.Random(0).sample(masks, len(masks))
    assert set(shrink(masks, game)) == set(shrink(shuffled, game)) == {mask(0, 1), mask(2, 3, 4), mask(1, 5)}


@given(st.lists(st.floats(0, 1), min_size=32, max_size=32), st.floats(0.01, 1))
def test_every_result_is_one_minimal_and_inside_a_given_set(values: list[float], threshold: float) -> None:
    game = table(values)
    masks = sorted(twin.sufficient(game, 5, threshold))
    results = shrink(masks, game, threshold)
    assert len(set(results)) == len(results)
    assert set(results) <= twin.one_minimal(game, 5, threshold)
    assert all(any(result & m == result for m in masks) for result in results)
    assert bool(results) == bool(masks)


def test_the_last_word_is_exact() -> None:
    # Screening is sure that no patch of {0, 1} can go; float32 says patch 1 can.
    log = twin.Log(
        lambda masks: [float(bool(m & 1)) for m in masks], screen=lambda masks: [float(m == 3) for m in masks]
    )
    verdicts = Verdicts(0.5)

    def steps() -> ScoreSteps[list[int]]:
        yield from verdicts.ask([0, 3])
        return (yield from minimise([3], verdicts))

    assert log.drive(steps()) == [1]
    assert {1, 2, 0} <= verdicts.exact


def test_all_sets_shrink_in_the_same_rounds() -> None:
    game = dnf(mask(0, 1), mask(4, 5))
    log = twin.Log(game)
    verdicts = Verdicts(1.0)

    def steps() -> ScoreSteps[list[int]]:
        yield from verdicts.ask([0, mask(0, 1, 2, 3), mask(4, 5, 6, 7)])
        return (yield from minimise([mask(0, 1, 2, 3), mask(4, 5, 6, 7)], verdicts))

    assert log.drive(steps()) == [mask(0, 1), mask(4, 5)]
    assert len(log.requests) == 1 + 3 + 1  # the sets; down to 3, to 2, no further; the same in float32


def test_proper_subsets() -> None:
    assert sorted(proper_subsets(mask(0, 2, 3))) == sorted(
        mask(*c) for c in [(0,), (2,), (3,), (0, 2), (0, 3), (2, 3)]
    )
    assert proper_subsets(mask(5)) == []


def test_a_hidden_subset_replaces_a_set_that_is_only_one_minimal() -> None:
    whole, hidden = mask(0, 1, 2, 3), mask(1, 2)
    game: Game = lambda masks: [float(m in {whole, hidden}) for m in masks]  # noqa: E731
    assert check([whole], game, 0.5, 6) == [FoundSet(hidden, 1.0, "subset-minimal")]
    assert check([whole], game, 0.5, 3) == [FoundSet(whole, 1.0, "1-minimal")]


def test_all_smallest_hidden_subsets_are_returned_once() -> None:
    whole = mask(0, 1, 2, 3)
    good = {whole, mask(0, 1), mask(2, 3)}
    other = mask(0, 1, 4, 5)
    game: Game = lambda masks: [float(m in good or m == other) for m in masks]  # noqa: E731
    found = check([whole, other], game, 0.5, 6)
    assert sorted(one.mask for one in found) == sorted([mask(0, 1), mask(2, 3)])


@given(st.lists(st.floats(0, 1), min_size=32, max_size=32), st.floats(0.01, 1), st.integers(0, 5))
def test_labels_are_true_by_enumeration(values: list[float], threshold: float, largest: int) -> None:
    game = table(values)
    start = sorted(twin.one_minimal(game, 5, threshold))
    minimal = twin.subset_minimal(game, 5, threshold)
    for one in check(start, game, threshold, largest):
        assert (one.minimality == "subset-minimal") == (one.mask.bit_count() <= largest)
        assert one.minimality != "subset-minimal" or one.mask in minimal


@pytest.mark.parametrize("order", [1, -1])
def test_confirmation_drops_what_float32_does_not_confirm_and_what_contains_another(order: int) -> None:
    exact = {
        mask(0): 0.4,
        mask(1, 2): 0.9,
        mask(1, 2, 3): 0.95,
        mask(4): 0.6,
        mask(0, 5): 0.7,
        mask(6, 7): 0.9,
    }
    found = [FoundSet(m, 0.99, "1-minimal") for m in exact][::order]
    kept = drive(confirm(found, Verdicts(0.5)), lambda masks: [exact[m] for m in masks])
    assert [(one.mask, one.probability) for one in kept] == [
        (mask(4), 0.6),
        (mask(1, 2), 0.9),
        (mask(6, 7), 0.9),
        (mask(0, 5), 0.7),  # it contains {0}, but {0} is not sufficient
    ]


def test_confirmation_looks_for_subsets_of_any_size() -> None:
    found = [FoundSet(m, 0.9, "1-minimal") for m in (mask(0, 3, 4), mask(1, 2), mask(0), mask(1, 2, 5, 6))]
    kept = drive(confirm(found, Verdicts(0.5)), lambda masks: [0.9] * len(masks))
    assert [one.mask for one in kept] == [mask(0), mask(1, 2)]
