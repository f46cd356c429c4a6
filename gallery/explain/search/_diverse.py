"""Choose explanations that differ: the largest set whose members share few patches, and the graph's roots."""

from collections.abc import Sequence
from typing import Literal

from gallery.explain.search._base import FoundSet
from gallery.explain.search._largest import largest_packing

Selection = Literal["coverage", "max_min", "first"]
"""How roots are chosen; see ``roots_for``."""


def largest_diverse(found: Sequence[FoundSet], overlap: int) -> tuple[int, ...]:
    """Return the largest set of explanations that pairwise share at most ``overlap`` patches, exactly.

    Size decides first, then total confidence (each rounded to a millionth), then the lexicographically
    smallest index tuple in the given order.

    Args:
        found: Candidate explanations, in printed order.
        overlap: Patches two chosen sets may share, >= 0.

    Returns:
        Indices into ``found``, ascending.

    Raises:
        ConfigError: If the largest set cannot be proved; never for a search's usual output.

    Cost:
        See ``largest_packing``: exponential at worst, a fraction of a second for hundreds of explanations.
    """
    values = [round(one.probability * 10**6) for one in found]
    return largest_packing([one.mask for one in found], values, overlap)


def first_largest(found: Sequence[FoundSet], overlap: int) -> tuple[int, ...]:
    """Return the largest set as ``largest_diverse`` does, but of several the first in the given order.

    What the official SAG code's depth-first search returns (``maximal_overlapThresh_set``): it extends by
    ascending indices and replaces what it has only by more.

    Args:
        found: Candidate explanations, in the order in which they were found.
        overlap: Patches two chosen sets may share, >= 0.

    Returns:
        The lexicographically smallest index tuple of the greatest length.
    """
    return largest_packing([one.mask for one in found], [0] * len(found), overlap)


def greedy_max_min(found: Sequence[FoundSet], n: int) -> tuple[int, ...]:
    """Return at most ``n`` explanations, each sharing as few patches as possible with those before it.

    The first is the most confident of those that share the fewest patches with some other. Then always the
    one whose greatest overlap with those chosen is smallest; ties go to the more confident, then to the
    earlier. This is the rule ``set_filtering`` in the official SAG code, which its released version does not
    call. As there, a set counts as sharing all its patches with itself when the first is looked for.

    Args:
        found: Candidate explanations.
        n: How many to choose, >= 0.

    Returns:
        Indices into ``found``, in the order chosen.
    """
    shared = [[(one.mask & other.mask).bit_count() for other in found] for one in found]
    worst = [min(row) for row in shared]
    chosen: list[int] = []
    while len(chosen) < min(n, len(found)):
        rest = [i for i in range(len(found)) if i not in chosen]
        pick = min(rest, key=lambda i: (worst[i], -found[i].probability, i))
        chosen.append(pick)
        worst = [max(shared[i][j] for j in chosen) for i in range(len(found))]
    return tuple(chosen)


def choose_roots(found: Sequence[FoundSet], diverse: Sequence[int], n_roots: int) -> tuple[int, ...]:
    """Return at most ``n_roots`` of the ``diverse`` indices that together cover the most patches.

    Chosen one by one: each adds the most new patches; ties go to the one that repeats the fewest, then to the
    more confident, then to the earlier.

    Args:
        found: Candidate explanations.
        diverse: Indices into ``found`` to choose from.
        n_roots: How many to choose, >= 0.

    Returns:
        Indices into ``found``, ascending.
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


def roots_for(selection: Selection, found: Sequence[FoundSet], overlap: int, n_roots: int) -> tuple[int, ...]:
    """Return the explanations that become the roots of the attention graph.

    Args:
        selection: ``coverage``: those of ``largest_diverse`` that cover the most. ``first``: the first ones
            of ``first_largest``, as the official SAG code does. ``max_min``: ``greedy_max_min``, which does
            not look at ``overlap``.
        found: Candidate explanations, in printed order; for ``first`` in the order in which they were found.
        overlap: Patches two roots may share, >= 0.
        n_roots: How many to choose at most, >= 0.

    Returns:
        Indices into ``found``, ascending.
    """
    if selection == "max_min":
        return tuple(sorted(greedy_max_min(found, n_roots)))
    if selection == "first":
        return first_largest(found, overlap)[:n_roots]
    return choose_roots(found, largest_diverse(found, overlap), n_roots)
