"""Choose explanations that differ: the largest set whose members share at most t patches, exactly."""

from collections.abc import Sequence

from gallery.explain.search._base import FoundSet


def largest_diverse(found: Sequence[FoundSet], overlap: int) -> tuple[int, ...]:
    """Return the largest set of explanations that pairwise share at most ``overlap`` patches.

    A maximum-weight clique of the compatibility graph: every explanation weighs one unit plus its confidence
    scaled far below a unit, so size decides first and total confidence second; among equals the
    lexicographically smallest index tuple in the given order wins.

    Args:
        found: Candidate explanations, in printed order.
        overlap: Patches two chosen sets may share, >= 0.

    Returns:
        Indices into ``found``, ascending.

    Cost:
        Branch and bound over bit sets with a colouring bound; exponential at worst.
    """
    n = len(found)
    unit = 10**6 * (n + 1)
    weights = [unit + round(one.probability * 10**6) for one in found]
    allowed = [
        sum(1 << j for j in range(n) if j != i and (found[i].mask & found[j].mask).bit_count() <= overlap)
        for i in range(n)
    ]
    best_weight, best = 0, 0

    def bound(open_: int) -> int:
        """Return the total weight of the heaviest member of each colour class of ``open_``."""
        total = 0
        while open_:
            colour, heaviest = open_, 0
            while colour:
                vertex = colour & -colour
                i = vertex.bit_length() - 1
                heaviest = max(heaviest, weights[i])
                open_ &= ~vertex
                colour &= ~vertex & ~allowed[i]
            total += heaviest
        return total

    branches = [(0, 0, (1 << n) - 1)]
    while branches:
        chosen, weight, open_ = branches.pop()
        if weight > best_weight:
            best_weight, best = weight, chosen
        if open_ and weight + bound(open_) > best_weight:
            vertex = open_ & -open_
            i = vertex.bit_length() - 1
            open_ &= ~vertex
            # With the vertex first: the earliest of equally good sets is then met first, and kept.
            branches += [(chosen, weight, open_), (chosen | vertex, weight + weights[i], open_ & allowed[i])]
    return tuple(i for i in range(n) if best >> i & 1)


def choose_roots(found: Sequence[FoundSet], diverse: Sequence[int], n_roots: int) -> tuple[int, ...]:
    """Return at most ``n_roots`` of the ``diverse`` indices that together cover the most patches.

    Chosen one by one: each adds the most new patches; ties go to the one that repeats the fewest, then to the
    more confident, then to the earlier.
    """
    chosen: list[int] = []
    covered = 0
    while len(chosen) < min(n_roots, len(diverse)):
        rest = [i for i in diverse if i not in chosen]
        new = {i: (found[i].mask & ~covered).bit_count() for i in rest}
        repeated = {i: (found[i].mask & covered).bit_count() for i in rest}
        pick = max(rest, key=lambda i: (new[i], -repeated[i], found[i].probability, -i))
        chosen.append(pick)
        covered |= found[pick].mask
    return tuple(sorted(chosen))
