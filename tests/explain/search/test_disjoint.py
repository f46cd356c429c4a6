"""Disjoint views: no shared patch, each minimal, and none left over."""

import random
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gallery.errors import ConfigError
from gallery.explain.search._base import BASELINE_SUFFICES, Found, drive
from gallery.explain.search.disjoint import disjoint
from tests.explain.search import twin
from tests.explain.search.games import UNIT, games
from tests.toy import Game, dnf, mask, sigmoid


def masks_of(found: Found) -> set[int]:
    return {one.mask for one in found.sets}


def assert_disjoint_and_maximal(found: Found, game: Game, n: int, threshold: float) -> None:
    """Check that no two views share a patch and that the rest of the image is not sufficient."""
    rest = (1 << n) - 1
    for one in found.sets:
        assert one.mask & rest == one.mask
        rest &= ~one.mask
    assert game([rest])[0] < threshold


@given(games(6), UNIT.filter(bool), st.sampled_from([0, 2, 3, 4]), st.sampled_from([0, 6]))
@settings(max_examples=80)
def test_views_are_disjoint_and_minimal(game: Game, threshold: float, splits: int, verify_up_to: int) -> None:
    log = twin.Log(game)
    found = log.drive(disjoint(6, threshold, splits=splits, verify_up_to=verify_up_to))
    twin.assert_right(found, game, 6, threshold)
    assert (found.complete_up_to, found.n_scored) == (0, log.distinct)
    if game([0])[0] >= threshold:
        assert (found.sets, found.note) == ((), BASELINE_SUFFICES)
        return
    assert_disjoint_and_maximal(found, game, 6, threshold)
    assert bool(found.sets) == (game([63])[0] >= threshold)
    for one in found.sets:
        assert one.minimality == ("subset-minimal" if one.mask.bit_count() <= verify_up_to else "1-minimal")


@given(games(6), st.integers(0, 10**6), UNIT.filter(bool), st.sampled_from([0, 3]))
@settings(max_examples=40)
def test_screening_that_errs_never_reaches_the_result(
    game: Game, seed: int, threshold: float, splits: int
) -> None:
    draw = random.Random(seed)
    wrong = [draw.random() for _ in range(64)]
    log = twin.Log(game, screen=lambda masks: [wrong[m] for m in masks])
    found = log.drive(disjoint(6, threshold, splits=splits, verify_up_to=0))
    masks = [one.mask for one in found.sets]
    assert set(masks) <= twin.one_minimal(game, 6, threshold)
    assert [one.probability for one in found.sets] == game(masks)
    if game([0])[0] < threshold:
        assert_disjoint_and_maximal(found, game, 6, threshold)


def test_one_patch_at_a_time_drops_the_least_harmful_first() -> None:
    # Patch 0 is worth least, then 1; what is left is the most valuable pair.
    value = [0.1, 0.2, 0.5, 0.6]
    game: Game = lambda masks: [sum(v for i, v in enumerate(value) if m >> i & 1) for m in masks]  # noqa: E731
    assert masks_of(drive(disjoint(4, 1.0, splits=0), game)) == {mask(2, 3)}


@pytest.mark.parametrize("splits", [0, 2, 4, 8])
def test_every_disjoint_clause_is_a_view(splits: int) -> None:
    clauses = [mask(0, 9, 14), mask(3), mask(5, 6), mask(1, 2, 10, 15)]
    found = drive(disjoint(16, 1.0, splits=splits), dnf(*clauses))
    assert masks_of(found) == set(clauses)
    assert [one.minimality for one in found.sets] == ["subset-minimal"] * 4
    assert found.note == ""


def test_a_smaller_set_inside_a_view_takes_its_place() -> None:
    # No single patch of {0, 1, 2, 3} can go, but {1, 2} alone suffices.
    good = {mask(0, 1, 2, 3), mask(1, 2)}
    game: Game = lambda masks: [float(m in good) for m in masks]  # noqa: E731
    assert masks_of(drive(disjoint(4, 0.9), game)) == {mask(1, 2)}
    assert masks_of(drive(disjoint(4, 0.9, verify_up_to=3), game)) == {mask(0, 1, 2, 3)}


def additive(n: int, threshold_at: float) -> Game:
    """Return the game of ``n`` patches of random worth that reaches 0.5 at a total of ``threshold_at``."""
    draw = random.Random(n)
    value = [draw.expovariate(1) for _ in range(n)]

    def score(masks: Sequence[int]) -> list[float]:
        return [sigmoid(sum(v for i, v in enumerate(value) if m >> i & 1) - threshold_at) for m in masks]

    return score


def test_splits_save_most_scores() -> None:
    game = additive(49, 8.0)
    whole, split = (drive(disjoint(49, 0.5, splits=splits), game) for splits in (0, 4))
    assert split.n_scored < whole.n_scored / 4
    assert len(split.sets) >= len(whole.sets)


def test_single_patches_cost_half_the_square_of_the_grid() -> None:
    found = drive(disjoint(49, 0.5, splits=0, max_mses=1, verify_up_to=0), additive(49, 20.0))
    assert found.n_scored <= 49 * 50 / 2 + 2


def test_all_parts_of_a_round_are_one_request() -> None:
    log = twin.Log(additive(49, 8.0))
    log.drive(disjoint(49, 0.5, verify_up_to=0))
    assert len(log.requests) < log.distinct / 2


def test_limits_are_said() -> None:
    game = dnf(*(1 << i for i in range(8)))
    few = drive(disjoint(8, 1.0, max_mses=3), game)
    assert len(few.sets) == 3
    assert few.note == "Stopped after 3 explanations (max_mses = 3)."
    cut = drive(disjoint(8, 1.0, max_forwards=3), game)
    assert len(cut.sets) == 1
    assert cut.note == f"Stopped after {cut.n_scored} scored patch sets (max_forwards = 3)."


def test_a_limit_that_is_just_reached_leaves_no_note() -> None:
    assert drive(disjoint(4, 1.0, max_mses=1), dnf(mask(1, 2))).note == ""


def test_an_image_that_is_not_sufficient_itself() -> None:
    found = drive(disjoint(4, 0.9), lambda masks: [0.1] * len(masks))
    assert found == Found((), "The whole image is not sufficient.", n_scored=2)


def test_grid_of_256_patches() -> None:
    found = drive(disjoint(256, 1.0), dnf(mask(0, 255), mask(17, 40, 200)))
    assert masks_of(found) == {mask(0, 255), mask(17, 40, 200)}
    assert found.n_scored < 1000


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"splits": 1}, "search.splits"),
        ({"splits": -1}, "search.splits"),
        ({"max_mses": -1}, "search.max_mses"),
        ({"verify_up_to": -1}, "search.verify_up_to"),
    ],
)
def test_options_out_of_range(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        next(disjoint(4, 1.0, **options))
