r"""Find minimal sufficient explanations level by level, keeping the best few patch sets of each size.

A patch set is *sufficient* if the classifier, shown only these patches, gives the target at least
$P_h \cdot p(\text{full image})$, and a *minimal sufficient explanation* (MSE) if no patch can be dropped. An image
usually has several.

1. **Guide.** Every patch is scored alone and removed alone, and so are random halves of the grid. An additive model of
   the log-odds, fitted on all scores taken so far and fitted again at every level, ranks the patches.
2. **Levels.** Each kept set is extended by its `candidates` best-ranked patches. Equal sets reached from several
   parents count once. All sets of a level are scored together.
3. **Harvest.** Sufficient sets are minimised a few at a time, those that differ most from what is known first, least
   harmful patch first, and all subsets of small ones are checked. Sets that contain an MSE already found are dropped,
   because they cannot be minimal.
4. The `beam_width` most confident insufficient sets go on to the next level.

Differs from the official code: sets are deduplicated (its beams fill with copies), the width is exact (it keeps one
more), candidates come from measurements and not from a two-step optimisation, a set is sufficient at the threshold and
not only above it, minimisation does not depend on scan order, and minimality is verified beyond single deletions.
"""

from gallery.errors import ConfigError
from gallery.explain.search._base import SEARCHES, Found, FoundSet, Verdicts
from gallery.explain.search._guide import pick_different, probe, rank
from gallery.explain.search._minimise import check_subsets, confirm, minimise
from gallery.interfaces import ScoreSteps

SEED = 20201105
"""Of the random halves; the same for every image, so that the search has no seed to record."""


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
    beam_width: int = 3,
    candidates: int = 10,
    max_size: int = 24,
    max_mses: int = 10,
    max_forwards: int = 1000,
    verify_up_to: int = 6,
    n_random: int = 64,
) -> ScoreSteps[Found]:
    """Search for minimal sufficient patch sets.

    Args:
        n_cells: Patches of the grid.
        threshold: Probability from which a set is sufficient, > 0.
        beam_width: Insufficient sets kept per level, >= 1.
        candidates: Patches tried for each kept set, >= 1; the first level tries all.
        max_size: Largest set tried.
        max_mses: The search ends once it has this many.
        max_forwards: The search ends at the first chance after this many scored masks, but not before a
            sufficient set at hand has been minimised.
        verify_up_to: All subsets are checked for sets of at most this many patches.
        n_random: Random halves of the grid scored for the guide, >= 0.

    Returns:
        The sets found, each sufficient and 1-minimal by float32 scores.

    Raises:
        ConfigError: If an option is below its minimum.

    Cost:
        2 * n_cells + n_random scores for the guide, at most beam_width * candidates a level, plus minimisation.
    """
    if min(n_cells, beam_width, candidates, max_size, max_mses, max_forwards) < 1:
        raise ConfigError("search: beam_width, candidates, max_size, max_mses and max_forwards must be >= 1.")
    verdicts = Verdicts(threshold)
    yield from probe(n_cells, n_random, SEED, verdicts)
    if verdicts.is_sufficient(0):
        return Found((), "The baseline alone, without any patch, is already sufficient.")
    kept, found = [0], dict[int, FoundSet]()
    note = f"No sufficient patch set of at most {min(max_size, n_cells)} patches was found."
    for _ in range(min(max_size, n_cells)):
        level = _extend(kept, rank(verdicts.scores, n_cells), candidates, found)
        yield from verdicts.ask(level)
        sufficient = [mask for mask in level if verdicts.is_sufficient(mask)]
        yield from _harvest(sufficient, verdicts, found, (beam_width, max_mses, max_forwards, verify_up_to))
        rest = [m for m in level if not verdicts.is_sufficient(m) and not _contains_any(m, found)]
        kept = sorted(rest, key=lambda mask: (-verdicts.scores[mask], mask))[:beam_width]
        if stopped := _why_stop(len(found), max_mses, len(verdicts.scores), max_forwards):
            note = stopped
            break
        if not kept:
            break
    sets = yield from confirm(found.values(), verdicts)
    return Found(sets, note if not sets or note.startswith("Stopped") else "")


def _extend(kept: list[int], ranking: list[int], candidates: int, found: dict[int, FoundSet]) -> list[int]:
    """Return the distinct sets one patch larger than those kept, without those that contain a known MSE."""
    level: dict[int, None] = {}
    for mask in kept:
        free = [cell for cell in ranking if not mask >> cell & 1]
        # The first level costs nothing: the guide has scored every single patch.
        for cell in free if mask == 0 else free[:candidates]:
            level[mask | 1 << cell] = None
    return [mask for mask in level if not _contains_any(mask, found)]


def _harvest(
    sufficient: list[int], verdicts: Verdicts, found: dict[int, FoundSet], limits: tuple[int, int, int, int]
) -> ScoreSteps[None]:
    """Add to ``found`` the MSEs that ``sufficient`` shrink to, a few sets at a time, up to ``max_mses``."""
    at_once, max_mses, max_forwards, verify_up_to = limits
    while sufficient and len(found) < max_mses and (not found or len(verdicts.scores) < max_forwards):
        n = min(at_once, max_mses - len(found))
        group = pick_different(sufficient, list(found), verdicts.scores, n)
        minimal = yield from minimise(group, verdicts)
        for one in (yield from check_subsets([m for m in minimal if m not in found], verdicts, verify_up_to)):
            found[one.mask] = one
        sufficient = [m for m in sufficient if m not in group and not _contains_any(m, found)]


def _contains_any(mask: int, found: dict[int, FoundSet]) -> bool:
    """Return whether ``mask`` contains a set already found."""
    return any(one & mask == one for one in found)


def _why_stop(n_found: int, max_mses: int, n_scored: int, max_forwards: int) -> str:
    """Return why the search ends after this level, or "" to go on."""
    if n_found >= max_mses:
        return f"Stopped after {n_found} explanations (max_mses = {max_mses})."
    if n_scored >= max_forwards:
        return f"Stopped after {n_scored} scored patch sets (max_forwards = {max_forwards})."
    return ""
