"""The heaviest choice of items that do not conflict, exactly, where cliques alone bound badly.

Branch and bound over linear programs, for conflicts that are mostly counting: of 20 patches only 10 disjoint
pairs can be made, which no small set of cliques shows. A solver only proposes dual values: they are rounded
to integers, and the bound they imply is computed in integers. Weak duality makes it valid whatever they are,
so the solver's tolerances cost time at worst, never correctness.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from importlib import import_module
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from gallery.explain.search._packing import OutOfWorkError, Packing, members
from gallery.interfaces import ResultT

MICRO = 10**6
"""Values are integers, in millionths."""
FINISH = 30_000
"""Work, as in ``Packing.best``, spent on each node before it is branched upon."""
LARGEST_DUAL = 10**12
"""Duals are cut here, so that 64-bit sums cannot overflow."""


@dataclass(frozen=True)
class Row:
    """A constraint: the sum of ``coefficients`` over the chosen items is at most ``limit``."""

    coefficients: dict[int, int]
    limit: int


def clique_rows(conflicts: Sequence[int], allowed: int) -> list[Row]:
    """Return maximal cliques that together contain every conflict of ``allowed``."""
    rows = []
    uncovered = {i: conflicts[i] & allowed for i in members(allowed)}
    for i in uncovered:
        while uncovered[i]:
            clique, fitting = 1 << i, conflicts[i] & allowed
            while fitting:
                pool = fitting & uncovered[i] or fitting
                # The one that leaves the most to go on with.
                _, lowest = max(((conflicts[j] & fitting).bit_count(), -j) for j in members(pool))
                clique |= 1 << -lowest
                fitting &= conflicts[-lowest]
            for j in members(clique):
                uncovered[j] &= ~clique
            rows.append(Row(dict.fromkeys(members(clique), 1), 1))
    return rows


def counting_rows(masks: Sequence[int], overlap: int, allowed: int) -> list[Row]:
    """Return what counting patches implies, rounded down (Chvatal-Gomory cuts).

    Chosen sets with ``overlap`` patches in common share no others: sizes without these add up to the patches
    there are at most, and so do sizes divided by d and rounded down.
    """
    by_core: dict[tuple[int, ...], list[int]] = {}
    for i in members(allowed):
        for core in combinations(members(masks[i]), overlap):
            by_core.setdefault(core, []).append(i)
    rows = []
    for items in by_core.values():
        union = 0
        for i in items:
            union |= masks[i]
        room = union.bit_count() - overlap
        sizes = {i: masks[i].bit_count() - overlap for i in items}
        for d in sorted({size for size in sizes.values() if size > 1}):
            shares = {i: size // d for i, size in sizes.items() if size >= d}
            if len(shares) > 2 and sum(shares.values()) > room // d:
                rows.append(Row(shares, room // d))
    return rows


@dataclass(frozen=True)
class Goal:
    """What is maximised: the sum of ``values``, over a choice of ``count`` items if that is not None.

    Attributes:
        values: Non-negative integers, in millionths.
        grain: All sums are multiples of this.
        count: As many as can be chosen at all, or None.
        packing: The items with the weights ``unit`` + value.
        unit: More than any sum of values, so that numbers decide first; 0 without ``count``.
    """

    values: Sequence[int]
    grain: int
    count: int | None
    packing: Packing
    unit: int

    def value(self, items: int) -> int:
        """Return the sum over ``items``."""
        return sum(self.values[i] for i in members(items))


@dataclass(frozen=True)
class Bound:
    """What a linear program says: no choice exceeds ``limit``, nor one with item i ``limit + costs[i]``.

    ``shares`` is the optimal solution, in [0, 1]: only a hint.
    """

    limit: int
    costs: dict[int, int]
    shares: dict[int, float]


Steps = Generator[None, None, ResultT]
"""Yields after every node, so that whoever runs it can turn to something else."""


class Relaxation:
    """Linear programs over ``rows``."""

    def __init__(self, n_items: int, rows: Sequence[Row]) -> None:
        entries = [(r, i, c) for r, row in enumerate(rows) for i, c in row.coefficients.items()]
        r, i, c = np.array(entries, dtype=np.int64).reshape(-1, 3).T
        sparse = import_module("scipy.sparse")  # slow to import, and rarely needed
        self._rows = sparse.csc_array((c, (r, i)), shape=(len(rows), n_items))
        self._limits = np.array([row.limit for row in rows], dtype=np.int64)

    def best(
        self, goal: Goal, allowed: int, chosen: int, floor: int, enough: int | None = None
    ) -> Steps[int | None]:
        """Return the best choice that contains ``chosen``, or None if none exceeds ``floor``.

        Args:
            goal: What is maximised.
            allowed: Items to choose from, none in conflict with ``chosen``.
            chosen: Items that are taken.
            floor: Value to exceed, ``chosen`` included.
            enough: Stop at the first choice of this value.

        Cost:
            One linear program a node, exponentially many at worst.
        """
        best, stack = None, [(allowed, chosen)]
        while stack:
            yield
            items, taken = stack.pop()
            have = goal.value(taken)
            need = None if goal.count is None else goal.count - taken.bit_count()
            bound = self.bound(goal.values, items, taken, need)
            if bound is None or have + bound.limit // goal.grain * goal.grain <= floor:
                continue
            guess = self._rounded(goal, items, bound)
            if (need is None or guess.bit_count() == need) and have + goal.value(guess) > floor:
                best, floor = taken | guess, have + goal.value(guess)
            items = sum(
                1 << i
                for i, cost in bound.costs.items()
                if have + (bound.limit + min(0, cost)) // goal.grain * goal.grain > floor
            )
            done, found = self._finish(goal, items, goal.unit * (need or 0) + floor - have)
            if found is not None:
                best, floor = taken | found, have + goal.value(found)
            if enough is not None and best is not None and floor >= enough:
                return best
            if not done:
                i = self._branching(goal, items, bound)
                stack += [(items & ~(1 << i), taken), (items & goal.packing.free[i], taken | 1 << i)]
        return best

    def first(self, goal: Goal, allowed: int, best: int, order: Sequence[int]) -> Steps[int]:
        """Return the choice as good as ``best`` whose items come first in ``order``."""
        value, taken = goal.value(best), 0
        for i in order:
            if not allowed >> i & 1:
                continue
            if not best >> i & 1:
                left = allowed & goal.packing.free[i]
                other = yield from self.best(goal, left, taken | 1 << i, value - 1, enough=value)
                if other is None:
                    allowed &= ~(1 << i)
                    continue
                best = other
            taken |= 1 << i
            allowed &= goal.packing.free[i]
        return best

    def reaching(self, goal: Goal, allowed: int, value: int) -> int:
        """Return the items of ``allowed`` that choices of at least ``value`` may contain."""
        bound = self.bound(goal.values, allowed, 0, goal.count)
        return (
            sum(1 << i for i, cost in bound.costs.items() if bound.limit + min(0, cost) >= value)
            if bound
            else 0
        )

    def bound(self, values: Sequence[int], items: int, taken: int, count: int | None) -> Bound | None:
        """Bound the choices of ``count`` of ``items`` (any number if None) that can be added to ``taken``.

        Returns None if there are none.
        """
        columns = list(members(items))
        if count is not None and not 0 < count <= len(columns):
            return None if count else Bound(0, {}, {})
        rows = self._rows[:, columns]
        limits = self._limits - self._rows[:, list(members(taken))].sum(axis=1)
        binding = np.flatnonzero(rows.sum(axis=1) > limits)
        rows, limits = rows.tocsr()[binding], limits[binding]
        if count is not None:
            sparse, one = import_module("scipy.sparse"), np.ones((1, len(columns)), dtype=np.int64)
            rows = sparse.vstack([rows, sparse.csr_array(one), sparse.csr_array(-one)], format="csr")
            limits = np.append(limits, [count, -count])
        worth = np.array([values[i] for i in columns], dtype=np.int64)
        duals, shares = self._solve(rows, limits, worth)
        if duals is None:
            if count is not None and self._most(items, taken) < count:
                return None
            duals = np.zeros(len(limits), dtype=np.int64)
        costs = worth - rows.T @ duals
        limit = int(duals @ limits) + int(costs[costs > 0].sum())
        return Bound(
            limit,
            dict(zip(columns, costs.tolist(), strict=True)),
            dict(zip(columns, shares, strict=True)),
        )

    def _most(self, items: int, taken: int) -> int:
        """Return a number of items that no choice from ``items`` exceeds."""
        bound = self.bound([MICRO] * items.bit_length(), items, taken, None)
        return bound.limit // MICRO if bound else 0

    def _solve(
        self, rows: NDArray[np.int64], limits: NDArray[np.int64], worth: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64] | None, list[float]]:
        """Return dual values in millionths, None if the program is infeasible or fails, and the solution."""
        if not len(limits):
            return np.zeros(0, dtype=np.int64), [1.0] * len(worth)
        result = import_module("scipy.optimize").linprog(
            -worth / MICRO, A_ub=rows.astype(np.float64), b_ub=limits, bounds=(0, 1), method="highs-ds"
        )
        if result.status != 0:
            return None, [0.5] * len(worth)
        duals = np.rint(np.clip(-result.ineqlin.marginals * MICRO, 0, LARGEST_DUAL)).astype(np.int64)
        return duals, [float(share) for share in result.x]

    @staticmethod
    def _rounded(goal: Goal, items: int, bound: Bound) -> int:
        """Return a choice near the linear program's."""
        guess, left = 0, items
        for i in sorted(bound.shares, key=lambda i: (-round(bound.shares[i], 6), i)):
            if left >> i & 1:
                guess |= 1 << i
                left &= goal.packing.free[i]
        return goal.packing.improved(guess, items)

    @staticmethod
    def _branching(goal: Goal, items: int, bound: Bound) -> int:
        """Return the item the linear program nearly takes; of several the one with the most conflicts."""
        conflicts = goal.packing.conflicts

        def rank(i: int) -> tuple[bool, float, int, int]:
            share = round(bound.shares[i], 3)
            return share < 1, share, (conflicts[i] & items).bit_count(), -i

        return max(members(items), key=rank)

    @staticmethod
    def _finish(goal: Goal, items: int, floor: int) -> tuple[bool, int | None]:
        """Try to settle a node without further branching; return whether that worked, and what is better."""
        try:
            return True, goal.packing.best(items, floor, FINISH)
        except OutOfWorkError:
            return False, None
