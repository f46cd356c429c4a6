r"""Find minimal sufficient explanations level by level, keeping the best few patch sets of each size.

A patch set is *sufficient* if the classifier, shown only these patches, gives the target at least
$P_h \cdot p(\text{full image})$, and a *minimal sufficient explanation* (MSE) if no patch can be dropped. An
image usually has several.

1. **Guide.** Every patch is scored alone. An additive model of the log-odds, fitted on all scores taken so
   far and fitted again at every level, predicts what a patch set is worth. (`guide` can also be "cells":
   patches ranked by their score alone; "none": all are tried; or a heatmap method such as "igos", whose map
   ranks them for good.)
2. **Levels.** The kept sets are extended by one patch each: of all extensions the most promising are scored
   together, `candidates` per kept set. Equal sets reached from several parents count once. The
   `beam_width` most confident insufficient sets go on to the next level, until `harvest` explanations are
   found.
3. **Harvest.** Sufficient sets are minimised a few at a time, those that differ most from what is known
   first, least harmful patch first, and all subsets of small ones are checked. Sets that contain an MSE
   already found are dropped, because they cannot be minimal.
4. **From above.** Some classifiers need many patches at once, and then small sets say nothing. So the levels
   end as soon as their last gain promises no explanation within `look_closer` more of them. Every
   patch is then scored removed alone, and so are random halves of the grid; and the search descends from the
   whole image, dropping many patches at once, those the model values least. Further descents start from the
   whole image without a few patches that hit every explanation known, until there are `descents` of them:
   what they end in is new.
5. **Differing explanations.** A beam finds near copies. So sets are proposed that share at most `overlap`
   patches with the most diverse explanations known: each grows from one patch by the patches the model
   values most, until it is expected to suffice. The best proposals are scored together, those that suffice
   are minimised, the model is fitted again, and so on until `patience` rounds have brought no gain. If
   fewer than `wanted` differ by then, the search descends from what is left of the image once the known
   ones are taken away. If not even that suffices, it looks no further (for a classifier that more patches
   never put off, there is little left to find). All this ends once the search has scored `effort` times the
   sets that the first explanations took.
6. **Smaller ones.** Where even the smallest explanation is large, the search climbs at one patch less:
   patches of the most confident sets of that size are exchanged for others, those first that the model
   expects most of, until a set suffices or many rounds have found none.

Differs from the official code: sets are deduplicated (its beams fill with copies), the width is exact (it
keeps one more), candidates come from measurements and not from a two-step optimisation, a set is sufficient
at the threshold and not only above it, minimisation does not depend on scan order, and minimality is
verified beyond single deletions.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from gallery.explain.search._base import (
    BASELINE_SUFFICES,
    SEARCHES,
    Found,
    FoundSet,
    Verdicts,
    check_at_least,
    together,
)
from gallery.explain.search._descend import descend, starts_apart, starts_without
from gallery.explain.search._guide import Guide, pick_different
from gallery.explain.search._minimise import check_subsets, minimise, settle
from gallery.explain.search._seek import SeekLimits, diverse_family, gain, seek, shrink
from gallery.explain.search._surrogate import log_odds
from gallery.interfaces import ScoreSteps

AT_ONCE = 2
"""Descents advanced together: their requests fill a batch."""


@SEARCHES.register(
    "beam",
    title="Beam search",
    reference="Shitole et al., One Explanation is Not Enough: Structured Attention Graphs for Image "
    "Classification, NeurIPS 2021, arXiv:2011.06733",
    version=4,
)
def beam(  # noqa: PLR0913
    n_cells: int,
    threshold: float,
    guide_map: Sequence[float] | None = None,
    *,
    guide: str = "surrogate",
    beam_width: int = 4,
    candidates: int = 6,
    max_size: int = 24,
    max_mses: int = 16,
    max_forwards: int = 1200,
    verify_up_to: int = 8,
    harvest: int = 4,
    look_closer: int = 3,
    descents: int = 4,
    n_random: int = 48,
    overlap: int = 1,
    per_round: int = 16,
    patience: int = 2,
    wanted: int = 2,
    effort: int = 2,
    seed: int = 0,
) -> ScoreSteps[Found]:
    """Search for minimal sufficient patch sets.

    Args:
        n_cells: Patches of the grid.
        threshold: Probability from which a set is sufficient, > 0.
        guide_map: For a guide that is a heatmap method: one number per patch, high where it seems to matter.
        guide: What ranks the candidates: "surrogate", "cells", "none", or the name of a heatmap method.
        beam_width: Insufficient sets kept per level, >= 1.
        candidates: Extensions scored per kept set and level, >= 1.
        max_size: Largest set tried.
        max_mses: The search ends once it has this many.
        max_forwards: The search ends at the first chance after this many scored masks, but not before a
            sufficient set at hand has been minimised.
        verify_up_to: All subsets are checked for sets of at most this many patches.
        harvest: The levels end once this many explanations are found, >= 1.
        look_closer: The search goes on from above once the levels promise no explanation within so many
            more; 0: never.
        descents: From above, the search goes on until it has this many explanations, >= 1.
        n_random: Random halves of the grid scored first, >= 0.
        overlap: Patches that differing explanations may share, >= 0.
        per_round: Proposals scored per round, >= 1.
        patience: Rounds without gain after which the search ends; 0: no proposals at all.
        wanted: Differing explanations below which the search also descends from the rest of the image.
        effort: Looking for differing explanations ends at the first chance after the whole search has scored
            this many times the patch sets that its first explanations took, >= 1.
        seed: Of the random halves.

    Returns:
        The sets found, each sufficient and 1-minimal by float32 scores.

    Raises:
        ConfigError: If an option is below its minimum, or the guide lacks its map.

    Cost:
        n_cells + 2 scores for the guide (and as many and n_random again if it looks closer), at most
        beam_width * candidates a level, at most 2 * per_round a round, 40 to 150 a descent, and
        minimisation.
    """
    check_at_least(
        1,
        beam_width=beam_width,
        candidates=candidates,
        max_size=max_size,
        max_mses=max_mses,
        max_forwards=max_forwards,
        harvest=harvest,
        descents=descents,
        per_round=per_round,
        effort=effort,
    )
    limits = _Limits(
        n_cells,
        beam_width,
        candidates,
        min(max_size, n_cells),
        max_mses,
        max_forwards,
        verify_up_to,
        min(harvest, max_mses),
        look_closer,
        min(descents, max_mses),
    )
    verdicts = Verdicts(threshold)
    ranker = Guide(guide, n_cells, guide_map, n_random=n_random, seed=seed)
    yield from ranker.start(verdicts)
    if verdicts.is_sufficient(0):
        return Found((), BASELINE_SUFFICES, n_scored=len(verdicts.scores))
    found: dict[int, FoundSet] = {}
    full = (1 << n_cells) - 1
    if not verdicts.is_sufficient(full):  # a threshold above the whole image leaves nothing to descend from
        limits = replace(limits, look_closer=0)
    yield from _climb(ranker, limits, verdicts, found)
    if limits.look_closer and not found and not limits.are_reached(found, verdicts):
        yield from ranker.look_closer(verdicts)
        yield from _descend_from([full], 1, verdicts, found, limits)
        while found and len(found) < limits.descents and not limits.are_reached(found, verdicts):
            starts = starts_without(found, verdicts, n_cells, per_round)
            if not (yield from _descend_from(starts, AT_ONCE, verdicts, found, limits)):
                break
    # Some images have no others: to look for them must not cost many times what the first took.
    budget = min(max_forwards, effort * len(verdicts.scores))
    limits = replace(limits, max_forwards=budget)
    differing = SeekLimits(overlap, per_round, patience, limits.max_size, max_mses, budget, verify_up_to)
    while found and patience and not limits.are_reached(found, verdicts):
        before = gain(found, diverse_family(found, overlap))
        yield from seek(n_cells, found, verdicts, differing)
        family = diverse_family(found, overlap)
        if len(family) < wanted:
            # One explanation alone is as good a family as any other one, but may leave less room.
            families = [family] if len(family) > 1 else [[mask] for mask in found]
            starts = starts_apart(families, verdicts, n_cells, overlap, per_round)
            yield from _descend_from(starts, 1, verdicts, found, limits)
        if gain(found, diverse_family(found, overlap)) == before:
            break
    yield from shrink(n_cells, found, verdicts, replace(differing, max_forwards=max_forwards))
    sets = yield from settle(found.values(), verdicts, verify_up_to)
    note = replace(limits, max_forwards=max_forwards).note(found, verdicts, n_confirmed=len(sets))
    if not note and sets and len(verdicts.scores) >= budget:
        note = f"Looked for different ones until {len(verdicts.scores)} sets were scored (effort = {effort})."
    return Found(sets, note, n_scored=len(verdicts.scores))


@dataclass(frozen=True)
class _Limits:
    """Where the search stops; fields as the arguments of ``beam``."""

    n_cells: int
    beam_width: int
    candidates: int
    max_size: int
    max_mses: int
    max_forwards: int
    verify_up_to: int
    harvest: int
    look_closer: int
    descents: int

    def are_reached(self, found: dict[int, FoundSet], verdicts: Verdicts) -> bool:
        """Return whether the search has enough explanations, or has spent its scores."""
        return len(found) >= self.max_mses or len(verdicts.scores) >= self.max_forwards

    def note(self, found: dict[int, FoundSet], verdicts: Verdicts, *, n_confirmed: int) -> str:
        """Return why the search ended early, or what it did not find; "" if neither."""
        if len(found) >= self.max_mses:
            return f"Stopped after {n_confirmed} explanations (max_mses = {self.max_mses})."
        if len(verdicts.scores) >= self.max_forwards:
            n = len(verdicts.scores)
            return f"Stopped after {n} scored patch sets (max_forwards = {self.max_forwards})."
        return "" if n_confirmed else f"No sufficient patch set of at most {self.max_size} patches was found."


def _climb(guide: Guide, limits: _Limits, verdicts: Verdicts, found: dict[int, FoundSet]) -> ScoreSteps[None]:
    """Go up level by level and add what is found on the way to ``found``."""
    kept, gap = [0], math.inf
    for size in range(1, limits.max_size + 1):
        level = guide.extensions(
            kept, limits.candidates, verdicts, lambda mask: not _contains_any(mask, found)
        )
        yield from verdicts.ask(level)
        last, gap = gap, min((_gap(mask, verdicts) for mask in level), default=math.inf)
        # The first gain is from nothing to one patch and promises nothing yet.
        if size > 1 and limits.look_closer and not found and gap > limits.look_closer * max(last - gap, 0):
            return
        sufficient = [mask for mask in level if verdicts.is_sufficient(mask)]
        yield from _harvest(sufficient, verdicts, found, limits)
        rest = [m for m in level if not verdicts.is_sufficient(m) and not _contains_any(m, found)]
        kept = sorted(rest, key=lambda mask: (-verdicts.scores[mask], mask))[: limits.beam_width]
        if not kept or len(found) >= limits.harvest or limits.are_reached(found, verdicts):
            return


def _gap(mask: int, verdicts: Verdicts) -> float:
    """Return how far a scored set is below the threshold, in log-odds; not above 0 if it is sufficient."""
    return log_odds(verdicts.threshold) - log_odds(verdicts.scores[mask])


def _harvest(
    sufficient: list[int], verdicts: Verdicts, found: dict[int, FoundSet], limits: _Limits
) -> ScoreSteps[None]:
    """Add to ``found`` the MSEs that ``sufficient`` shrink to, a few at once, until there are enough."""
    while sufficient and len(found) < limits.harvest:
        if found and len(verdicts.scores) >= limits.max_forwards:
            return
        n = min(limits.beam_width, limits.harvest - len(found))
        group = pick_different(sufficient, list(found), verdicts.scores, n)
        minimal = yield from minimise(group, verdicts, is_final=False)
        new = [mask for mask in minimal if mask not in found]
        for one in (yield from check_subsets(new, verdicts, limits.verify_up_to)):
            found[one.mask] = one
        sufficient = [m for m in sufficient if m not in group and not _contains_any(m, found)]


def _descend_from(
    starts: Sequence[int], n: int, verdicts: Verdicts, found: dict[int, FoundSet], limits: _Limits
) -> ScoreSteps[int]:
    """Add to ``found`` what the ``n`` most confident sufficient starts shrink to; return how many are new."""
    yield from verdicts.ask(starts)
    sufficient = sorted(
        filter(verdicts.is_sufficient, starts), key=lambda mask: (-verdicts.scores[mask], mask)
    )
    ends = yield from together([descend(mask, verdicts, limits.n_cells) for mask in sufficient[:n]])
    masks = dict.fromkeys(mask for minimal in ends for mask in minimal if mask.bit_count() <= limits.max_size)
    before = len(found)
    for one in (
        yield from check_subsets([m for m in masks if m not in found], verdicts, limits.verify_up_to)
    ):
        found[one.mask] = one
    return len(found) - before


def _contains_any(mask: int, found: dict[int, FoundSet]) -> bool:
    """Return whether ``mask`` contains a set already found."""
    return any(one & mask == one for one in found)
