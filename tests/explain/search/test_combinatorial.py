"""Combinatorial search: the guide's patches, every set of them, and what they shrink to."""

from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gallery.errors import ConfigError
from gallery.explain.search._base import BASELINE_SUFFICES, Found, drive
from gallery.explain.search.combinatorial import combinatorial
from tests.explain.search import twin
from tests.explain.search.games import UNIT, games
from tests.toy import Game, dnf, mask, sigmoid


def masks_of(found: Found) -> set[int]:
    return {one.mask for one in found.sets}


@given(games(6), UNIT.filter(bool), st.integers(1, 6), st.integers(1, 6), st.integers(0, 6))
@settings(max_examples=60)
def test_every_claim_is_true_and_every_sufficient_set_leaves_something(
    game: Game, threshold: float, top: int, size: int, verify_up_to: int
) -> None:
    size = min(size, top)
    log = twin.Log(game)
    found = log.drive(
        combinatorial(6, threshold, guide="none", top=top, size=size, verify_up_to=verify_up_to)
    )
    twin.assert_right(found, game, 6, threshold)
    assert (found.complete_up_to, found.n_scored) == (0, log.distinct)
    if game([0])[0] >= threshold:
        assert found == Found((), BASELINE_SUFFICES, n_scored=1)
        return
    tried = {mask(*cells) for cells in combinations(range(top), size)}
    assert bool(tried & twin.sufficient(game, 6, threshold)) == bool(found.sets)
    assert all(any(m & t == m for t in tried) for m in masks_of(found))
    for one in found.sets:
        assert one.minimality == ("subset-minimal" if one.mask.bit_count() <= verify_up_to else "1-minimal")


def test_the_map_chooses_the_patches() -> None:
    game = dnf(mask(0, 1), mask(5, 6), mask(2, 8))
    found = drive(combinatorial(9, 1.0, (0, 9, 2, 0, 0, 5, 5, 0, 4), guide="igos", top=4, size=3), game)
    assert masks_of(found) == {mask(5, 6)}


def test_equally_ranked_patches_are_taken_in_order() -> None:
    log = twin.Log(dnf(mask(7, 8)))
    log.drive(combinatorial(9, 1.0, (0, 1, 1, 1, 0, 0, 0, 0, 0), guide="igos", top=2, size=2))
    assert set(log.masks(exact=False)) - {mask(*range(9))} == {mask(1, 2)}


@pytest.mark.parametrize("guide", ["cells", "surrogate"])
def test_measured_guides_need_no_map(guide: str) -> None:
    game: Game = lambda masks: [  # noqa: E731
        sigmoid(3 * (m & mask(3, 7, 11)).bit_count() + (m & mask(0, 1)).bit_count() - 8) for m in masks
    ]
    found = drive(combinatorial(12, 0.7, guide=guide, top=3, size=3, n_random=20), game)
    assert masks_of(found) == {mask(3, 7, 11)}


def test_the_defaults_score_four_of_the_best_twenty() -> None:
    log = twin.Log(lambda masks: [0.1] * len(masks))
    found = log.drive(combinatorial(49, 0.9, tuple(range(49))))
    tried = [m for m in log.masks(exact=False) if m.bit_count() == 4]
    assert len(tried) == 4845 == found.n_scored - 2, "and the baseline and the whole image"
    assert found.note == "None of the sets of 4 of the 20 best-ranked patches is sufficient."
    assert all(m & (1 << 29) - 1 == 0 for m in tried)
    assert max(len(request.masks) for request in log.requests) == 4096


def test_small_grids_use_all_patches() -> None:
    assert masks_of(drive(combinatorial(3, 1.0, guide="none"), dnf(mask(0, 2)))) == {mask(0, 2)}


def test_what_float32_does_not_confirm_is_not_returned() -> None:
    log = twin.Log(dnf(mask(0, 1)), screen=lambda masks: [float(m in (3, mask(2, 3))) for m in masks])
    assert masks_of(log.drive(combinatorial(5, 1.0, guide="none", size=2))) == {mask(0, 1)}


def test_limits_are_said() -> None:
    game = dnf(*(mask(i, i + 1) for i in range(0, 10, 2)))
    options: dict[str, Any] = {"guide": "none", "top": 10, "size": 2}
    few = drive(combinatorial(10, 1.0, max_mses=2, **options), game)
    assert [one.mask for one in few.sets] == [mask(0, 1), mask(2, 3)]
    assert few.note == "The first 2 of 5 explanations (max_mses = 2)."
    log = twin.Log(game)
    cut = log.drive(combinatorial(10, 1.0, max_forwards=5, **options))
    assert masks_of(cut) == {mask(0, 1)}
    tried = [m for m in log.masks(exact=False) if m.bit_count() == 2]
    assert tried == [mask(0, 1), mask(0, 2), mask(0, 3)], "after the baseline and the whole image"
    assert cut.note == "Stopped early, best-ranked patches first (max_forwards = 5)."


@pytest.mark.parametrize("guide_map", [None, (1.0, 2.0)])
def test_a_guide_without_a_fitting_map(guide_map: tuple[float, ...] | None) -> None:
    with pytest.raises(ConfigError, match="igos"):
        next(combinatorial(4, 1.0, guide_map))


def test_more_patches_than_there_are_to_choose_from() -> None:
    with pytest.raises(ConfigError, match=r"search.size: 5 .* top = 4"):
        next(combinatorial(9, 1.0, guide="none", top=4, size=5))


def test_too_many_sets_are_refused() -> None:
    with pytest.raises(ConfigError, match="refuse_above"):
        next(combinatorial(49, 1.0, guide="none", top=49, size=8))


@pytest.mark.parametrize("option", ["top", "size", "max_mses", "refuse_above"])
def test_options_below_one(option: str) -> None:
    with pytest.raises(ConfigError, match=rf"search.{option}: must be at least 1"):
        next(combinatorial(4, 1.0, **{"guide": "none", option: 0}))
