"""From large sufficient sets down to small ones: where to start, and how to drop many patches at once.

Where single patches say little, because the classifier needs many at once, a search from below gropes in the
dark: all small sets score next to nothing. From above every score says something.
"""

from collections.abc import Iterable, Sequence

from gallery.explain.search._base import Verdicts, single_deletions
from gallery.explain.search._hitting import hitting_sets
from gallery.explain.search._surrogate import Surrogate
from gallery.interfaces import ScoreSteps
from gallery.records import cells_of, mask_of

STEPS = (1, 2, 3, 5, 8, 12, 18, 27, 40, 60, 90, 135, 200)
"""How many patches are tried to be dropped at once."""
FEW = 8
"""Sets of at most this many patches lose them one by one,"""
WIDTH = 3
"""and so many of the most confident sets of each size go on."""


def descend(mask: int, verdicts: Verdicts, n_cells: int) -> ScoreSteps[list[int]]:
    """Return sufficient sets inside ``mask`` from which no single patch can be dropped, largest first.

    Each round fits the surrogate on every score known, orders the patches of the set by what they are worth,
    and scores the set without the first 1, 2, 3, 5, 8, ... of them; the smallest sufficient one goes on.
    Where none is, every single deletion is scored, and the harmless ones are dropped together in the same
    way, most harmless first. The last few patches are dropped one by one, by a beam of the most confident
    sets. (Float32 may still overrule the last verdicts: ``settle`` sees to that.)

    Args:
        mask: A sufficient patch set, already scored in ``verdicts``.
        verdicts: Known scores; extended.
        n_cells: Patches of the grid.

    Cost:
        40 to 150 scores from 49 patches to an MSE.
    """
    while mask.bit_count() > FEW:
        order = Surrogate(verdicts, n_cells).order()[::-1]
        smaller = yield from _without_most(mask, [cell for cell in order if mask >> cell & 1], verdicts)
        if not smaller:
            yield from verdicts.ask(single_deletions(mask))
            harmless = _harmless(mask, verdicts)
            if not harmless:
                return [mask]
            cells = [cell for part in harmless for cell in cells_of(mask & ~part)]
            smaller = (yield from _without_most(mask, cells, verdicts)) or harmless[0]
        mask = smaller
    return (yield from _one_by_one(mask, verdicts))


def _one_by_one(mask: int, verdicts: Verdicts) -> ScoreSteps[list[int]]:
    """Return the minimal sets met on the way down from ``mask``, ``WIDTH`` sets of each size at a time."""
    minimal, level = [], [mask]
    while level:
        yield from verdicts.ask([part for one in level for part in single_deletions(one)])
        smaller: dict[int, None] = {}
        for one in level:
            harmless = _harmless(one, verdicts)
            smaller.update(dict.fromkeys(harmless))
            if not harmless:
                minimal.append(one)
        level = sorted(smaller, key=lambda part: (-verdicts.scores[part], part))[:WIDTH]
    return minimal


def _harmless(mask: int, verdicts: Verdicts) -> list[int]:
    """Return the sufficient ones of all single deletions, most confident first; they must be known."""
    parts = [part for part in single_deletions(mask) if verdicts.is_sufficient(part)]
    return sorted(parts, key=lambda part: (-verdicts.scores[part], part))


def _without_most(mask: int, cells: Sequence[int], verdicts: Verdicts) -> ScoreSteps[int]:
    """Return ``mask`` without as many of its first ``cells`` as it can spare; 0 if it cannot spare one."""
    fitting = [n for n in STEPS if n <= len(cells) and n < mask.bit_count()]
    parts = [mask & ~mask_of(cells[:n]) for n in fitting]
    yield from verdicts.ask(parts)
    return min((part for part in parts if verdicts.is_sufficient(part)), key=int.bit_count, default=0)


def starts_without(found: Iterable[int], verdicts: Verdicts, n_cells: int, n: int) -> list[int]:
    """Return up to ``n`` large sets that contain none of ``found``, most promising first.

    Each is the whole image without a minimal hitting set of ``found``. Whatever is sufficient inside such a
    set is new; and if more patches only ever help, an explanation not found yet lies inside one of them.
    """
    full, surrogate = (1 << n_cells) - 1, Surrogate(verdicts, n_cells)
    starts = [full & ~hitting for hitting in hitting_sets(found)]
    return sorted(starts, key=lambda mask: (-surrogate.predict(mask), mask))[:n]


def starts_apart(
    families: Iterable[Sequence[int]], verdicts: Verdicts, n_cells: int, overlap: int, n: int
) -> list[int]:
    """Return up to ``n`` of the largest sets that share little with a family of explanations, best first.

    They keep every patch that no member has, and of each member its most valuable ones, at most ``overlap``;
    of one member after another, any one patch takes their place.

    Args:
        families: Each at least one patch set; a start is apart from all members of one of them.
        verdicts: Known scores.
        n_cells: Patches of the grid.
        overlap: Patches that may be shared with each member, >= 0.
        n: Most sets returned, those first that the surrogate expects most of.
    """
    surrogate = Surrogate(verdicts, n_cells)
    starts = {start for family in families for start in _apart(family, surrogate, n_cells, overlap)}
    new = [start for start in starts if start and start not in verdicts.scores]
    return sorted(new, key=lambda mask: (-surrogate.predict(mask), mask))[:n]


def _apart(family: Sequence[int], surrogate: Surrogate, n_cells: int, overlap: int) -> list[int]:
    """Return the largest sets that share at most ``overlap`` patches, and not all, with each member."""
    values = surrogate.values
    ranked = [sorted(cells_of(member), key=lambda cell: (-values[cell], cell)) for member in family]
    # Never all of a member: whatever contains it shrinks to it again.
    most = [min(overlap, len(cells) - 1) for cells in ranked]
    best = [mask_of(cells[:n]) for cells, n in zip(ranked, most, strict=True)]
    free = (1 << n_cells) - 1 & ~mask_of(cell for cells in ranked for cell in cells)
    starts: dict[int, None] = {}
    for i, cells in enumerate(ranked):
        others = mask_of(cell for j, top in enumerate(best) if j != i for cell in cells_of(top))
        for choice in [1 << cell for cell in cells] if best[i] else [0]:
            start = free | others | choice
            if all((start & m).bit_count() <= n for m, n in zip(family, most, strict=True)):
                starts[start] = None
    return list(starts) or [free]
