"""Sets for readers to try: what is wanted, in which order, and where it ends."""

from collections.abc import Sequence
from itertools import combinations, pairwise
from typing import Any

import pytest

from gallery.errors import ConfigError
from gallery.explain.search._base import drive
from gallery.explain.what_if import TopUp, listed, top_up
from gallery.records import mask_of
from tests.explain.search.twin import Log

N = 6
FULL = 2**N - 1
BASIC = {0, FULL, *(1 << i for i in range(N)), *(FULL & ~(1 << i) for i in range(N))}


def score(masks: Sequence[int]) -> list[float]:
    return [mask.bit_count() / N for mask in masks]


def asked(*mses: int, nodes: Sequence[int] = (), known: Sequence[int] = (), **options: int) -> list[int]:
    """Return the masks scored, in order."""
    log = Log(score)
    log.drive(top_up(N, mses, nodes, known, **options))
    assert all(request.exact for request in log.requests)
    return [mask for request in log.requests for mask in request.masks]


def test_every_subset_of_an_mse_is_scored_once() -> None:
    mse = mask_of([0, 2, 3, 5])
    subsets = {mask_of(chosen) for size in range(5) for chosen in combinations([0, 2, 3, 5], size)}
    masks = asked(mse)
    assert len(masks) == len(set(masks))
    assert set(masks) == BASIC | subsets


def test_nodes_and_other_explanations_are_scored() -> None:
    assert set(asked(0b11, 0b1100, nodes=[0b10100])) == BASIC | {0b11, 0b1100, 0b10100}


def test_what_is_known_costs_nothing() -> None:
    assert asked(0b111, known=[*BASIC, 0b111, 0b11]) == [0b110, 0b101]
    assert asked(0b11, known=[*BASIC, 0b11]) == []


def test_single_deletions_of_all_come_before_subsets_of_any() -> None:
    first, second = mask_of([0, 1, 2, 3]), mask_of([2, 3, 4, 5])
    masks = asked(first, second, known=[*BASIC, first, second])
    assert {mask.bit_count() for mask in masks[:8]} == {3}
    assert {mask.bit_count() for mask in masks[8:]} == {2}
    assert all(mask & ~first == 0 for mask in masks[8:14])


@pytest.mark.parametrize("most", [0, 1, 7])
def test_no_more_is_scored_than_allowed_and_the_rest_is_counted(most: int) -> None:
    mse = mask_of([0, 1, 2, 3])
    every = asked(mse)
    assert asked(mse, max_forwards=most) == every[:most]
    topped = drive(top_up(N, [mse], [], [], max_forwards=most), score)
    assert topped.wanted == tuple(every[:most])
    assert topped.note.startswith(f"{len(every) - most} further sets that were wanted were left out")


def test_of_large_explanations_only_single_deletions_are_wanted() -> None:
    large, small = mask_of([0, 1, 2, 3]), mask_of([3, 4, 5])
    known = [*BASIC, large, small]
    masks = asked(small, large, known=known, max_size=3)
    assert set(masks) == {
        mask_of(c) for mse, n in (([3, 4, 5], 2), ([0, 1, 2, 3], 3)) for c in combinations(mse, n)
    }
    topped = drive(top_up(N, [small, large], [], known, max_size=3), score)
    assert topped.note.startswith("Of explanations of more than 3 patches (1 of 2), only")


def test_without_explanations_there_are_still_single_patches() -> None:
    assert set(asked()) == BASIC
    assert drive(top_up(1, [], [], []), score) == TopUp((0, 1))


@pytest.mark.parametrize("options", [{"max_forwards": -1}, {"max_size": -1}])
def test_negative_limits_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="must be >= 0"):
        drive(top_up(N, [], [], [], **options), score)


def test_the_table_keeps_what_was_wanted_and_spreads_the_rest() -> None:
    known = list(range(100))
    assert listed([50, 3], known) == known
    assert listed([50, 3], known, most=2) == [3, 50]
    assert listed([50, 3, 7], known, most=2) == [3, 50]
    some = listed([50, 3], known, most=12)
    assert len(some) == 12
    assert {3, 50} < set(some)
    assert max(b - a for a, b in pairwise(some)) <= 15
