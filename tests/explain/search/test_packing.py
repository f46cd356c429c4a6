"""Branch and bound over bit sets against all subsets."""

from itertools import combinations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gallery.explain.search._packing import OutOfWorkError, Packing, members

PLENTY = 10**9


def graph(n: int, edges: set[tuple[int, int]]) -> list[int]:
    """Return the conflicts of ``n`` items."""
    return [sum(1 << j for j in range(n) if (i, j) in edges or (j, i) in edges) for i in range(n)]


def heaviest(conflicts: list[int], weights: list[int], allowed: int) -> int:
    """Return the weight of the best of all subsets without conflicts."""
    items = list(members(allowed))
    return max(
        sum(weights[i] for i in chosen)
        for k in range(len(items) + 1)
        for chosen in combinations(items, k)
        if not any(conflicts[i] >> j & 1 for i, j in combinations(chosen, 2))
    )


@st.composite
def problems(draw: st.DrawFn) -> tuple[list[int], list[int]]:
    """Return conflicts, from none to all, and weights, many of them equal."""
    n = draw(st.integers(1, 11))
    pairs = list(combinations(range(n), 2))
    edges = draw(st.sets(st.sampled_from(pairs))) if pairs else set()
    if draw(st.booleans()):
        edges = set(pairs) - edges
    return graph(n, edges), draw(st.lists(st.integers(1, 5), min_size=n, max_size=n))


@given(problems(), st.integers(0, 2**11 - 1), st.integers(-1, 40))
def test_equals_the_best_of_all_subsets(problem: tuple[list[int], list[int]], some: int, floor: int) -> None:
    conflicts, weights = problem
    allowed = some & (1 << len(weights)) - 1
    packing = Packing(conflicts, weights)
    best, found = heaviest(conflicts, weights, allowed), packing.best(allowed, floor, PLENTY)
    if best <= floor:
        assert found is None
    else:
        assert found is not None
        assert found & ~allowed == 0
        assert not any(conflicts[i] & found for i in members(found))
        assert packing.weight(found) == best


@given(problems())
def test_dominated_items_are_not_needed(problem: tuple[list[int], list[int]]) -> None:
    conflicts, weights = problem
    everything = (1 << len(weights)) - 1
    left = Packing(conflicts, weights).without_dominated(everything, everything)
    assert heaviest(conflicts, weights, left) == heaviest(conflicts, weights, everything)


@given(problems())
def test_greedy_solutions_are_solutions_that_nothing_fits_into(problem: tuple[list[int], list[int]]) -> None:
    conflicts, weights = problem
    everything = (1 << len(weights)) - 1
    chosen = Packing(conflicts, weights).greedy(everything)
    assert not any(conflicts[i] & chosen for i in members(chosen))
    assert all(conflicts[i] & chosen for i in members(everything & ~chosen))


@given(problems())
def test_components_are_apart_and_connected(problem: tuple[list[int], list[int]]) -> None:
    conflicts, weights = problem
    parts = Packing(conflicts, weights).components((1 << len(weights)) - 1)
    assert sum(parts) == (1 << len(weights)) - 1
    for part in parts:
        assert all(not conflicts[i] & ~part for i in members(part))
        reached = part & -part
        for _ in weights:
            for i in members(reached):
                reached |= conflicts[i]
        assert reached == part


@given(problems(), st.integers(0, 200))
def test_a_limit_on_work_is_an_error_or_without_effect(
    problem: tuple[list[int], list[int]], work: int
) -> None:
    conflicts, weights = problem
    packing, everything = Packing(conflicts, weights), (1 << len(weights)) - 1
    try:
        found = packing.best(everything, 0, work)
    except OutOfWorkError:
        assume(False)
    assert found == packing.best(everything, 0, PLENTY)


def test_without_work_there_is_no_answer() -> None:
    with pytest.raises(OutOfWorkError):
        Packing(graph(5, {(0, 1), (1, 2), (2, 3), (3, 4), (4, 0)}), [1] * 5).best(31, 0, 5)


def test_a_search_too_deep_for_the_stack_is_out_of_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gallery.explain.search._packing.DEEPEST", 1)
    ring = graph(12, {(i, (i + 1) % 12) for i in range(12)} | {(i, (i + 5) % 12) for i in range(12)})
    with pytest.raises(OutOfWorkError):
        Packing(ring, [1] * 12).best(2**12 - 1, 0, PLENTY)
