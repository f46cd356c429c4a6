r"""Score every patch set up to a given size, and certify what is found.

A patch set is *sufficient* if the classifier, shown only these patches, gives the target at least
$P_h \cdot p(\text{full image})$. This search goes through the sets of one patch, of two, and so on:

1. Every set is scored, except those that contain a sufficient set found before: they cannot be
   subset-minimal. This is the only shortcut. Masking is not monotone, so a set is never ruled out because
   the sets inside or around it score low.
2. A sufficient set that is reached this way contains no smaller sufficient set, and is listed.

**The certificate.** The list is *all* subset-minimal sufficient sets of at most `max_size` patches, under
this mask model and at this threshold. The smallest of them are the smallest explanations there are; if the
list is empty, every explanation needs more patches. With `exact` (the default), every verdict is a float32
score, so that the certificate rests on no approximation. Without it, faster screening scores decide away
from the threshold: what is listed is confirmed in float32, but something may be missing, so that nothing is
certified.

**Cost.** At most $1 + \sum_{k=1}^{K} \binom{n}{k}$ scores for $n$ patches and $K$ = `max_size`. On a 7 x 7
grid that is 49 single patches, 1,225 with the pairs, 19,649 with the triples and 231,525 with sets of four,
and one more for the baseline; each sufficient set found saves those that contain it.
"""

from collections.abc import Mapping, Sequence
from itertools import islice

from gallery.explain.search._base import (
    BASELINE_SUFFICES,
    SEARCHES,
    Found,
    FoundSet,
    Verdicts,
    check_at_least,
    in_printed_order,
)
from gallery.explain.search._enumerate import check_affordable, n_subsets, portions, subsets_free_of
from gallery.explain.search._minimise import check_subsets, confirm, minimise
from gallery.interfaces import ScoreRequest, ScoreSteps


@SEARCHES.register(
    "exhaustive",
    title="Exhaustive search",
    reference="Every patch set up to a given size; definitions of Shitole et al., NeurIPS 2021, "
    "arXiv:2011.06733",
)
def exhaustive(  # noqa: PLR0913
    n_cells: int,
    threshold: float,
    guide_map: Sequence[float] | None = None,
    *,
    max_size: int = 3,
    exact: bool = True,
    max_forwards: int = 0,
    refuse_above: int = 5_000_000,
) -> ScoreSteps[Found]:
    """Find all subset-minimal sufficient patch sets of at most ``max_size`` patches.

    Args:
        n_cells: Patches of the grid.
        threshold: Probability from which a set is sufficient, > 0.
        guide_map: Not used: the order in which sets are scored does not change the result.
        max_size: Largest set scored, >= 1; at most ``n_cells`` are.
        exact: True for float32 verdicts and a certificate.
        max_forwards: The search ends after this many scored masks, >= 0; 0 for no limit. What it has found
            by then is minimal, and certified up to the last size that was finished.
        refuse_above: A search that may score more masks than this is refused.

    Returns:
        The sets, "smallest" if no smaller one is sufficient and "subset-minimal" otherwise, and
        ``complete_up_to``, which is ``max_size`` unless the budget ran out. Without ``exact`` there is no
        certificate: ``complete_up_to`` is 0 and no set is called "smallest".

    Raises:
        ConfigError: If an option is below its minimum, or the search may score more than ``refuse_above``.

    Cost:
        See the module: 19,650 scores at most for a 7 x 7 grid and ``max_size`` 3.
    """
    check_at_least(1, n_cells=n_cells, max_size=max_size, refuse_above=refuse_above)
    check_at_least(0, max_forwards=max_forwards)
    largest = min(max_size, n_cells)
    n_masks = n_subsets(n_cells, range(largest + 1))
    check_affordable(n_masks, max_forwards, refuse_above)
    budget = max_forwards or n_masks
    (baseline,) = yield ScoreRequest([0], exact=True, threshold=threshold)
    if baseline >= threshold:
        return Found((), BASELINE_SUFFICES, n_scored=1)
    n_scored, finished = 1, 0
    sufficient: dict[int, float] = {}
    for size in range(1, largest + 1):
        candidates = subsets_free_of(list(sufficient), n_cells, size)
        for masks in portions(islice(candidates, max(0, budget - n_scored))):
            scores = yield ScoreRequest(masks, exact=exact, threshold=threshold)
            n_scored += len(masks)
            sufficient.update((m, p) for m, p in zip(masks, scores, strict=True) if p >= threshold)
        if next(candidates, None) is not None:
            break
        finished = size
    if exact:
        sets = _certified(sufficient)
    else:
        # What else confirmation asks for has been screened, and comes from the engine's memory.
        verdicts = Verdicts(threshold, {0: baseline, **sufficient}, exact={0})
        sets = yield from _confirmed(list(sufficient), verdicts, largest)
    note = _note(len(sets), n_scored, finished, largest, exact=exact)
    return Found(sets, note, complete_up_to=finished if exact else 0, n_scored=n_scored)


def _certified(sufficient: Mapping[int, float]) -> tuple[FoundSet, ...]:
    """Return the sets with their minimality, which the order of the search has proved."""
    fewest = min((mask.bit_count() for mask in sufficient), default=0)
    return in_printed_order(
        FoundSet(mask, p, "smallest" if mask.bit_count() == fewest else "subset-minimal")
        for mask, p in sufficient.items()
    )


def _confirmed(
    sufficient: Sequence[int], verdicts: Verdicts, largest: int
) -> ScoreSteps[tuple[FoundSet, ...]]:
    """Return what float32 scores leave of the sets that screening found."""
    minimal = yield from minimise(sufficient, verdicts)
    checked = yield from check_subsets(minimal, verdicts, largest)
    return (yield from confirm(checked, verdicts))


def _note(n_found: int, n_scored: int, finished: int, largest: int, *, exact: bool) -> str:
    """Return why the search stopped early, what it did not find, and what is not certain; "" if nothing."""
    parts = []
    if finished < largest:
        reached = f"all sizes up to {finished} were finished" if finished else "no size was finished"
        parts.append(f"Stopped after {n_scored} patch sets (max_forwards); {reached}.")
    elif not n_found:
        parts.append(f"No sufficient patch set of at most {largest} patches was found.")
    if not exact:
        parts.append("Screened (exact = false): complete up to screening error, which is no certificate.")
    return " ".join(parts)
