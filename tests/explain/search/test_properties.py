"""What holds for every search, on monotone games and on games without any order."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gallery.explain.search._base import SEARCHES, Found, drive, is_minimal_sufficient
from tests.explain.search import twin
from tests.explain.search.games import UNIT, games, pairwise
from tests.toy import Game, mask

N = 6
FULL: dict[str, Any] = {
    "beam_width": 2**N,
    "candidates": N,
    "max_size": N,
    "max_mses": 2**N,
    "max_forwards": 10**6,
    "verify_up_to": N,
    "harvest": 2**N,
}
NARROW: dict[str, Any] = {"beam_width": 2, "candidates": 2, "n_random": 3, "verify_up_to": 2}
CASES: list[tuple[str, dict[str, Any]]] = [
    ("beam", {}),
    ("beam", {"guide": "none"}),
    ("beam", {"guide": "cells", **NARROW}),
    ("beam", NARROW),
    ("combinatorial", {"guide": "cells", "top": 4, "size": 3}),
    ("combinatorial", {"guide": "none", "size": 5, "verify_up_to": 0}),
    ("disjoint", {}),
    ("disjoint", {"splits": 0, "verify_up_to": 0}),
    ("exhaustive", {}),
    ("exhaustive", {"max_size": N, "exact": False}),
]


def run(name: str, game: Game, threshold: float, options: dict[str, Any], n: int = N) -> Found:
    return drive(SEARCHES[name].call(n, threshold, None, **options), game)


@pytest.mark.parametrize(("name", "options"), CASES)
@given(game=games(N), threshold=UNIT.filter(bool))
@settings(max_examples=25)
def test_results_are_minimal_sufficient_ordered_and_repeatable(
    name: str, options: dict[str, Any], game: Game, threshold: float
) -> None:
    found = run(name, game, threshold, options)
    assert found == run(name, game, threshold, options)
    assert all(is_minimal_sufficient(one.mask, game, threshold) for one in found.sets)
    twin.assert_right(found, game, N, threshold)


@pytest.mark.parametrize(("name", "options"), CASES)
def test_no_mask_is_scored_twice_and_all_are_counted(name: str, options: dict[str, Any]) -> None:
    for seed in range(5):
        log = twin.Log(pairwise(9, seed, is_monotone=bool(seed % 2)))
        found = log.drive(SEARCHES[name].call(9, 0.6, None, **options))
        assert found.n_scored == log.distinct
        # Screened enumeration keeps only what is sufficient, and asks again for the few subsets of that.
        for exact in (False, True) if options.get("exact", True) else (True,):
            masks = log.masks(exact=exact)
            assert len(masks) == len(set(masks))
        assert all(request.masks and request.threshold == 0.6 for request in log.requests)


@given(game=games(N), threshold=UNIT.filter(bool), guide=st.sampled_from(["none", "cells", "surrogate"]))
@settings(max_examples=60)
def test_a_beam_of_full_width_finds_every_subset_minimal_set(
    game: Game, threshold: float, guide: str
) -> None:
    found = run("beam", game, threshold, {**FULL, "guide": guide})
    if game([0])[0] < threshold:
        assert {one.mask for one in found.sets} == twin.subset_minimal(game, N, threshold)


@pytest.mark.parametrize("seed", [0, 1, 2, 3, 5, 7])
def test_searches_agree_where_they_claim_to(seed: int) -> None:
    game = pairwise(N, seed, is_monotone=bool(seed % 2))
    every = {one.mask for one in run("exhaustive", game, 0.6, {"max_size": N}).sets}
    assert every
    assert {one.mask for one in run("beam", game, 0.6, FULL).sets} == every
    assert {one.mask for one in run("disjoint", game, 0.6, {}).sets} <= every
    pairs = {"guide": "none", "size": 2}
    assert {m for m in every if m.bit_count() == 2} <= {
        one.mask for one in run("combinatorial", game, 0.6, pairs).sets
    }


def test_only_a_finished_enumeration_certifies() -> None:
    game: Game = lambda masks: [float(m in (mask(0, 1), mask(2, 3, 4))) for m in masks]  # noqa: E731
    certified = {name: run(name, game, 0.5, options).complete_up_to for name, options in reversed(CASES)}
    assert certified == {"beam": 0, "combinatorial": 0, "disjoint": 0, "exhaustive": 3}
