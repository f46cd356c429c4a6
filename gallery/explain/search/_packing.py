"""The heaviest choice of items that do not conflict, exactly: branch and bound over bit sets.

Items are numbered, sets of items are bit masks, and weights are integers of any size, so nothing is rounded.
``conflicts[i]`` holds the items that cannot be chosen together with item i.

Of a clique of the conflict graph at most one item can be chosen. Items that fit into cliques whose heaviest
members together weigh no more than the solution at hand need not be branched upon (Babel, 1994). Two cliques
and one more item of which no three fit together count for the heavier two (as in Li and Quan's MaxSAT bounds,
AAAI 2010). Where conflicts are rare, items that another can always replace are dropped, and parts that do not
touch are solved one by one.
"""

from collections.abc import Iterator, Sequence

DEEPEST = 600
"""Levels of the search after which it counts as out of work; stays clear of Python's recursion limit."""
SPARSE = 2
"""Conflicts are rare where cliques have fewer than this many members on average."""


class OutOfWorkError(Exception):
    """The answer needs more work than was allowed."""


def members(items: int) -> Iterator[int]:
    """Yield the items of a set, ascending."""
    while items:
        lowest = items & -items
        yield lowest.bit_length() - 1
        items ^= lowest


class Packing:
    """Items with conflicts and weights.

    Attributes:
        conflicts: For each item those it excludes; symmetric, without the item itself.
        weights: For each item, > 0.
        free: For each item those it can be chosen together with.
    """

    def __init__(self, conflicts: Sequence[int], weights: Sequence[int]) -> None:
        everything = (1 << len(conflicts)) - 1
        self.conflicts = conflicts
        self.weights = weights
        self.free = [everything & ~near & ~(1 << i) for i, near in enumerate(conflicts)]
        self._work = 0

    def weight(self, items: int) -> int:
        """Return the total weight of a set."""
        return sum(self.weights[i] for i in members(items))

    def best(self, allowed: int, floor: int, work: int) -> int | None:
        """Return the heaviest subset of ``allowed`` without conflicts, or None if none outweighs ``floor``.

        Args:
            allowed: Items to choose from.
            floor: Weight to exceed; may be negative.
            work: Items the search may look at, counted with repeats.

        Raises:
            OutOfWorkError: If that is not enough, or the search gets too deep. Depends on the arguments only.

        Cost:
            Exponential at worst.
        """
        self._work = work
        return self._solve(allowed, floor, allowed, 0)

    def greedy(self, allowed: int) -> int:
        """Return a good solution: always the item with the fewest conflicts next, then improved."""
        chosen, left = 0, allowed
        conflicts, weights = self.conflicts, self.weights
        while left:
            i = min(members(left), key=lambda i: ((conflicts[i] & left).bit_count(), -weights[i], i))
            chosen |= 1 << i
            left &= self.free[i]
        return self.improved(chosen, allowed)

    def improved(self, chosen: int, allowed: int) -> int:
        """Return a solution to which no item can be added, and none swapped for a heavier one or two."""
        while swap := self._swap(chosen, allowed):
            chosen = chosen & ~swap[0] | swap[1]
        return chosen

    def _swap(self, chosen: int, allowed: int) -> tuple[int, int] | None:
        """Return what to take out and what to put in to gain weight."""
        weights, by_blocker = self.weights, dict[int, int]()
        for i in members(allowed & ~chosen):
            blockers = self.conflicts[i] & chosen
            if not blockers:
                return 0, 1 << i
            if not blockers & (blockers - 1):
                by_blocker[blockers] = by_blocker.get(blockers, 0) | 1 << i
        for blocker, group in by_blocker.items():
            weight = self.weight(blocker)
            for i in members(group):
                if weights[i] > weight:
                    return blocker, 1 << i
                for j in members(group & self.free[i]):
                    if weights[i] + weights[j] > weight:
                        return blocker, 1 << i | 1 << j
        return None

    def without_dominated(self, allowed: int, stale: int) -> int:
        """Return ``allowed`` without the items that another can always replace.

        Item j replaces i if they conflict, j is heavier (or as heavy, with a lower number), and everything
        that j conflicts with conflicts with i. Only items in ``stale``, and what their removal touches, are
        tested.
        """
        conflicts, weights = self.conflicts, self.weights
        while stale:
            touched = 0
            self._work -= stale.bit_count()
            for i in members(stale):
                near, far = conflicts[i] & allowed, allowed & ~(conflicts[i] | 1 << i)
                for j in members(near):
                    better = weights[j] > weights[i] or (weights[j] == weights[i] and j < i)
                    if better and not conflicts[j] & far:
                        allowed &= ~(1 << i)
                        touched |= near
                        break
            stale = touched & allowed
        return allowed

    def components(self, allowed: int) -> list[int]:
        """Return the connected components of the conflict graph of ``allowed``."""
        parts = []
        while allowed:
            part, edge = 0, allowed & -allowed
            while edge:
                part |= edge
                edge = self._near(edge) & allowed & ~part
            parts.append(part)
            allowed &= ~part
        return parts

    def _near(self, items: int) -> int:
        """Return everything that conflicts with any of ``items``."""
        near = 0
        for i in members(items):
            near |= self.conflicts[i]
        return near

    def _solve(self, allowed: int, floor: int, stale: int | None, depth: int) -> int | None:
        """Return what ``best`` does.

        ``stale`` are items to test for domination: 0 if all is tested and connected, None not to look.
        """
        if depth > DEEPEST or self._work < 0:
            raise OutOfWorkError
        if stale:
            allowed = self.without_dominated(allowed, stale)
            parts = self.components(allowed)
            if len(parts) > 1:
                return self._solve_parts(parts, floor, depth)
        if not allowed:
            return 0 if floor < 0 else None
        branch, is_sparse = self._cover(allowed, floor)
        best, rest = None, allowed & ~branch
        for i in members(branch):
            below = rest & self.free[i]
            stale_below = None
            if is_sparse:  # at least one item, so that parts are looked for
                stale_below = (
                    below if stale is None else self._near(allowed & ~below) & below or below & -below
                )
            found = self._solve(below, floor - self.weights[i], stale_below, depth + 1)
            if found is not None:
                best = found | 1 << i
                floor = self.weight(best)
            rest |= 1 << i
        return best

    def _solve_parts(self, parts: list[int], floor: int, depth: int) -> int | None:
        """Return the best of all parts together, small parts first."""
        bounds = {part: self._bound(part) for part in parts}
        to_come, got, chosen = sum(bounds.values()), 0, 0
        for part in sorted(parts, key=lambda part: (part.bit_count(), part)):
            to_come -= bounds[part]
            found = self._solve(part, floor - got - to_come, 0, depth + 1)
            if found is None:
                return None
            got += self.weight(found)
            chosen |= found
        return chosen

    def _clique(self, items: int) -> tuple[int, int]:
        """Return a maximal clique of ``items``, lowest numbers first, and its greatest weight."""
        conflicts, weights, clique, heaviest = self.conflicts, self.weights, 0, 0
        while items:
            lowest = items & -items
            i = lowest.bit_length() - 1
            clique |= lowest
            if weights[i] > heaviest:
                heaviest = weights[i]
            items &= conflicts[i]
        return clique, heaviest

    def _bound(self, items: int) -> int:
        """Return a weight that no solution within ``items`` exceeds."""
        total = 0
        while items:
            clique, heaviest = self._clique(items)
            items &= ~clique
            total += heaviest
        return total

    def _cover(self, allowed: int, budget: int) -> tuple[int, bool]:
        """Return items of which every solution above ``budget`` has one, and whether conflicts are rare.

        What is left without them is covered by cliques, which bound it by ``budget``.
        """
        self._work -= allowed.bit_count()
        weights, branch, left, n_cliques = self.weights, 0, allowed, 0
        cliques: list[tuple[int, int]] = []
        while left:
            clique, heaviest = self._clique(left)
            left &= ~clique
            n_cliques += 1
            heavy = 0
            if heaviest > budget:
                heavy = sum(1 << i for i in members(clique) if weights[i] > budget)
                clique &= ~heavy
                heaviest = max((weights[i] for i in members(clique)), default=0)
            if clique:
                budget -= heaviest
                cliques.append((clique, heaviest))
            for i in members(heavy):
                cost = self._absorb(i, cliques, budget)
                if cost is None:
                    branch |= 1 << i
                else:
                    budget -= cost
        return branch, n_cliques * SPARSE > allowed.bit_count()

    def _absorb(self, i: int, cliques: list[tuple[int, int]], budget: int) -> int | None:
        """Remove two cliques of which no two items fit together with ``i``, and return the extra cost."""
        self._work -= len(cliques)
        weight, near = self.weights[i], self.conflicts[i]
        for p, (first, heaviest) in enumerate(cliques):
            fitting = first & ~near
            if fitting == first or fitting.bit_count() > 2:
                continue
            open_ = 0
            for j in members(fitting):
                open_ |= self.free[j]
            open_ &= ~near
            for q, (second, other) in enumerate(cliques):
                if second & open_ or q == p:
                    continue
                cost = weight - min(weight, heaviest, other)
                if cost <= budget:
                    del cliques[max(p, q)], cliques[min(p, q)]
                    return cost
        return None
