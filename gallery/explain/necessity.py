r"""Which patches the prediction cannot do without: minimal deletion sets, single patches, and pairs.

A *deletion set* is a set of patches whose removal from the whole image *breaks* the prediction: what is
left has $p < P_b \cdot p(\text{full image})$. It is *minimal* if no patch of it can be put back. This is the
search for minimal sufficient explanations (MSEs) seen in a mirror: a patch set is what is removed, and it is
good enough if the probability is low. If confidence could only fall when patches are taken away, the minimal
deletion sets would be exactly the *minimal hitting sets* of all MSEs: choices of patches that share at least
one with every MSE, none of them superfluous. Real classifiers are not that orderly, so every deletion set is
measured.

1. **Measurements.** Nothing kept, every patch alone, every patch removed alone; then all pairs among the
   patches that take part in most MSEs, for the interaction $p(ab) - p(a) - p(b) + p(\varnothing)$.
2. **Hitting sets.** The smallest minimal hitting sets of the known MSEs are removed from the image. Those
   that break the prediction are minimised, least harmful patch first.
3. **Further sets.** A set that differs from all found avoids at least one patch of each. So some patches,
   enough to spoil every set found, are kept; if removing all others breaks the prediction, another minimal
   set hides among them. Patches are put back as long as the prediction stays broken, those used most first,
   then the least important by an additive model of the log-odds. Bisection finds how many: deletion sets can
   be large, and patch by patch would cost too much. If no such choice breaks the prediction, the search ends;
   of a monotone classifier all minimal deletion sets are then known.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from gallery.errors import ConfigError
from gallery.explain.search._base import BASELINE_SUFFICES, FoundSet, Verdicts
from gallery.explain.search._guide import pick_different
from gallery.explain.search._hitting import hitting_sets
from gallery.explain.search._minimise import check_subsets, confirm, minimise
from gallery.explain.search._surrogate import Surrogate
from gallery.interfaces import ResultT, ScoreRequest, ScoreSteps
from gallery.records import Float32, Interaction, cells_of, mask_of

CANDIDATES = 8
"""Hitting sets of the MSEs that are tried."""
AT_ONCE = 2
"""Hitting sets that are minimised in lock-step."""
SMALL = 20
"""Of a larger set it costs too much to try every patch."""


@dataclass(frozen=True)
class FoundNecessity:
    """What ``necessity`` returns; all probabilities are float32.

    Attributes:
        deletion_sets: Masks of *removed* patches with the probability of what is left, by size, then by
            ascending probability, then by mask.
        participation: (n_cells,) float32 in [0, 1], share of the MSEs that keep each patch; zeros if none.
        alone: (n_cells,) float32, probability when only this patch is kept.
        without: (n_cells,) float32, probability when only this patch is removed.
        p_empty: Probability when nothing is kept.
        interactions: Strongest first, then by patches.
        note: "" or why there are no, or perhaps not all, deletion sets.
    """

    deletion_sets: tuple[FoundSet, ...]
    participation: Float32
    alone: Float32
    without: Float32
    p_empty: float
    interactions: tuple[Interaction, ...]
    note: str = ""


def necessity(  # noqa: PLR0913
    n_cells: int,
    mses: Sequence[int],
    threshold: float,
    *,
    max_sets: int = 8,
    max_forwards: int = 300,
    pairs: int = 10,
    verify_up_to: int = 5,
) -> ScoreSteps[FoundNecessity]:
    """Measure what is necessary, and search for minimal deletion sets.

    Args:
        n_cells: Patches of the grid.
        mses: Known MSEs; where to start, and what participation counts. May be empty.
        threshold: The prediction is broken below this probability, p_break * p_full.
        max_sets: The search ends once it has this many deletion sets.
        max_forwards: The search ends soon after this many scored masks, besides the measurements, the MSEs
            and their single deletions; only the first set at hand is minimised in any case. 0: only single
            patches are returned, which the measurements show.
        pairs: Patches whose pairwise interactions are measured.
        verify_up_to: All subsets are checked for deletion sets of at most this many patches.

    Returns:
        Deletion sets that break the prediction, each of whose patches un-breaks it when put back, by float32
        scores. None if the baseline alone is not below the threshold.

    Raises:
        ConfigError: If n_cells is below 1 or another number below 0.

    Cost:
        2 * n_cells + 2 float32 scores, one for each pair, and those of the search. The MSEs and their single
        deletions are asked for too; whoever found the MSEs has scored them.
    """
    if n_cells < 1 or min(max_sets, max_forwards, pairs, verify_up_to) < 0:
        raise ConfigError("necessity: max_sets, max_forwards, pairs and verify_up_to must be >= 0.")
    full = (1 << n_cells) - 1
    known = Verdicts(threshold)
    alone = [1 << cell for cell in range(n_cells)]
    without = [full & ~mask for mask in alone]
    yield from known.ask([0, full, *alone, *without], exact=True)
    use = [sum(mask >> cell & 1 for mask in mses) for cell in range(n_cells)]
    leading = sorted(range(n_cells), key=lambda cell: (-use[cell], -known.scores[1 << cell], cell))[:pairs]
    interactions = yield from _interactions(sorted(leading), known)

    limits = _Limits(max_sets, max_forwards, verify_up_to)
    sets, note = yield from _deletion_sets(full, mses, known, limits)
    return FoundNecessity(
        deletion_sets=sets,
        participation=np.array(use, dtype=np.float32) / np.float32(max(len(mses), 1)),
        alone=np.array([known.scores[mask] for mask in alone], dtype=np.float32),
        without=np.array([known.scores[mask] for mask in without], dtype=np.float32),
        p_empty=known.scores[0],
        interactions=interactions,
        note=note,
    )


def hits(deletion_set: int, mses: Iterable[int]) -> int:
    """Return how many of ``mses`` share a patch with ``deletion_set``."""
    return sum(1 for mask in mses if mask & deletion_set)


def _interactions(cells: Sequence[int], known: Verdicts) -> ScoreSteps[tuple[Interaction, ...]]:
    """Return the interactions of all pairs of ``cells`` (ascending); single patches are in ``known``."""
    pairs = [(a, b) for i, a in enumerate(cells) for b in cells[i + 1 :]]
    yield from known.ask([1 << a | 1 << b for a, b in pairs], exact=True)
    p = known.scores
    found = [Interaction(a, b, p[1 << a | 1 << b] - p[1 << a] - p[1 << b] + p[0]) for a, b in pairs]
    return tuple(sorted(found, key=lambda one: (-abs(one.value), one.first, one.second)))


@dataclass(frozen=True)
class _Limits:
    """Where the search stops; fields as the arguments of ``necessity``."""

    max_sets: int
    max_forwards: int
    verify_up_to: int


def _deletion_sets(
    full: int, mses: Sequence[int], known: Verdicts, limits: _Limits
) -> ScoreSteps[tuple[tuple[FoundSet, ...], str]]:
    """Return the deletion sets in printed order, and a note."""
    if known.is_sufficient(0):
        return (), f"{BASELINE_SUFFICES} Nothing is necessary."
    if not known.is_sufficient(full):
        return (), "The whole image is already below the threshold."
    # p < threshold, said the way searches say it: -p is at least minus the next number below the threshold.
    edge = -math.nextafter(threshold := known.threshold, -math.inf)
    scores = {full & ~mask: -p for mask, p in known.scores.items()}
    search = _MirrorSearch(full, limits, Verdicts(edge, scores, {full & ~mask for mask in known.exact}))
    found = yield from _mirrored(search.run(mses), full, threshold)
    sets = tuple(FoundSet(one.mask, -one.probability, one.minimality) for one in found)
    return sets[: limits.max_sets], search.note(len(sets))


def _mirrored(steps: ScoreSteps[ResultT], full: int, threshold: float) -> ScoreSteps[ResultT]:
    """Let a search over removed patches, with scores -p, ask a scorer of kept patches."""
    try:
        request = next(steps)
        while True:
            kept = [full & ~removed for removed in request.masks]
            scores = yield ScoreRequest(kept, exact=request.exact, threshold=threshold)
            request = steps.send([-p for p in scores])
    except StopIteration as finished:
        result: ResultT = finished.value
        return result


@dataclass
class _MirrorSearch:
    """The search for deletion sets; masks are removed patches, scores -p, "sufficient" means "breaks".

    Attributes:
        full: All patches.
        limits: Where it stops.
        verdicts: Known scores; extended. The empty set, all sets of one patch and ``full`` must be known.
        found: Deletion sets so far; none contains another found before it.
        n_free: Scores that were there before the search.
    """

    full: int
    limits: _Limits
    verdicts: Verdicts
    found: dict[int, FoundSet] = field(default_factory=dict)
    n_free: int = 0

    @property
    def n_scored(self) -> int:
        """Masks the search itself had scored."""
        return len(self.verdicts.scores) - self.n_free

    @property
    def is_over(self) -> bool:
        """Whether there are enough sets, or the scores are spent."""
        return len(self.found) >= self.limits.max_sets or self.n_scored >= self.limits.max_forwards

    def note(self, n_sets: int) -> str:
        """Return why the search ended early, "" if it did not."""
        if len(self.found) >= self.limits.max_sets:
            n = min(n_sets, self.limits.max_sets)
            return f"Stopped after {n} deletion sets (max_sets = {self.limits.max_sets})."
        if self.is_over:
            n, most = self.n_scored, self.limits.max_forwards
            return f"Stopped after {n} scored patch sets (max_forwards = {most})."
        return ""

    def run(self, mses: Sequence[int]) -> ScoreSteps[tuple[FoundSet, ...]]:
        """Return what was found, confirmed in float32 and ordered."""
        near = [mask & ~(1 << cell) for mask in mses for cell in cells_of(mask)]
        yield from self.verdicts.ask([self.full & ~mask for mask in (*mses, *near)])
        self.n_free = len(self.verdicts.scores)
        for mask in self._breaking(1 << cell for cell in cells_of(self.full)):
            self.found[mask] = FoundSet(mask, self.verdicts.scores[mask], "subset-minimal")
        if not self.is_over:
            yield from self._try_hitting_sets(mses)
        while not self.is_over:
            rests = [self.full & ~kept for kept in hitting_sets(self.found)]
            open_ = [r for r in rests if r not in self.verdicts.scores or self.verdicts.is_sufficient(r)]
            if not open_:
                break
            yield from self.verdicts.ask(open_[:1])
            if self.verdicts.is_sufficient(open_[0]):
                shrunk = yield from self._shrink(open_[0])
                yield from self._add([shrunk] if shrunk else [])
        return (yield from confirm(self.found.values(), self.verdicts))

    def _breaking(self, masks: Iterable[int]) -> list[int]:
        return [mask for mask in masks if self.verdicts.is_sufficient(mask)]

    def _order(self) -> list[int]:
        """Return all patches as they are put back: most used in ``found`` first, then by rising value."""
        kept = {self.full & ~mask: -score for mask, score in self.verdicts.scores.items()}
        by_value = Surrogate(Verdicts(-self.verdicts.threshold, kept), self.full.bit_length()).order()[::-1]
        return sorted(by_value, key=lambda cell: -hits(1 << cell, self.found))

    def _try_hitting_sets(self, mses: Sequence[int]) -> ScoreSteps[None]:
        """Remove small hitting sets of the MSEs and minimise those that break, the most different first."""
        candidates = self._without_found(hitting_sets(mses))[:CANDIDATES]
        yield from self.verdicts.ask(candidates)
        breaking = self._breaking(candidates)
        while breaking and not self.is_over:
            group = pick_different(breaking, list(self.found), self.verdicts.scores, AT_ONCE)
            yield from self._add(group)
            breaking = self._without_found(mask for mask in breaking if mask not in group)

    def _without_found(self, masks: Iterable[int]) -> list[int]:
        return [mask for mask in masks if not any(one & mask == one for one in self.found)]

    def _add(self, breaking: Sequence[int]) -> ScoreSteps[None]:
        """Add what ``breaking`` sets shrink to."""
        minimal = yield from minimise(breaking, self.verdicts)
        for one in (yield from check_subsets(minimal, self.verdicts, self.limits.verify_up_to)):
            self.found[one.mask] = one

    def _shrink(self, mask: int) -> ScoreSteps[int]:
        """Return a subset of ``mask`` from which, by screening scores, no patch can be put back.

        First patches are put back in ``_order``; then, again and again, of those that can be put back one by
        one as many as possible together, the least harmful first. Returns 0 if the scores are spent before
        the end and other deletion sets are known.
        """
        mask = yield from self._put_back(mask, [cell for cell in self._order() if mask >> cell & 1])
        while True:
            parts = {cell: mask & ~(1 << cell) for cell in cells_of(mask)}
            yield from self.verdicts.ask(list(parts.values()))
            scores, harmless = self.verdicts.scores, [c for c in parts if self._breaking([parts[c]])]
            if not harmless:
                return mask
            if self.is_over and self.found:
                return 0
            mask = yield from self._put_back(mask, sorted(harmless, key=lambda cell: -scores[parts[cell]]))

    def _put_back(self, mask: int, order: Sequence[int]) -> ScoreSteps[int]:
        """Return ``mask`` with patches put back in ``order`` as long as what is left still breaks.

        A bisection finds how many patches from the start of ``order`` can be put back. The patch after them
        stays removed, and while more than ``SMALL`` are removed the same is done with the patches after it.
        """
        while True:
            low, high = 0, len(order) + 1
            while high - low > 1:
                middle = (low + high) // 2
                smaller = mask & ~mask_of(order[:middle])
                yield from self.verdicts.ask([smaller])
                low, high = (middle, high) if self.verdicts.is_sufficient(smaller) else (low, middle)
            mask, order = mask & ~mask_of(order[:low]), order[high:]
            if not order or mask.bit_count() <= SMALL:
                return mask
