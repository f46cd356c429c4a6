r"""Find minimal sufficient explanations level by level, keeping the best few patch sets of each size.

A patch set is *sufficient* if the classifier, shown only these patches, gives the target at least
$P_h \cdot p(\text{full image})$, and a *minimal sufficient explanation* (MSE) if no patch can be dropped. An
image usually has several.

1. **Guide.** Every patch is scored alone. An additive model of the log-odds, fitted on all scores taken so
   far and fitted again at every level, predicts what a patch set is worth. (`guide` can also be "cells":
   patches ranked by their score alone; "none": all are tried; or a heatmap method such as "igos", whose map
   ranks them for good.)
2. **Levels.** The kept sets are extended by one patch each: of all extensions the most promising are scored
   together, `candidates` per kept set. Equal sets reached from several parents count once.
3. **Harvest.** Sufficient sets are minimised a few at a time, those that differ most from what is known
   first, least harmful patch first, and all subsets of small ones are checked. Sets that contain an MSE
   already found are dropped, because they cannot be minimal.
4. The `beam_width` most confident insufficient sets go on to the next level, until `harvest` explanations
   are found. If `look_closer` levels have brought none, single patches say too little: every patch is then
   also scored removed alone, and so are random halves of the grid.
5. **Differing explanations.** A beam finds near copies. So sets are proposed that share at most `overlap`
   patches with the most diverse explanations known: each grows from one patch by the patches the model
   values most, until it is expected to suffice. The best proposals are scored together, those that suffice
   are minimised, the model is fitted again, and so on until `patience` rounds have brought no gain. If
   fewer than `wanted` differ by then, the levels are run again for sets apart from those known. All this ends
   once the search has scored `effort` times the sets that the first explanations took.

Differs from the official code: sets are deduplicated (its beams fill with copies), the width is exact (it
keeps one more), candidates come from measurements and not from a two-step optimisation, a set is sufficient
at the threshold and not only above it, minimisation does not depend on scan order, and minimality is
verified beyond single deletions.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from gallery.errors import ConfigError
from gallery.explain.search._base import BASELINE_SUFFICES, SEARCHES, Found, FoundSet, Verdicts
from gallery.explain.search._guide import Guide, pick_different
from gallery.explain.search._minimise import check_subsets, minimise, settle
from gallery.explain.search._seek import SeekLimits, diverse_family, seek
from gallery.interfaces import ScoreSteps


@SEARCHES.register(
    "beam",
    title="Beam search",
    reference="Shitole et al., One Explanation is Not Enough: Structured Attention Graphs for Image "
    "Classification, NeurIPS 2021, arXiv:2011.06733",
    version=2,
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
    look_closer: int = 6,
    n_random: int = 48,
    overlap: int = 1,
    per_round: int = 8,
    patience: int = 2,
    wanted: int = 3,
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
        look_closer: Levels without any explanation after which the guide learns from removals too.
        n_random: Random halves of the grid scored then, >= 0.
        overlap: Patches that differing explanations may share, >= 0.
        per_round: Proposals scored per round, >= 1.
        patience: Rounds without gain after which the search ends; 0: no proposals at all.
        wanted: Differing explanations below which the levels are run again, apart from those known.
        effort: Looking for differing explanations ends at the first chance after the whole search has scored
            this many times the patch sets that its first explanations took, >= 1.
        seed: Of the random halves.

    Returns:
        The sets found, each sufficient and 1-minimal by float32 scores.

    Raises:
        ConfigError: If an option is below its minimum, or the guide lacks its map.

    Cost:
        n_cells + 2 scores for the guide (and as many and n_random again if it looks closer), at most
        beam_width * candidates a level, at most 2 * per_round a round, plus minimisation.
    """
    if min(n_cells, beam_width, candidates, max_size, max_mses, max_forwards, harvest, per_round, effort) < 1:
        raise ConfigError(
            "search: beam_width, candidates, max_size, max_mses, max_forwards, harvest, per_round and effort "
            "must be >= 1."
        )
    limits = _Limits(
        beam_width,
        candidates,
        min(max_size, n_cells),
        max_mses,
        max_forwards,
        verify_up_to,
        min(harvest, max_mses),
        look_closer,
    )
    verdicts = Verdicts(threshold)
    ranker = Guide(guide, n_cells, guide_map, n_random=n_random, seed=seed)
    yield from ranker.start(verdicts)
    if verdicts.is_sufficient(0):
        return Found((), BASELINE_SUFFICES, n_scored=len(verdicts.scores))
    found: dict[int, FoundSet] = {}
    yield from _climb(ranker, limits, verdicts, found)
    # Some images have no others: to look for them must not cost many times what the first took.
    budget = min(max_forwards, effort * len(verdicts.scores))
    limits = replace(limits, max_forwards=budget)
    differing = SeekLimits(overlap, per_round, patience, limits.max_size, max_mses, budget, verify_up_to)
    family: list[int] = []
    while found and patience and not limits.are_reached(found, verdicts):
        yield from seek(n_cells, found, verdicts, differing)
        larger = diverse_family(found, overlap)
        if len(larger) >= wanted or len(larger) == len(family):
            break
        family = larger
        yield from _climb(ranker, limits, verdicts, found, apart_from=family, overlap=overlap)
    sets = yield from settle(found.values(), verdicts, verify_up_to)
    note = replace(limits, max_forwards=max_forwards).note(found, verdicts, n_confirmed=len(sets))
    if not note and sets and len(verdicts.scores) >= budget:
        note = f"Looked for different ones until {len(verdicts.scores)} sets were scored (effort = {effort})."
    return Found(sets, note, n_scored=len(verdicts.scores))


@dataclass(frozen=True)
class _Limits:
    """Where the search stops; fields as the arguments of ``beam``."""

    beam_width: int
    candidates: int
    max_size: int
    max_mses: int
    max_forwards: int
    verify_up_to: int
    harvest: int
    look_closer: int

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


def _climb(
    guide: Guide,
    limits: _Limits,
    verdicts: Verdicts,
    found: dict[int, FoundSet],
    *,
    apart_from: Sequence[int] = (),
    overlap: int = 0,
) -> ScoreSteps[None]:
    """Go up level by level and add what is found on the way to ``found``.

    Sets that share more than ``overlap`` patches with any of ``apart_from`` are left out.
    """

    def is_open(mask: int) -> bool:
        near = any((mask & other).bit_count() > overlap for other in apart_from)
        return not near and not _contains_any(mask, found)

    kept, enough = [0], len(found) + limits.harvest if apart_from else limits.harvest
    for size in range(1, limits.max_size + 1):
        if size == limits.look_closer + 1 and not found:
            yield from guide.look_closer(verdicts)
        level = guide.extensions(kept, limits.candidates, verdicts, is_open)
        yield from verdicts.ask(level)
        sufficient = [mask for mask in level if verdicts.is_sufficient(mask)]
        yield from _harvest(sufficient, verdicts, found, limits, enough)
        rest = [m for m in level if not verdicts.is_sufficient(m) and not _contains_any(m, found)]
        kept = sorted(rest, key=lambda mask: (-verdicts.scores[mask], mask))[: limits.beam_width]
        if not kept or len(found) >= enough or limits.are_reached(found, verdicts):
            return


def _harvest(
    sufficient: list[int], verdicts: Verdicts, found: dict[int, FoundSet], limits: _Limits, enough: int
) -> ScoreSteps[None]:
    """Add to ``found`` the MSEs that ``sufficient`` shrink to, a few at once, until there are enough."""
    while sufficient and len(found) < enough:
        if found and len(verdicts.scores) >= limits.max_forwards:
            return
        n = min(limits.beam_width, enough - len(found))
        group = pick_different(sufficient, list(found), verdicts.scores, n)
        minimal = yield from minimise(group, verdicts, is_final=False)
        new = [mask for mask in minimal if mask not in found]
        for one in (yield from check_subsets(new, verdicts, limits.verify_up_to)):
            found[one.mask] = one
        sufficient = [m for m in sufficient if m not in group and not _contains_any(m, found)]


def _contains_any(mask: int, found: dict[int, FoundSet]) -> bool:
    """Return whether ``mask`` contains a set already found."""
    return any(one & mask == one for one in found)
