"""Enumeration: every set once, none that contains a known one, never a list of all."""

from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gallery.errors import ConfigError
from gallery.explain.search._enumerate import check_affordable, n_subsets, portions, subsets_free_of
from tests.explain.search import twin


@given(st.sets(st.integers(1, 2**7 - 1), max_size=5), st.integers(1, 7))
@settings(max_examples=60)
def test_sets_of_one_size_without_those_that_contain_a_known_one(found: set[int], size: int) -> None:
    wanted = [m for m in twin.all_masks(7) if m.bit_count() == size and not any(f & m == f for f in found)]
    masks = list(subsets_free_of(found, 7, size))
    assert len(masks) == len(set(masks))
    assert sorted(masks) == sorted(wanted)


def test_the_counts_of_a_seven_by_seven_grid() -> None:
    assert [n_subsets(49, range(1, k + 1)) for k in (1, 2, 3, 4)] == [49, 1225, 19649, 231525]
    assert sum(1 for _ in subsets_free_of([], 49, 3)) == 18424


def test_large_grids_are_enumerated_lazily() -> None:
    first = next(portions(subsets_free_of([], 256, 128), 10))
    assert len(first) == 10
    assert all(mask.bit_count() == 128 for mask in first)


def test_portions() -> None:
    assert list(portions(range(7), 3)) == [[0, 1, 2], [3, 4, 5], [6]]
    assert list(portions(islice(iter([1, 2]), 0))) == []


def test_more_sets_than_allowed_are_refused_unless_a_budget_bounds_them() -> None:
    with pytest.raises(ConfigError, match=r"2,796,416 patch sets .* refuse_above = 1,000,000"):
        check_affordable(n_subsets(256, range(1, 4)), 0, 1_000_000)
    check_affordable(10**30, 1000, 1_000_000)
    check_affordable(1_000_000, 0, 1_000_000)
    with pytest.raises(ConfigError, match="refuse_above"):
        check_affordable(10**30, 1_000_001, 1_000_000)
