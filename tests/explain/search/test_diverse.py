"""Diverse selection against all subsets, and the choice of roots."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gallery.explain.search._base import FoundSet
from gallery.explain.search._diverse import choose_roots, largest_diverse
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
