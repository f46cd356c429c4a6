"""Look for explanations that differ from those found: propose sets the surrogate expects to suffice."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from gallery.explain.search._base import Verdicts
from gallery.explain.search._minimise import minimise
from gallery.explain.search._progress import Progress
from gallery.explain.search._surrogate import Surrogate
from gallery.interfaces import ScoreSteps
from gallery.odds import log_odds
from gallery.records import cells_of

WORTH_A_TRY = 3.0
"""A smaller set is tried if it is expected to miss the threshold by no more than this, in log-odds."""
LARGE = 8
"""Explanations of more patches than this are worth a climb for a smaller one."""
NEAREST = 16
"""Known sets whose neighbours are looked at."""


@dataclass(frozen=True)
class Proposals:
    """How different explanations are looked for; fields as the arguments of ``beam``."""

    overlap: int
    per_round: int
    patience: int


def seek(progress: Progress, proposals: Proposals) -> ScoreSteps[None]:
    """Add explanations that share at most ``overlap`` patches with the most diverse ones known.

    Each round takes the largest selection of known explanations that pairwise share at most ``overlap``
    patches, proposes sets that would extend it and sets smaller than the smallest, scores the best of them
    together, and minimises those that suffice: what they shrink to still extends the selection. Rounds go on
    until ``patience`` of them in a row have brought no gain.

    Cost:
        At most 2 * ``per_round`` scores a round, plus minimisation.
    """
    family, idle = progress.family(proposals.overlap), 0
    while idle < proposals.patience and not progress.is_over:
        surrogate = Surrogate(progress.verdicts, progress.limits.n_cells)
        proposed = _different(family, surrogate, progress, proposals)
        proposed += _smaller(surrogate, progress, proposals.per_round)
        if not proposed:
            return
        before = gain(progress, family)
        yield from _try(proposed, progress)
        family = progress.family(proposals.overlap)
        idle = 0 if gain(progress, family) > before else idle + 1


def shrink(progress: Progress, per_round: int) -> ScoreSteps[None]:
    """Add explanations smaller than the smallest, where that one is large.

    Each round scores the most promising exchanges of one patch in the most confident sets that are one patch
    smaller than the smallest explanation; what it finds more confident is where the next round starts. So the
    search climbs at that size until a set suffices, or as many rounds as the explanation has patches in a
    row have found none. Small explanations are not worth it: their neighbourhood has been scored already.

    Cost:
        At most ``per_round`` scores a round, plus minimisation.
    """
    n_cells, idle = progress.limits.n_cells, 0
    while idle < (size := progress.smallest) and size > LARGE and not progress.is_over:
        proposed = _exchanges(n_cells, size - 1, progress.verdicts, per_round)
        if not proposed:
            return
        yield from _try(proposed, progress)
        idle = 0 if progress.smallest < size else idle + 1


def gain(progress: Progress, family: Sequence[int]) -> tuple[int, int]:
    """Return what rounds are to improve: more different explanations, and a smaller smallest one."""
    return len(family), -progress.smallest


def _try(proposed: Sequence[int], progress: Progress) -> ScoreSteps[None]:
    """Score the sets proposed and add what the sufficient ones shrink to."""
    verdicts = progress.verdicts
    yield from verdicts.ask(proposed)
    good = [mask for mask in proposed if verdicts.is_sufficient(mask)]
    minimal = yield from minimise(good[: progress.n_wanted], verdicts, is_final=False)
    yield from progress.add(minimal)


def _exchanges(n_cells: int, size: int, verdicts: Verdicts, n: int) -> list[int]:
    """Return the ``n`` most promising new sets of ``size`` patches that differ by one from a good known set.

    What is expected of an exchange is counted from the known set's own score, which says more than the fit.
    """
    values, expected = Surrogate(verdicts, n_cells).values, dict[int, float]()
    known = [mask for mask in verdicts.scores if mask.bit_count() == size]
    nearest = sorted(known, key=lambda mask: (-verdicts.scores[mask], mask))[:NEAREST]
    for mask in nearest:
        score = log_odds(verdicts.scores[mask])
        for out in cells_of(mask):
            rest, left = mask & ~(1 << out), score - values[out]
            for other in range(n_cells):
                if not mask >> other & 1:
                    new = rest | 1 << other
                    expected[new] = max(left + values[other], expected.get(new, left + values[other]))
    unknown = [mask for mask in expected if mask not in verdicts.scores]
    return sorted(unknown, key=lambda mask: (-round(expected[mask], 6), mask))[:n]


def _smaller(surrogate: Surrogate, progress: Progress, n: int) -> list[int]:
    """Return the ``n`` most promising new sets one patch smaller than the smallest explanations.

    Each is one of those with two patches taken away and another one added.
    """
    size = progress.smallest
    if size < 3:  # two patches are found by trying: every pair with a strong patch has been scored
        return []
    sets = {
        rest | 1 << other
        for mask in progress.found
        if mask.bit_count() == size
        for first, second in combinations(cells_of(mask), 2)
        for rest in [mask & ~(1 << first | 1 << second)]
        for other in range(progress.limits.n_cells)
        if not mask >> other & 1
    }
    least = surrogate.edge - WORTH_A_TRY
    scores = progress.verdicts.scores
    new = [mask for mask in sets if mask not in scores and surrogate.predict(mask) >= least]
    return sorted(new, key=lambda mask: (-surrogate.predict(mask), mask))[:n]


def _different(
    family: Sequence[int], surrogate: Surrogate, progress: Progress, proposals: Proposals
) -> list[int]:
    """Return up to ``per_round`` new sets, smallest and most promising first, that share little."""
    order, overlap = surrogate.order(), proposals.overlap
    grown = {_grow(cell, order, family, surrogate, progress, overlap) for cell in order}
    grown = {mask for mask in grown if mask and not progress.contains_one(mask)}
    ranked = sorted(grown, key=lambda mask: (mask.bit_count(), -surrogate.predict(mask), mask))
    chosen: list[int] = []
    for mask in ranked:
        if all((mask & other).bit_count() <= overlap for other in chosen):
            chosen.append(mask)
    # Proposals that share more than allowed can not all gain, but any of them may be the one that suffices.
    chosen += [mask for mask in ranked if mask not in chosen]
    return chosen[: proposals.per_round]


def _grow(
    cell: int,
    order: Sequence[int],
    family: Sequence[int],
    surrogate: Surrogate,
    progress: Progress,
    overlap: int,
) -> int:
    """Return the set that grows from one patch by the most valuable ones allowed, or 0 if there is none.

    It stops growing once the surrogate expects it to suffice and it has not been scored yet: a set known to
    fail goes on growing.
    """
    verdicts, largest = progress.verdicts, progress.limits.max_size
    shared = [member >> cell & 1 for member in family]
    if any(n > overlap for n in shared):
        return 0
    mask, expected = 1 << cell, surrogate.intercept + surrogate.values[cell]
    for other in order:
        if expected >= surrogate.edge and mask not in verdicts.scores:
            return mask
        if mask.bit_count() >= largest or verdicts.scores.get(mask, 0.0) >= verdicts.threshold:
            return 0
        if mask >> other & 1:
            continue
        more = [n + (member >> other & 1) for n, member in zip(shared, family, strict=True)]
        if all(n <= overlap for n in more):
            mask, shared = mask | 1 << other, more
            expected += surrogate.values[other]
    return mask if expected >= surrogate.edge and mask not in verdicts.scores else 0
