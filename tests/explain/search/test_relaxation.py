"""Branch and bound over linear programs against all subsets, with nothing left to the bit sets."""

from collections.abc import Generator
from itertools import combinations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gallery.explain.search import _relaxation
from gallery.explain.search._packing import Packing, members
from gallery.explain.search._relaxation import MICRO, Goal, Relaxation, clique_rows, counting_rows
from gallery.interfaces import ResultT

UNIT = 100 * MICRO


def run(steps: Generator[None, None, ResultT]) -> ResultT:
    """Run ``steps`` to their end."""
    try:
        while True:
            next(steps)
    except StopIteration as finished:
        result: ResultT = finished.value
        return result


def conflicts_of(masks: list[int], overlap: int) -> list[int]:
    """Return for each set those it shares more than ``overlap`` patches with."""
    return [
        sum(1 << j for j, b in enumerate(masks) if i != j and (a & b).bit_count() > overlap)
        for i, a in enumerate(masks)
    ]


def choices(conflicts: list[int]) -> list[tuple[int, ...]]:
    """Return all sets of items without conflicts."""
    return [
        chosen
        for k in range(len(conflicts) + 1)
        for chosen in combinations(range(len(conflicts)), k)
        if not any(conflicts[i] >> j & 1 for i, j in combinations(chosen, 2))
    ]


masks_of = st.lists(st.integers(1, 2**7 - 1), min_size=1, max_size=9)
few = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(params=[0, 30_000], ids=["branching", "finishing"])
def finish(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_relaxation, "FINISH", request.param)


@few
@pytest.mark.usefixtures("finish")
@given(masks_of, st.integers(0, 2), st.data())
def test_equals_the_best_of_all_choices(masks: list[int], overlap: int, data: st.DataObject) -> None:
    n, conflicts = len(masks), conflicts_of(masks, overlap)
    some = st.integers(0, MICRO) | st.sampled_from([0, MICRO // 2])
    values = data.draw(st.lists(some, min_size=n, max_size=n))
    everything = (1 << n) - 1
    rows = clique_rows(conflicts, everything) + counting_rows(masks, overlap, everything)
    relaxation, every = Relaxation(n, rows), choices(conflicts)

    number = Packing(conflicts, [MICRO] * n)
    most = run(relaxation.best(Goal([MICRO] * n, MICRO, None, number, 0), everything, 0, -1))
    longest = max(len(chosen) for chosen in every)
    assert most is not None
    assert most.bit_count() == longest
    assert tuple(members(most)) in every

    goal = Goal(values, 1, longest, Packing(conflicts, [UNIT + value for value in values]), UNIT)
    best = run(relaxation.best(goal, everything, 0, -1))
    of_the_longest = [chosen for chosen in every if len(chosen) == longest]
    greatest = max(sum(values[i] for i in chosen) for chosen in of_the_longest)
    assert best is not None
    assert tuple(members(best)) in of_the_longest
    assert goal.value(best) == greatest
    assert run(relaxation.best(goal, everything, 0, greatest)) is None

    equal = [chosen for chosen in of_the_longest if sum(values[i] for i in chosen) == greatest]
    left = relaxation.reaching(goal, everything, greatest)
    assert all(left >> i & 1 for chosen in equal for i in chosen)
    first = run(relaxation.first(goal, left, best, range(n)))
    assert tuple(members(first)) == min(equal)


@given(masks_of, st.integers(0, 2))
def test_rows_hold_for_every_choice_and_cover_every_conflict(masks: list[int], overlap: int) -> None:
    conflicts = conflicts_of(masks, overlap)
    everything = (1 << len(masks)) - 1
    cliques = clique_rows(conflicts, everything)
    rows = cliques + counting_rows(masks, overlap, everything)
    for chosen in choices(conflicts):
        assert all(sum(row.coefficients.get(i, 0) for i in chosen) <= row.limit for row in rows)
    covered = {pair for row in cliques for pair in combinations(sorted(row.coefficients), 2)}
    assert covered == {(i, j) for i, near in enumerate(conflicts) for j in members(near) if i < j}


@pytest.mark.parametrize("duals", ["nonsense", "none"])
def test_the_answer_does_not_hang_on_the_solver(duals: str, monkeypatch: pytest.MonkeyPatch) -> None:
    draw = np.random.default_rng(5)

    def unreliable(_: Relaxation, rows: object, limits: list[int], worth: list[int]) -> object:
        shares = [float(share) for share in draw.random(len(worth))]
        return (None if duals == "none" else draw.integers(0, MICRO, len(limits))), shares

    monkeypatch.setattr(Relaxation, "_solve", unreliable)
    monkeypatch.setattr(_relaxation, "FINISH", 0)
    masks = [sum(1 << c for c in pair) for pair in combinations(range(5), 2)]
    conflicts, values = conflicts_of(masks, 0), [MICRO // (i + 1) for i in range(10)]
    goal = Goal(values, 1, 2, Packing(conflicts, [UNIT + value for value in values]), UNIT)
    relaxation = Relaxation(10, clique_rows(conflicts, 2**10 - 1))
    best = run(relaxation.best(goal, 2**10 - 1, 0, -1))
    pairs = [chosen for chosen in choices(conflicts) if len(chosen) == 2]
    assert best is not None
    assert goal.value(best) == max(sum(values[i] for i in chosen) for chosen in pairs)


def test_counting_shows_at_once_that_twenty_patches_make_ten_pairs() -> None:
    masks = [sum(1 << c for c in pair) for pair in combinations(range(20), 2)]
    everything = (1 << 190) - 1
    rows = clique_rows(conflicts_of(masks, 0), everything) + counting_rows(masks, 0, everything)
    bound = Relaxation(190, rows).bound([MICRO] * 190, everything, 0, None)
    assert bound is not None
    assert bound.limit // MICRO == 10
