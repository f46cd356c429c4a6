"""Minimal hitting sets against enumeration."""

from hypothesis import given
from hypothesis import strategies as st

from gallery.explain.search._hitting import hitting_sets
from tests.toy import mask


def enumerated(family: list[int], n: int) -> set[int]:
    """Return every minimal hitting set, word by word."""
    hitting = {m for m in range(2**n) if all(m & member for member in family)}
    return {m for m in hitting if not any(other != m and other & m == other for other in hitting)}


@given(st.lists(st.integers(1, 2**7 - 1), max_size=6))
def test_all_minimal_hitting_sets_are_found_in_order_of_size(family: list[int]) -> None:
    found = hitting_sets(family)
    assert len(set(found)) == len(found)
    assert set(found) == enumerated(family, 7)
    assert [m.bit_count() for m in found] == sorted(m.bit_count() for m in found)


@given(st.lists(st.integers(1, 2**7 - 1), max_size=6), st.integers(1, 4))
def test_a_narrow_search_returns_fewer_but_only_minimal_ones(family: list[int], width: int) -> None:
    found = hitting_sets(family, width)
    assert set(found) <= enumerated(family, 7)


def test_width_bounds_the_work_where_there_are_too_many() -> None:
    family = [mask(*range(6 * i, 6 * i + 6)) for i in range(12)]  # 6**12 minimal hitting sets
    found = hitting_sets(family, 20)
    assert 0 < len(found) <= 20
    assert all(m.bit_count() == 12 and all(m & member for member in family) for m in found)


def test_equally_small_ones_come_with_the_most_used_patches_first() -> None:
    family = [mask(0, 1), mask(1, 2), mask(3, 4), mask(3, 5)]
    assert hitting_sets(family)[0] == mask(1, 3)
    assert hitting_sets([mask(4, 2)]) == [mask(2), mask(4)]


def test_nothing_hits_nothing() -> None:
    assert hitting_sets([]) == [0]


def test_the_order_of_the_family_does_not_matter() -> None:
    family = [mask(0, 1, 5), mask(1, 2), mask(3, 4, 0), mask(5, 2)]
    assert hitting_sets(family, 3) == hitting_sets([*family[::-1], family[0]], 3)
