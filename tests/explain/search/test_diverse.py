"""Diverse selection against all subsets, and the choice of roots."""

from importlib import import_module
from itertools import combinations
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gallery.explain.search._base import FoundSet
from gallery.explain.search._diverse import (
    choose_roots,
    first_largest,
    greedy_max_min,
    largest_diverse,
    roots_for,
)
from tests.toy import mask


def sets_of(*masks: int, confidence: float = 0.9) -> list[FoundSet]:
    return [FoundSet(m, confidence, "subset-minimal") for m in masks]


def brute_force(found: list[FoundSet], overlap: int) -> tuple[int, ...]:
    """Return the best of all subsets: most, then most confident (to a millionth), then first in order."""
    fitting = [
        chosen
        for k in range(len(found) + 1)
        for chosen in combinations(range(len(found)), k)
        if all((found[i].mask & found[j].mask).bit_count() <= overlap for i, j in combinations(chosen, 2))
    ]
    return min(fitting, key=lambda c: (-len(c), -sum(round(found[i].probability * 10**6) for i in c), c))


explanations = st.builds(
    FoundSet,
    mask=st.integers(1, 2**10 - 1),
    probability=st.one_of(st.sampled_from([0.5, 0.9]), st.floats(0, 1)),
    minimality=st.just("1-minimal"),
)


@given(st.lists(explanations, max_size=10), st.integers(0, 4))
def test_equals_the_best_of_all_subsets(found: list[FoundSet], overlap: int) -> None:
    assert largest_diverse(found, overlap) == brute_force(found, overlap)


@given(st.lists(explanations, max_size=10), st.integers(0, 3), st.randoms(use_true_random=False))
def test_another_order_chooses_as_much(found: list[FoundSet], overlap: int, random: Random) -> None:
    shuffled = random.sample(found, len(found))

    def worth(found: list[FoundSet]) -> tuple[int, int]:
        chosen = largest_diverse(found, overlap)
        return len(chosen), sum(round(found[i].probability * 10**6) for i in chosen)

    assert worth(shuffled) == worth(found)
    assert largest_diverse(shuffled, overlap) == largest_diverse(shuffled, overlap)


def official_search(found: list[FoundSet], overlap: int, chosen: tuple[int, ...] = ()) -> tuple[int, ...]:
    """Return what depth-first search finds that goes by ascending indices and keeps only what is longer."""
    best = chosen
    for j in range(chosen[-1] + 1 if chosen else 0, len(found)):
        if all((found[i].mask & found[j].mask).bit_count() <= overlap for i in chosen):
            longer = official_search(found, overlap, (*chosen, j))
            best = longer if len(longer) > len(best) else best
    return best


@given(st.lists(explanations, max_size=9), st.integers(0, 3))
def test_the_first_largest_is_what_the_official_depth_first_search_returns(
    found: list[FoundSet], overlap: int
) -> None:
    assert first_largest(found, overlap) == official_search(found, overlap)


def test_the_first_largest_does_not_look_at_confidence() -> None:
    found = [
        FoundSet(mask(0, 1), 0.5, "1-minimal"),
        FoundSet(mask(1, 2), 0.9, "1-minimal"),
        FoundSet(mask(3), 0.5, "1-minimal"),
    ]
    assert first_largest(found, 0) == (0, 2)
    assert largest_diverse(found, 0) == (1, 2)


def test_size_comes_before_confidence() -> None:
    found = [FoundSet(mask(0, 1), 1.0, "1-minimal"), *sets_of(mask(0), mask(1), confidence=0.01)]
    assert largest_diverse(found, 0) == (1, 2)


def test_equal_sizes_are_decided_by_total_confidence() -> None:
    found = [
        FoundSet(mask(0, 1), 0.90, "1-minimal"),
        FoundSet(mask(1, 2), 0.91, "1-minimal"),
        FoundSet(mask(3), 0.5, "1-minimal"),
    ]
    assert largest_diverse(found, 0) == (1, 2)
    assert largest_diverse(found, 1) == (0, 1, 2)


def test_equal_confidence_takes_the_first() -> None:
    assert largest_diverse(sets_of(mask(0, 1), mask(1, 2), mask(2, 3), mask(3, 0)), 0) == (0, 2)


def test_nothing_to_choose_from() -> None:
    assert largest_diverse([], 0) == ()
    assert first_largest([], 0) == ()
    assert greedy_max_min([], 3) == ()
    assert choose_roots([], (), 3) == ()


def test_a_thousand_compatible_sets_do_not_exhaust_the_stack() -> None:
    found = sets_of(*(1 << i for i in range(1000)))
    assert len(largest_diverse(found, 256)) == 1000


@pytest.mark.parametrize("overlap", [0, 1, 2])
def test_sixty_sets_are_within_reach(overlap: int) -> None:
    # Every pair of 12 patches; the largest set without overlap is a perfect matching.
    found = sets_of(*(mask(i, j) for i, j in combinations(range(12), 2)))
    assert len(largest_diverse(found, overlap)) == (6 if overlap == 0 else 66)


def test_roots_cover_the_most_patches() -> None:
    found = sets_of(mask(0, 1), mask(0, 1, 2), mask(2, 3), mask(7, 8))
    assert choose_roots(found, (0, 1, 2, 3), 2) == (1, 3)
    assert choose_roots(found, (0, 2), 1) == (0,)
    assert choose_roots(found, (0, 1, 2, 3), 9) == (0, 1, 2, 3)


def test_roots_with_as_many_new_patches_are_told_apart_by_repeats_then_confidence_then_order() -> None:
    found = [
        FoundSet(mask(0, 1, 2), 0.9, "1-minimal"),
        FoundSet(mask(0, 1, 3), 0.99, "1-minimal"),  # one new patch, two repeats
        FoundSet(mask(0, 4), 0.8, "1-minimal"),  # one new patch, one repeat
        FoundSet(mask(0, 5), 0.85, "1-minimal"),
        FoundSet(mask(1, 6), 0.85, "1-minimal"),
    ]
    assert choose_roots(found[:3], (0, 1, 2), 1) == (1,)
    assert choose_roots([found[0], *found[2:]], (0, 1, 2, 3), 2) == (0, 2)
    low = [FoundSet(mask(0, 1, 2), 1.0, "1-minimal"), *found[1:]]
    assert choose_roots(low, (0, 1, 2), 2) == (0, 2)


def worst_first(found: list[FoundSet], n: int) -> tuple[int, ...]:
    """Return the max-min choice word by word: smallest worst overlap, most confident, earliest."""

    def overlaps(i: int, others: list[int]) -> list[int]:
        return [(found[i].mask & found[j].mask).bit_count() for j in others]

    chosen: list[int] = []
    while len(chosen) < n and len(chosen) < len(found):
        rest = [i for i in range(len(found)) if i not in chosen]
        worst = {i: max(overlaps(i, chosen)) if chosen else min(overlaps(i, rest)) for i in rest}
        least = [i for i in rest if worst[i] == min(worst.values())]
        top = max(found[i].probability for i in least)
        chosen.append(next(i for i in least if found[i].probability == top))
    return tuple(chosen)


@given(st.lists(explanations, max_size=8), st.integers(0, 9))
def test_max_min_is_greedy(found: list[FoundSet], n: int) -> None:
    assert greedy_max_min(found, n) == worst_first(found, n)


def test_max_min_starts_with_the_most_confident_of_those_apart() -> None:
    found = [
        FoundSet(mask(0, 1, 2), 0.99, "1-minimal"),  # shares a patch with all
        FoundSet(mask(0, 3), 0.8, "1-minimal"),
        FoundSet(mask(1, 4), 0.9, "1-minimal"),
        FoundSet(mask(2, 3), 0.7, "1-minimal"),
    ]
    assert greedy_max_min(found, 2) == (2, 1)
    assert greedy_max_min(found, 3) == (2, 1, 0)
    assert greedy_max_min(found, 9) == (2, 1, 0, 3)


def test_each_selection_of_roots_is_its_rule() -> None:
    found = [
        FoundSet(mask(0), 0.5, "1-minimal"),
        FoundSet(mask(1, 2), 0.6, "1-minimal"),
        FoundSet(mask(2, 3), 0.9, "1-minimal"),
        FoundSet(mask(4, 5, 6), 0.7, "1-minimal"),
        FoundSet(mask(7), 0.95, "1-minimal"),
    ]
    assert roots_for("first", found, 0, 3) == (0, 1, 3)
    assert roots_for("coverage", found, 0, 2) == (2, 3)
    assert roots_for("max_min", found, 0, 2) == (2, 4)
    assert [roots_for(rule, found, 0, 0) for rule in ("first", "coverage", "max_min")] == [(), (), ()]


def near_copies(n_families: int, n_copies: int, size: int) -> list[FoundSet]:
    """Return families on patches of their own: a core with one patch exchanged for one of ``n_copies``."""
    width = size - 1 + n_copies
    return [
        FoundSet(
            mask(*(family * width + c for c in (*range(size - 1), size - 1 + copy))),
            0.5 + copy / (2 * n_copies),
            "1-minimal",
        )
        for family in range(n_families)
        for copy in range(n_copies)
    ]


@pytest.mark.parametrize("overlap", [0, 1, 2])
def test_three_hundred_near_copies_leave_the_best_of_each_family(overlap: int) -> None:
    found = near_copies(n_families=20, n_copies=15, size=5)
    assert largest_diverse(found, overlap) == tuple(range(14, 300, 15))
    assert first_largest(found, overlap) == tuple(range(0, 300, 15))


@pytest.mark.parametrize(
    ("n", "cells", "overlap"), [(300, 49, 1), (300, 49, 2), (300, 196, 2), (500, 256, 2)]
)
def test_hundreds_of_random_sets_reach_what_a_solver_proves(n: int, cells: int, overlap: int) -> None:
    random = Random(f"{n} sets of {cells} patches")
    masks = {mask(*random.sample(range(cells), random.randint(2, 15))) for _ in range(n)}
    found = [FoundSet(m, random.uniform(0.5, 1), "1-minimal") for m in sorted(masks)]
    chosen = largest_diverse(found, overlap)
    pairs = combinations(chosen, 2)
    assert all((found[i].mask & found[j].mask).bit_count() <= overlap for i, j in pairs)
    assert len(chosen) == most_by_integer_program([one.mask for one in found], overlap)


def most_by_integer_program(masks: list[int], overlap: int) -> int:
    """Return the greatest number of sets: no (overlap + 1) patches may be in two of them."""
    holders: dict[tuple[int, ...], set[int]] = {}
    for i, one in enumerate(masks):
        for shared in combinations([c for c in range(256) if one >> c & 1], overlap + 1):
            holders.setdefault(shared, set()).add(i)
    rows = sorted({tuple(sorted(held)) for held in holders.values() if len(held) > 1})
    matrix = np.zeros((len(rows), len(masks)))
    for row, held in enumerate(rows):
        matrix[row, list(held)] = 1
    optimize = import_module("scipy.optimize")
    answer = optimize.milp(
        -np.ones(len(masks)),
        constraints=optimize.LinearConstraint(matrix, -np.inf, 1),
        integrality=np.ones(len(masks)),
        bounds=optimize.Bounds(0, 1),
    )
    assert answer.status == 0
    return round(-float(answer.fun))
