r"""Score all sets of a fixed size among the patches that a guide ranks highest: the paper's baseline.

A patch set is *sufficient* if the classifier, shown only these patches, gives the target at least
$P_h \cdot p(\text{full image})$.

1. **Guide.** The `top` best-ranked patches are kept; the rest of the image is never looked at. The ranking
   is that of a heatmap (`guide = "igos"`, as in the paper), of the scores of single patches
   (`guide = "cells"`), of an additive model of the log-odds fitted on measured scores
   (`guide = "surrogate"`), or the order of the patches (`guide = "none"`).
2. **Enumeration.** All sets of exactly `size` of these patches are scored: $\binom{20}{4}$ = 4,845 with the
   defaults.
3. **Minimisation.** Every sufficient one shrinks to a minimal sufficient explanation, least harmful patch
   first, and all subsets of small ones are checked.

The beam search replaces it: it looks at every patch and needs fewer scores. It stays as the yardstick.

Differs from the official code, whose function answers whether *any* such set is sufficient and stops at the
first: here all sufficient sets are listed and minimised. There the guide is a map after 15 steps of
optimisation; here it is the heatmap with its own settings. A set is sufficient at the threshold and not only
above it.

It certifies nothing: explanations may lie outside the best-ranked patches, and several inside one sufficient
set, of which only one is returned.
"""

from collections.abc import Sequence
from itertools import combinations, islice
from math import comb

from gallery.errors import ConfigError
from gallery.explain.search._base import BASELINE_SUFFICES, SEARCHES, Found, Verdicts, check_at_least
from gallery.explain.search._enumerate import check_affordable, portions
from gallery.explain.search._guide import Guide
from gallery.explain.search._minimise import check_subsets, confirm, minimise
from gallery.interfaces import ScoreSteps
from gallery.records import mask_of


@SEARCHES.register(
    "combinatorial",
    title="Combinatorial search",
    reference="Shitole et al., One Explanation is Not Enough: Structured Attention Graphs for Image "
    "Classification, NeurIPS 2021, arXiv:2011.06733",
)
def combinatorial(  # noqa: PLR0913
    n_cells: int,
    threshold: float,
    guide_map: Sequence[float] | None = None,
    *,
    guide: str = "igos",
    top: int = 20,
    size: int = 4,
    max_mses: int = 300,
    max_forwards: int = 0,
    verify_up_to: int = 8,
    n_random: int = 64,
    seed: int = 0,
    refuse_above: int = 5_000_000,
) -> ScoreSteps[Found]:
    """Find minimal sufficient patch sets inside all sets of ``size`` of the ``top`` patches.

    Args:
        n_cells: Patches of the grid.
        threshold: Probability from which a set is sufficient, > 0.
        guide_map: For a guide that is a heatmap method: one number per patch, high where it seems to matter.
        guide: What ranks the patches: "none" for patch order, "cells", "surrogate", or the name of a heatmap
            method.
        top: Best-ranked patches that are combined, >= 1; all, if the grid has fewer.
        size: Patches of every set scored, 1 <= size <= top; all, if the grid has fewer.
        max_mses: At most this many explanations are returned, the first in printed order, >= 1.
        max_forwards: No further set is tried after this many scored masks, >= 0, best-ranked patches first;
            0 for no limit. Minimisation may add to it.
        verify_up_to: All subsets are checked for sets of at most this many patches.
        n_random: For the guide "surrogate": random halves of the grid scored, >= 0.
        seed: Of the random halves.
        refuse_above: A search that may try more sets than this is refused.

    Returns:
        The sets found, each sufficient and 1-minimal by float32 scores.

    Raises:
        ConfigError: If an option is out of range, the guide's map is missing or unfit, or more than
            ``refuse_above`` sets would be tried.

    Cost:
        One score per set, C(top, size) in all; n_cells for the guide "cells", 2 * n_cells + n_random for
        "surrogate"; for minimisation at most one per smaller set of the ``top`` patches, and float32 scores
        of those that decide.
    """
    check_at_least(1, n_cells=n_cells, top=top, size=size, max_mses=max_mses, refuse_above=refuse_above)
    check_at_least(0, max_forwards=max_forwards, verify_up_to=verify_up_to, n_random=n_random)
    if size > top:
        raise ConfigError(f"search.size: {size} patches cannot be chosen from top = {top}; lower size.")
    top, size = min(top, n_cells), min(size, n_cells)
    check_affordable(comb(top, size), max_forwards, refuse_above)
    ranker = Guide(guide, n_cells, guide_map, n_random=n_random, seed=seed)
    verdicts = Verdicts(threshold)
    yield from verdicts.ask([0], exact=True)
    if verdicts.is_sufficient(0):
        return Found((), BASELINE_SUFFICES, n_scored=1)
    yield from ranker.start(verdicts)
    yield from ranker.look_closer(verdicts)
    candidates = (mask_of(cells) for cells in combinations(ranker.ranking(verdicts)[:top], size))
    left = max(0, max_forwards - len(verdicts.scores)) if max_forwards else None
    sufficient: list[int] = []
    for masks in portions(islice(candidates, left)):
        yield from verdicts.ask(masks)
        sufficient += [mask for mask in masks if verdicts.is_sufficient(mask)]
    is_cut = next(candidates, None) is not None
    minimal = yield from minimise(sufficient, verdicts)
    checked = yield from check_subsets(minimal, verdicts, verify_up_to)
    sets = yield from confirm(checked, verdicts)
    notes = []
    if is_cut:
        notes.append(f"Stopped early, best-ranked patches first (max_forwards = {max_forwards}).")
    elif not sets:
        notes.append(f"None of the sets of {size} of the {top} best-ranked patches is sufficient.")
    if len(sets) > max_mses:
        notes.append(f"The first {max_mses} of {len(sets)} explanations (max_mses = {max_mses}).")
    return Found(sets[:max_mses], " ".join(notes), n_scored=len(verdicts.scores))
