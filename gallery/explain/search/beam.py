r"""Find minimal sufficient explanations level by level, keeping the best few patch sets of each size.

A patch set is *sufficient* if the classifier, shown only these patches, gives the target at least
$P_h \cdot p(\text{full image})$, and a *minimal sufficient explanation* (MSE) if no patch can be dropped. An image
usually has several.

1. **Guide.** Every single patch is measured twice: kept alone and removed alone. The sum of both effects in log-odds
   ranks the patches.
2. **Levels.** Each kept set is extended by its `candidates` best-ranked patches. Equal sets reached from several
   parents count once. All sets of a level are scored together.
3. **Harvest.** Sufficient sets are minimised, least harmful patch first, and all subsets of small ones are checked.
   Sets that contain an MSE already found are dropped, because they cannot be minimal.
4. The `beam_width` most confident insufficient sets go on to the next level.

Differs from the official code: sets are deduplicated (its beams fill with copies), the width is exact (it keeps one
more), candidates come from measurements and not from a two-step optimisation, a set is sufficient at the threshold and
not only above it, minimisation does not depend on scan order, and minimality is verified beyond single deletions.
"""

import math

from gallery.errors import ConfigError
from gallery.explain.search._base import SEARCHES, Found, FoundSet, Verdicts
from gallery.explain.search._minimise import check_subsets, confirm, minimise
from gallery.interfaces import ScoreSteps


@SEARCHES.register(
    "beam",
    title="Beam search",
    reference="Shitole et al., One Explanation is Not Enough: Structured Attention Graphs for Image Classification, "
    "NeurIPS 2021, arXiv:2011.06733",
)
def beam(  # noqa: PLR0913
    n_cells: int,
    threshold: float,
    *,
    beam_width: int = 5,
    candidates: int = 20,
    max_size: int = 20,
    max_mses: int = 30,
    max_forwards: int = 4000,
    verify_up_to: int = 6,
) -> ScoreSteps[Found]:
    """Search for minimal sufficient patch sets.

    Args:
        n_cells: Patches of the grid.
        threshold: Probability from which a set is sufficient, > 0.
        beam_width: Insufficient sets kept per level, >= 1.
        candidates: Patches tried for each kept set, >= 1.
        max_size: Largest set tried.
        max_mses: The search ends after the level that reaches this many.
        max_forwards: The search ends after the level that reaches this many scored masks.
        verify_up_to: All subsets are checked for sets of at most this many patches.

    Returns:
        The sets found, each sufficient and 1-minimal by float32 scores.

    Raises:
        ConfigError: If an option is below its minimum.

    Cost:
        2 * n_cells scores for the guide, at most beam_width * candidates per level, plus minimisation.
    """
    if min(n_cells, beam_width, candidates, max_size, max_mses, max_forwards) < 1:
        raise ConfigError("search: beam_width, candidates, max_size, max_mses and max_forwards must be >= 1.")
    verdicts = Verdicts(threshold)
    ranking = yield from _guide(n_cells, verdicts)
    if verdicts.is_sufficient(0):
        return Found((), "The baseline alone, without any patch, is already sufficient.")
    kept, found = [0], dict[int, FoundSet]()
    note = f"No patch set of at most {min(max_size, n_cells)} patches in the beam is sufficient."
    for _ in range(min(max_size, n_cells)):
        level = _extend(kept, ranking, candidates, found)
        yield from verdicts.ask(level)
        sufficient = [mask for mask in level if verdicts.is_sufficient(mask)]
        minimal = yield from minimise(sufficient, verdicts)
        for one in (yield from check_subsets([m for m in minimal if m not in found], verdicts, verify_up_to)):
            found[one.mask] = one
        rest = [m for m in level if not verdicts.is_sufficient(m) and not contains_any(m, found)]
        kept = sorted(rest, key=lambda mask: (-verdicts.scores[mask], mask))[:beam_width]
        stop = _why_stop(kept, len(found), max_mses, len(verdicts.scores), max_forwards)
        if stop is not None:
            note = stop
            break
    sets = yield from confirm(found.values(), verdicts)
    return Found(sets, note if not sets or note.startswith("Stopped") else "")


def _guide(n_cells: int, verdicts: Verdicts) -> ScoreSteps[list[int]]:
    """Return the patches by how much keeping one alone and removing it alone changes the log-odds."""
    full = (1 << n_cells) - 1
    yield from verdicts.ask([0, full, *(1 << c for c in range(n_cells)), *(full & ~(1 << c) for c in range(n_cells))])
    score = verdicts.scores
    effect = [_log_odds(score[1 << c]) - _log_odds(score[full & ~(1 << c)]) for c in range(n_cells)]
    return sorted(range(n_cells), key=lambda c: (-effect[c], c))


def _extend(kept: list[int], ranking: list[int], candidates: int, found: dict[int, FoundSet]) -> list[int]:
    """Return the distinct sets one patch larger than those kept, without those that contain a known MSE."""
    level: dict[int, None] = {}
    for mask in kept:
        free = [cell for cell in ranking if not mask >> cell & 1]
        # The first level costs nothing: the guide has scored every single patch.
        for cell in free if mask == 0 else free[:candidates]:
            level[mask | 1 << cell] = None
    return [mask for mask in level if not contains_any(mask, found)]


def contains_any(mask: int, found: dict[int, FoundSet]) -> bool:
    """Return whether ``mask`` contains a set already found."""
    return any(one & mask == one for one in found)


def _why_stop(kept: list[int], n_found: int, max_mses: int, n_scored: int, max_forwards: int) -> str | None:
    """Return why the search ends after this level, or None to go on."""
    if n_found >= max_mses:
        return f"Stopped after {n_found} explanations (max_mses = {max_mses})."
    if n_scored >= max_forwards:
        return f"Stopped after {n_scored} scored patch sets (max_forwards = {max_forwards})."
    return None if kept else "Nothing left to extend."


def _log_odds(p: float) -> float:
    p = min(max(p, 1e-7), 1 - 1e-7)
    return math.log(p / (1 - p))
