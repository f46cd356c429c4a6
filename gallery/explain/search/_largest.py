"""The largest set of patch sets that share few patches: first the most, then the best, then the earliest.

Two patch sets conflict if they share more than ``overlap`` patches, so this is the maximum-weight
independent set of the conflict graph: NP-hard, and exact here. Parts of the graph that do not touch are
solved one by one. Each is given to two exact methods in turn, with growing allowances, until one of them is
done: bit sets (``_packing``), which settle what is crowded, and linear programs (``_relaxation``), which
settle what can be counted. The answer is unique, so it does not matter which one gives it. Allowances are
counts of work, never seconds.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import cache

from gallery.errors import ConfigError
from gallery.explain.search._packing import OutOfWorkError, Packing, members
from gallery.explain.search._relaxation import MICRO, Goal, Relaxation, Steps, clique_rows, counting_rows

WORK = 1_200_000
"""Allowance: items that may be looked at, some tenths of a second."""
LIMIT = 100_000_000
"""Greatest allowance: some minutes until a problem counts as hopeless."""
PROGRAM = 50_000
"""Work that takes about as long as a linear program."""


def largest_packing(masks: Sequence[int], values: Sequence[int], overlap: int) -> tuple[int, ...]:
    """Return the indices of a largest set of ``masks`` that pairwise share at most ``overlap`` patches.

    Args:
        masks: Patch sets.
        values: What each is worth, integers from 0 to a million: of several largest sets, the one with the
            greatest sum is taken, and of these the lexicographically smallest index tuple.
        overlap: Patches two chosen sets may share, >= 0.

    Returns:
        Ascending.

    Raises:
        ConfigError: If the problem is out of reach. Depends on the arguments only, never on the time taken.

    Cost:
        Exponential at worst. Hundreds of explanations of one image take a fraction of a second. Hard are
        hundreds of random sets of one small size over few patches with ``overlap`` >= 1, where the question
        becomes one of combinatorial designs.
    """
    conflicts = _conflicts(masks, overlap)
    order = _crowded_last(conflicts)
    place = {i: p for p, i in enumerate(order)}
    problem = _Problem(
        [masks[i] for i in order],
        [values[i] for i in order],
        [sum(1 << place[j] for j in members(conflicts[i])) for i in order],
        order,
        overlap,
    )
    everything = (1 << len(masks)) - 1
    left = problem.exact.without_dominated(everything, everything)
    chosen = sum(problem.solve(part) for part in problem.exact.components(left))
    return tuple(sorted(order[p] for p in members(chosen)))


def _conflicts(masks: Sequence[int], overlap: int) -> list[int]:
    """Return for each patch set those it shares more than ``overlap`` patches with."""
    conflicts = [0] * len(masks)
    for i, mask in enumerate(masks):
        for j in range(i):
            if (mask & masks[j]).bit_count() > overlap:
                conflicts[i] |= 1 << j
                conflicts[j] |= 1 << i
    return conflicts


def _crowded_last(conflicts: Sequence[int]) -> list[int]:
    """Return an order of the items: last the one with the most conflicts, and so on among the others."""
    degrees = {i: near.bit_count() for i, near in enumerate(conflicts)}
    order = []
    while degrees:
        i = max(degrees, key=lambda i: (degrees[i], i))
        order.append(i)
        del degrees[i]
        for j in members(conflicts[i]):
            if j in degrees:
                degrees[j] -= 1
    return order[::-1]


class _Problem:
    """The items in an order that suits the search; ``earliest`` are their places in the order given."""

    def __init__(
        self,
        masks: Sequence[int],
        values: Sequence[int],
        conflicts: Sequence[int],
        earliest: Sequence[int],
        overlap: int,
    ) -> None:
        n = len(masks)
        unit = (n + 1) * MICRO
        sums = [unit + value for value in values]
        self.masks, self.values, self.overlap, self.unit = masks, values, overlap, unit
        self.by_place = sorted(range(n), key=earliest.__getitem__)
        self.sums = Packing(conflicts, sums)
        self.number = Packing(conflicts, [MICRO] * n)
        # All three criteria as one integer: a binary digit for each item, the earlier the higher.
        self.exact = Packing(
            conflicts, [s << n | 1 << n - 1 - p for s, p in zip(sums, earliest, strict=True)]
        )

    def solve(self, part: int) -> int:
        """Return the best choice from a connected part."""
        if not part & (part - 1):
            return part
        relaxation = cache(lambda: self._relaxation(part))  # made only if needed
        guess = self.number.greedy(part)
        most = _settle(self.number, part, guess, self._most(relaxation, part, guess))
        guess = self.exact.improved(most, part)
        return _settle(self.exact, part, guess, self._best(relaxation, part, guess))

    def _relaxation(self, part: int) -> Relaxation:
        rows = clique_rows(self.exact.conflicts, part) + counting_rows(self.masks, self.overlap, part)
        return Relaxation(len(self.masks), rows)

    def _most(self, relaxation: Callable[[], Relaxation], part: int, guess: int) -> Steps[int]:
        """Find a largest choice by linear programs."""
        goal = Goal(self.number.weights, MICRO, None, self.number, 0)
        found = yield from relaxation().best(goal, part, 0, goal.value(guess))
        return guess if found is None else found

    def _best(self, relaxation: Callable[[], Relaxation], part: int, guess: int) -> Steps[int]:
        """Find the best of the largest choices by linear programs; ``guess`` is one of the largest."""
        goal = Goal(self.values, 1, guess.bit_count(), self.sums, self.unit)
        found = yield from relaxation().best(goal, part, 0, goal.value(guess))
        best = guess if found is None else found
        left = relaxation().reaching(goal, part, goal.value(best))
        try:  # what no bound excludes may be few
            found = self.exact.best(left, self.exact.weight(best), WORK)
        except OutOfWorkError:
            return (yield from relaxation().first(goal, left, best, self.by_place))
        return best if found is None else found


def _settle(packing: Packing, part: int, guess: int, programs: Steps[int]) -> int:
    """Return the heaviest choice, from whichever method has it first."""
    for work in _allowances():
        try:
            found = packing.best(part, packing.weight(guess), work)
        except OutOfWorkError:
            pass
        else:
            return guess if found is None else found
        try:
            for _ in range(work // PROGRAM):
                next(programs)
        except StopIteration as finished:
            chosen: int = finished.value
            return chosen
    raise ConfigError(
        f"The largest diverse selection could not be proved among {part.bit_count()} patch sets that overlap "
        "each other. Lower search.max_mses (or search.max_size), or leave an overlap out of search.overlaps."
    )


def _allowances() -> Iterator[int]:
    """Yield a little work, for what one linear program settles; then ``WORK``, doubled up to ``LIMIT``."""
    yield WORK // 8
    work = WORK
    while work <= LIMIT:
        yield work
        work *= 2
