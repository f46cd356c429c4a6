r"""Find minimal sufficient explanations level by level, keeping the best few patch sets of each size.

A patch set is *sufficient* if the classifier, shown only these patches, gives the target at least
$P_h \cdot p(\text{full image})$, and a *minimal sufficient explanation* (MSE) if no patch can be dropped. An
image usually has several.

1. **Guide.** Every patch is scored alone and removed alone, and so are random halves of the grid. An
   additive model of the log-odds, fitted on all scores taken so far and fitted again at every level, ranks
   the patches.
2. **Levels.** Each kept set is extended by its `candidates` best-ranked patches. Equal sets reached from
   several parents count once. All sets of a level are scored together.
3. **Harvest.** Sufficient sets are minimised a few at a time, those that differ most from what is known
   first, least harmful patch first, and all subsets of small ones are checked. Sets that contain an MSE
   already found are dropped, because they cannot be minimal.
4. The `beam_width` most confident insufficient sets go on to the next level, until `per_pass` new MSEs are
   found.
5. **Further passes.** One beam finds near copies of one explanation. So the search starts again without the
   patches that the MSEs found so far use most: as many of them as can be missing while what is left is
   still sufficient. Such a rest must contain an explanation that differs from all found before. If no rest
   is sufficient, the most confident one is searched as long as it reaches half of the threshold: more
   patches do not always mean more confidence.

Differs from the official code: sets are deduplicated (its beams fill with copies), the width is exact (it
keeps one more), candidates come from measurements and not from a two-step optimisation, a set is sufficient
at the threshold and not only above it, minimisation does not depend on scan order, and minimality is
verified beyond single deletions.
"""

from dataclasses import dataclass

from gallery.errors import ConfigError
from gallery.explain.search._base import SEARCHES, Found, FoundSet, Verdicts
from gallery.explain.search._guide import pick_different, probe, rank
from gallery.explain.search._minimise import check_subsets, confirm, minimise
from gallery.interfaces import ScoreSteps
from gallery.records import mask_of

SEED = 20201105
"""Of the random halves; the same for every image, so that the search has no seed to record."""


@SEARCHES.register(
    "beam",
    title="Beam search",
    reference="Shitole et al., One Explanation is Not Enough: Structured Attention Graphs for Image "
    "Classification, NeurIPS 2021, arXiv:2011.06733",
)
def beam(  # noqa: PLR0913
    n_cells: int,
    threshold: float,
    *,
    beam_width: int = 3,
    candidates: int = 10,
    max_size: int = 24,
    max_mses: int = 12,
    max_forwards: int = 1200,
    verify_up_to: int = 6,
    n_random: int = 64,
    passes: int = 4,
    per_pass: int = 4,
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
        passes: How often the search is run, each time without the patches used most before, >= 1.
        per_pass: A pass ends once it has found this many new explanations, >= 1.

    Returns:
        The sets found, each sufficient and 1-minimal by float32 scores.

    Raises:
        ConfigError: If an option is below its minimum.

    Cost:
        2 * n_cells + n_random scores for the guide, at most beam_width * candidates a level, plus
        minimisation.
    """
    if min(n_cells, beam_width, candidates, max_size, max_mses, max_forwards, passes, per_pass) < 1:
        raise ConfigError(
            "search: beam_width, candidates, max_size, max_mses, max_forwards, passes and per_pass must be "
            ">= 1."
        )
    limits = _Limits(
        beam_width, candidates, min(max_size, n_cells), max_mses, max_forwards, verify_up_to, per_pass
    )
    verdicts = Verdicts(threshold)
    yield from probe(n_cells, n_random, SEED, verdicts)
    if verdicts.is_sufficient(0):
        return Found((), "The baseline alone, without any patch, is already sufficient.")
    found: dict[int, FoundSet] = {}
    allowed = (1 << n_cells) - 1
    for _ in range(passes):
        before = len(found)
        yield from _one_pass(allowed, n_cells, limits, verdicts, found)
        if len(found) == before or limits.are_reached(found, verdicts):
            break
        allowed = yield from _without_the_most_used(n_cells, found, verdicts)
        if not allowed:
            break
    sets = yield from confirm(found.values(), verdicts)
    return Found(sets, limits.note(found, verdicts, n_confirmed=len(sets)))


@dataclass(frozen=True)
class _Limits:
    """Where the search stops; fields as the arguments of ``beam``."""

    beam_width: int
    candidates: int
    max_size: int
    max_mses: int
    max_forwards: int
    verify_up_to: int
    per_pass: int

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


def _one_pass(
    allowed: int, n_cells: int, limits: _Limits, verdicts: Verdicts, found: dict[int, FoundSet]
) -> ScoreSteps[None]:
    """Run one beam over the patches in ``allowed`` and add what it finds to ``found``."""
    kept, enough = [0], len(found) + limits.per_pass
    for _ in range(limits.max_size):
        ranking = [cell for cell in rank(verdicts.scores, n_cells) if allowed >> cell & 1]
        level = _extend(kept, ranking, limits.candidates, found)
        yield from verdicts.ask(level)
        sufficient = [mask for mask in level if verdicts.is_sufficient(mask)]
        yield from _harvest(sufficient, verdicts, found, limits, min(enough, limits.max_mses))
        rest = [m for m in level if not verdicts.is_sufficient(m) and not _contains_any(m, found)]
        kept = sorted(rest, key=lambda mask: (-verdicts.scores[mask], mask))[: limits.beam_width]
        if not kept or len(found) >= enough or limits.are_reached(found, verdicts):
            return


def _without_the_most_used(n_cells: int, found: dict[int, FoundSet], verdicts: Verdicts) -> ScoreSteps[int]:
    """Return the patches left when as many as possible of those used most are taken away, or 0.

    What is returned contains none of the sets found. If it is sufficient, it holds another explanation; if no
    rest is, the most confident one may hold one, because masking is not monotone.
    """
    use = {cell: sum(mask >> cell & 1 for mask in found) for cell in range(n_cells)}
    order = sorted((cell for cell in use if use[cell]), key=lambda cell: (-use[cell], cell))
    rests = [(1 << n_cells) - 1 & ~mask_of(order[:n]) for n in range(1, len(order) + 1)]
    rests = [rest for rest in rests if not _contains_any(rest, found)]
    yield from verdicts.ask(rests)
    sufficient = [rest for rest in rests if verdicts.is_sufficient(rest)]
    if sufficient:
        return sufficient[-1]
    best = max(rests, key=lambda rest: (verdicts.scores[rest], rest), default=0)
    return best if best and verdicts.scores[best] >= verdicts.threshold / 2 else 0


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
    sufficient: list[int], verdicts: Verdicts, found: dict[int, FoundSet], limits: _Limits, enough: int
) -> ScoreSteps[None]:
    """Add to ``found`` the MSEs that ``sufficient`` shrink to, a few at once, until there are ``enough``."""
    while sufficient and len(found) < enough and (not found or len(verdicts.scores) < limits.max_forwards):
        n = min(limits.beam_width, enough - len(found))
        group = pick_different(sufficient, list(found), verdicts.scores, n)
        minimal = yield from minimise(group, verdicts)
        new = [mask for mask in minimal if mask not in found]
        for one in (yield from check_subsets(new, verdicts, limits.verify_up_to)):
            found[one.mask] = one
        sufficient = [m for m in sufficient if m not in group and not _contains_any(m, found)]


def _contains_any(mask: int, found: dict[int, FoundSet]) -> bool:
    """Return whether ``mask`` contains a set already found."""
    return any(one & mask == one for one in found)
