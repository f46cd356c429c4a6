r"""Search as the code published with the paper does, decision for decision, so that runs can be compared.

A patch set is sufficient if the classifier, shown only these patches, gives the target *more than*
$P_h \cdot p(\text{full image})$.

1. **Guide.** A map made once, by two steps of mask optimisation, ranks the patches for good. Equally ranked
   patches keep the order of their ids.
2. **Levels.** Starting from no patch at all, each kept set is extended by each of its `candidates`
   best-ranked free patches. A set reached from several parents stays in the list once per parent.
3. The list is sorted by falling probability; equal ones keep their order. Every sufficient set is pruned to
   a *root*, which is noted unless it is known already. Of the insufficient sets the first `beam_width` + 1
   are kept: one more than the option says.
4. **Pruning.** The patches are gone through in row-major order, and each one that is not needed is dropped
   at once, until a whole pass drops nothing. A root is therefore 1-minimal, but which root a set shrinks to
   hangs on the order of the patches.
5. The search ends when nothing is left to extend, after `max_size` levels, or after the level in which more
   than `max_roots` roots are known.

Differs from the official code: it ranks with NumPy's default sort, which orders equal patches (those the
optimisation left untouched, often most of them) as it happens to, and we sort stably; the sufficient
sets of a level are pruned side by side and not one after the other; a mask it scores again is asked for again
here too, but answered from the engine's table, so that the results are the same and the forward passes are
fewer; any grid is allowed, not only 7 x 7; and a baseline that is sufficient without any patch ends in a
note, where the official code fails as it draws the empty root.

Our own default, the beam search, merges equal sets, keeps the exact width, ranks by measurements, and checks
minimality beyond single deletions. It also takes a set as sufficient *at* the threshold: a set that scores
the threshold to the last bit is the one case in which the two searches disagree about what is minimal.
"""

import math
from collections.abc import Sequence

from gallery.errors import ConfigError
from gallery.explain.search._base import SEARCHES, Found, FoundSet
from gallery.interfaces import ScoreRequest, ScoreSteps
from gallery.records import cells_of


@SEARCHES.register(
    "sag2021",
    title="Beam search of the official SAG code",
    reference="Shitole et al., One Explanation is Not Enough: Structured Attention Graphs for Image "
    "Classification, NeurIPS 2021, arXiv:2011.06733; code of December 2021",
)
def sag2021(  # noqa: PLR0913
    n_cells: int,
    threshold: float,
    guide_map: Sequence[float] | None = None,
    *,
    guide: str = "igos2021",
    beam_width: int = 3,
    candidates: int = 15,
    max_roots: int = 10,
    max_size: int = 49,
) -> ScoreSteps[Found]:
    """Search for minimal sufficient patch sets as the official code does.

    Args:
        n_cells: Patches of the grid.
        threshold: Probability above which a set is sufficient, > 0.
        guide_map: One finite number per patch, high where the patch matters. (The official map is low there.)
        guide: Name of the map; whoever runs the search makes it.
        beam_width: One less than the insufficient sets kept per level, >= 1.
        candidates: Patches tried for each kept set, >= 1.
        max_roots: The search ends after the level that takes it beyond this many, >= 1. It can return many
            more.
        max_size: Levels, and so the largest set tried, >= 1.

    Returns:
        The roots in the order in which they were found, on which the official choice of diverse explanations
        depends. Each is "1-minimal" by float32 scores. A root may contain a smaller one, if the classifier is
        not monotone.

    Raises:
        ConfigError: If an option is below its minimum, or the map is missing, of another length or not
            finite.

    Cost:
        At most (beam_width + 1) * candidates scores a level, plus pruning; most of them repeat and are free.
    """
    if min(n_cells, beam_width, candidates, max_roots, max_size) < 1:
        raise ConfigError("search: beam_width, candidates, max_roots and max_size must be >= 1.")
    ranking = _rank(guide_map, n_cells, guide)
    roots: dict[int, float] = {}
    asked: set[int] = set()
    kept = [0]
    for _ in range(max_size):
        level = [mask | 1 << cell for mask in kept for cell in _free(ranking, mask)[:candidates]]
        if not level:
            break
        scores = yield from _score(level, threshold, asked)
        order = sorted(zip(level, scores, strict=True), key=lambda scored: -scored[1])
        sufficient = [_Pruning(mask, p) for mask, p in order if p > threshold]
        # Not [:beam_width]: the official code stops only once it has one too many.
        kept = [mask for mask, p in order if p <= threshold][: beam_width + 1]
        for root in (yield from _prune(sufficient, threshold, asked)):
            roots.setdefault(root.mask, root.probability)
        if len(roots) > max_roots:
            break
    return _found(roots, len(asked), max_roots, min(max_size, n_cells))


def _rank(guide_map: Sequence[float] | None, n_cells: int, guide: str) -> list[int]:
    """Return all patches, most important first, equal ones by id."""
    if guide_map is None:
        raise ConfigError(f"search.guide: sag2021 ranks patches by a map, and none named {guide!r} was made.")
    values = [float(value) for value in guide_map]
    if len(values) != n_cells or not all(map(math.isfinite, values)):
        raise ConfigError(
            f"search.guide: the map {guide!r} must have one finite number for each of {n_cells} patches; it "
            f"has {len(values)} values. Choose a guide that is made on the grid."
        )
    return sorted(range(n_cells), key=lambda cell: -values[cell])


def _free(ranking: list[int], mask: int) -> list[int]:
    """Return the patches that ``mask`` does not keep, in their order."""
    return [cell for cell in ranking if not mask >> cell & 1]


def _score(masks: list[int], threshold: float, asked: set[int]) -> ScoreSteps[list[float]]:
    """Return the float32 scores of ``masks`` and note that they were asked for."""
    asked.update(masks)
    return (yield ScoreRequest(masks, exact=True, threshold=threshold))


class _Pruning:
    """A sufficient set on its way to a root: tries to do without one patch after the other."""

    def __init__(self, mask: int, probability: float) -> None:
        self.mask, self.probability = mask, probability
        self.queue = cells_of(mask)
        self.has_changed = False

    @property
    def smaller(self) -> int:
        """The set whose score is needed next."""
        return self.mask & ~(1 << self.queue[0])

    def judge(self, probability: float, threshold: float) -> None:
        """Take the score of ``smaller``; at the end of a pass that dropped a patch, start the next."""
        smaller = self.smaller
        del self.queue[0]
        if probability > threshold:
            self.mask, self.probability, self.has_changed = smaller, probability, True
        if self.has_changed and not self.queue:
            self.queue, self.has_changed = cells_of(self.mask), False


def _prune(sets: list[_Pruning], threshold: float, asked: set[int]) -> ScoreSteps[list[_Pruning]]:
    """Prune ``sets`` until each is 1-minimal, and return them.

    Each needs one score at a time; they wait for them together, so that batches are less empty.
    """
    while waiting := [one for one in sets if one.queue]:
        scores = yield from _score([one.smaller for one in waiting], threshold, asked)
        for one, probability in zip(waiting, scores, strict=True):
            one.judge(probability, threshold)
    return sets


def _found(roots: dict[int, float], n_scored: int, max_roots: int, largest: int) -> Found:
    """Return the result, with a note on why the search stopped early or what it did not find."""
    if 0 in roots:
        note = "The baseline alone, without any patch, is already sufficient."
        return Found((), note, n_scored=n_scored)
    note = "" if roots else f"No sufficient patch set of at most {largest} patches was found."
    if len(roots) > max_roots:
        note = f"Stopped after {len(roots)} explanations (max_roots = {max_roots})."
    sets = tuple(FoundSet(mask, p, "1-minimal") for mask, p in roots.items())
    return Found(sets, note, n_scored=n_scored)
