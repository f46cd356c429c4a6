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
    Verdicts,
    check_at_least,
    together,
)
from gallery.explain.search._descend import descend, starts_apart, starts_without
from gallery.explain.search._guide import Guide, pick_different
from gallery.explain.search._minimise import minimise, settle
from gallery.explain.search._progress import Limits, Progress
from gallery.explain.search._seek import Proposals, gain, seek, shrink
from gallery.interfaces import ScoreSteps
from gallery.odds import log_odds

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
    limits = Limits(n_cells, min(max_size, n_cells), max_mses, max_forwards, verify_up_to)
    levels = _Levels(beam_width, candidates, min(harvest, max_mses), look_closer)
    proposals = Proposals(overlap, per_round, patience)
    progress = Progress(limits, verdicts := Verdicts(threshold))
    ranker = Guide(guide, n_cells, guide_map, n_random=n_random, seed=seed)
    yield from ranker.start(verdicts)
    if verdicts.is_sufficient(0):
        return Found((), BASELINE_SUFFICES, n_scored=len(verdicts.scores))
    if not verdicts.is_sufficient((1 << n_cells) - 1):  # then there is nothing to descend from
        levels = replace(levels, look_closer=0)
    yield from _climb(ranker, levels, progress)
    if levels.look_closer and not progress.found and not progress.is_over:
        yield from ranker.look_closer(verdicts)
        yield from _from_above(min(descents, max_mses), per_round, progress)
    # Some images have no others: to look for them must not cost many times what the first took.
    budget = min(max_forwards, effort * len(verdicts.scores))
    yield from _differ(replace(progress, limits=replace(limits, max_forwards=budget)), proposals, wanted)
    yield from shrink(progress, per_round)
    sets = yield from settle(progress.found.values(), verdicts, verify_up_to)
    note = progress.note(n_confirmed=len(sets))
    if not note and sets and len(verdicts.scores) >= budget:
        note = f"Looked for different ones until {len(verdicts.scores)} sets were scored (effort = {effort})."
    return Found(sets, note, n_scored=len(verdicts.scores))


@dataclass(frozen=True)
class _Levels:
    """How the search climbs; fields as the arguments of ``beam``."""

    beam_width: int
    candidates: int
    harvest: int
    look_closer: int


def _climb(guide: Guide, levels: _Levels, progress: Progress) -> ScoreSteps[None]:
    """Go up level by level and add what is found on the way."""
    verdicts, found = progress.verdicts, progress.found
    kept, gap = [0], math.inf
    for size in range(1, progress.limits.max_size + 1):
        level = guide.extensions(
            kept, levels.candidates, verdicts, lambda mask: not progress.contains_one(mask)
        )
        yield from verdicts.ask(level)
        last, gap = gap, min((_gap(mask, verdicts) for mask in level), default=math.inf)
        # The first gain is from nothing to one patch and promises nothing yet.
        if size > 1 and levels.look_closer and not found and gap > levels.look_closer * max(last - gap, 0):
            return
        sufficient = [mask for mask in level if verdicts.is_sufficient(mask)]
        yield from _harvest(sufficient, levels, progress)
        rest = [m for m in level if not verdicts.is_sufficient(m) and not progress.contains_one(m)]
        kept = sorted(rest, key=lambda mask: (-verdicts.scores[mask], mask))[: levels.beam_width]
        if not kept or len(found) >= levels.harvest or progress.is_over:
            return


def _gap(mask: int, verdicts: Verdicts) -> float:
    """Return how far a scored set is below the threshold, in log-odds; not above 0 if it is sufficient."""
    return log_odds(verdicts.threshold) - log_odds(verdicts.scores[mask])


def _harvest(sufficient: list[int], levels: _Levels, progress: Progress) -> ScoreSteps[None]:
    """Add the MSEs that ``sufficient`` shrink to, a few at once, until there are enough."""
    verdicts, found = progress.verdicts, progress.found
    while sufficient and len(found) < levels.harvest:
        if found and progress.is_spent:
            return
        n = min(levels.beam_width, levels.harvest - len(found))
        group = pick_different(sufficient, list(found), verdicts.scores, n)
        minimal = yield from minimise(group, verdicts, is_final=False)
        yield from progress.add(minimal)
        sufficient = [m for m in sufficient if m not in group and not progress.contains_one(m)]


def _from_above(wanted: int, n_starts: int, progress: Progress) -> ScoreSteps[None]:
    """Descend from the whole image, then from it without what hits all that is known, to ``wanted`` MSEs."""
    n_cells = progress.limits.n_cells
    yield from _descend_from([(1 << n_cells) - 1], 1, progress)
    while progress.found and len(progress.found) < wanted and not progress.is_over:
        starts = starts_without(progress.found, progress.verdicts, n_cells, n_starts)
        if not (yield from _descend_from(starts, AT_ONCE, progress)):
            return


def _differ(progress: Progress, proposals: Proposals, wanted: int) -> ScoreSteps[None]:
    """Look for different explanations as long as that brings some, from above too if few differ."""
    overlap, n_cells = proposals.overlap, progress.limits.n_cells
    while progress.found and proposals.patience and not progress.is_over:
        before = gain(progress, progress.family(overlap))
        yield from seek(progress, proposals)
        family = progress.family(overlap)
        if len(family) < wanted:
            # One explanation alone is as good a family as any other one, but may leave less room.
            families = [family] if len(family) > 1 else [[mask] for mask in progress.found]
            starts = starts_apart(families, progress.verdicts, n_cells, overlap, proposals.per_round)
            yield from _descend_from(starts, 1, progress)
        if gain(progress, progress.family(overlap)) == before:
            return


def _descend_from(starts: Sequence[int], n: int, progress: Progress) -> ScoreSteps[int]:
    """Add what the ``n`` most confident sufficient starts shrink to; return how many are new."""
    verdicts, limits = progress.verdicts, progress.limits
    yield from verdicts.ask(starts)
    sufficient = sorted(
        filter(verdicts.is_sufficient, starts), key=lambda mask: (-verdicts.scores[mask], mask)
    )
    ends = yield from together([descend(mask, verdicts, limits.n_cells) for mask in sufficient[:n]])
    masks = dict.fromkeys(mask for minimal in ends for mask in minimal if mask.bit_count() <= limits.max_size)
    return (yield from progress.add(masks))
