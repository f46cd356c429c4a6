r"""Take one explanation after another out of the image, so that no two share a patch.

A patch set is *sufficient* if the classifier, shown only these patches, gives the target at least
$P_h \cdot p(\text{full image})$. How many disjoint sufficient sets an image holds says how many independent
pieces of evidence the classifier has; Kawano et al. call them minimal sufficient views and find that models
which see more of them are more accurate.

1. **Backward elimination.** Starting from the whole image, the patches are divided into `splits` parts of
   equal size, in patch order. The part whose loss leaves the highest probability is dropped, as long as the
   rest stays sufficient, and what is left is divided anew. When no part can go, there are twice as many
   parts, down to single patches. With `splits = 0` single patches are dropped from the start.
2. **Confirmation.** The last rounds are decided on float32 scores: no single patch can be dropped from what
   is left, the *view*. All subsets of small views are checked too, and the smallest sufficient one takes the
   view's place.
3. The view is taken out of the image, and the search starts again on the rest, until that is not sufficient.

It needs no gradient and no guide, and finds few explanations that differ as much as they can. It is greedy:
the number of views is a lower bound of what the image holds, an explanation that shares one patch with a view
is never found, and a rest that is not sufficient may still hold one, because masking is not monotone.

Differs from the paper: there a view must keep the predicted *class*, here the target's probability at the
threshold, as in every other search. The paper accepts a view that is minimal only with respect to the parts
of a split (β-split-minimality); here the split merely saves scores, and every view is 1-minimal in patches.
The paper divides an image into segments of its own; here the patches are those of the mask model. What is
said here of the paper rests on its abstract and on published summaries.
"""

from collections.abc import Sequence

from gallery.errors import ConfigError
from gallery.explain.search._base import (
    BASELINE_SUFFICES,
    SEARCHES,
    Found,
    FoundSet,
    Verdicts,
    check_at_least,
    in_printed_order,
)
from gallery.explain.search._minimise import check_subsets, confirm
from gallery.interfaces import ScoreSteps
from gallery.records import cells_of, mask_of


@SEARCHES.register(
    "disjoint",
    title="Disjoint views",
    reference="Kawano, Kutsuna, Sano, Minimal Sufficient Views: A DNN model making predictions with more "
    "evidence has higher accuracy, arXiv:2402.01095",
)
def disjoint(  # noqa: PLR0913
    n_cells: int,
    threshold: float,
    guide_map: Sequence[float] | None = None,
    *,
    splits: int = 4,
    max_mses: int = 0,
    max_forwards: int = 0,
    verify_up_to: int = 8,
) -> ScoreSteps[Found]:
    """Find minimal sufficient patch sets that share no patch.

    Args:
        n_cells: Patches of the grid.
        threshold: Probability from which a set is sufficient, > 0.
        guide_map: Not used.
        splits: Parts that are tried at first, >= 2, or 0 for single patches.
        max_mses: The search ends once it has this many, >= 0; 0 for no limit.
        max_forwards: No further view is begun after this many scored masks, >= 0; 0 for no limit.
        verify_up_to: All subsets are checked for views of at most this many patches, >= 0.

    Returns:
        The views, pairwise disjoint, each sufficient and 1-minimal by float32 scores.

    Raises:
        ConfigError: If an option is below its minimum.

    Cost:
        About splits * log(n_cells) rounds of ``splits`` scores for a view, and its single deletions twice;
        with ``splits`` 0 up to n_cells ** 2 / 2 scores a view.
    """
    check_at_least(1, n_cells=n_cells)
    check_at_least(0, splits=splits, max_mses=max_mses, max_forwards=max_forwards, verify_up_to=verify_up_to)
    if splits == 1:
        raise ConfigError("search.splits: must be at least 2, or 0 for single patches, is 1.")
    verdicts = Verdicts(threshold)
    rest = (1 << n_cells) - 1
    yield from verdicts.ask([0, rest], exact=True)
    if verdicts.is_sufficient(0):
        return Found((), BASELINE_SUFFICES, n_scored=len(verdicts.scores))
    note = "" if verdicts.is_sufficient(rest) else "The whole image is not sufficient."
    views: list[FoundSet] = []
    while verdicts.is_sufficient(rest):
        if len(views) == max_mses > 0:
            note = f"Stopped after {len(views)} explanations (max_mses = {max_mses})."
            break
        if len(verdicts.scores) >= max_forwards > 0:
            note = f"Stopped after {len(verdicts.scores)} scored patch sets (max_forwards = {max_forwards})."
            break
        mask = yield from _view(rest, splits or n_cells, verdicts)
        view = yield from _smallest_inside(mask, verdicts, verify_up_to)
        views.append(view)
        rest &= ~view.mask
        yield from verdicts.ask([rest], exact=True)
    return Found(in_printed_order(views), note, n_scored=len(verdicts.scores))


def _view(rest: int, splits: int, verdicts: Verdicts) -> ScoreSteps[int]:
    """Return a set inside ``rest`` that is sufficient and 1-minimal by float32 scores."""
    view = yield from _eliminate(rest, splits, verdicts, exact=False)
    yield from verdicts.ask([view], exact=True)
    # Where screening has led astray, float32 scores lead from the start.
    start = view if verdicts.is_sufficient(view) else rest
    return (yield from _eliminate(start, splits, verdicts, exact=True))


def _eliminate(mask: int, n_parts: int, verdicts: Verdicts, *, exact: bool) -> ScoreSteps[int]:
    """Return what is left of a sufficient set when no single patch can be dropped any more.

    Args:
        mask: The set.
        n_parts: Parts that are tried at first.
        verdicts: Known scores; extended.
        exact: True if only float32 scores may decide.
    """
    while True:
        cells = cells_of(mask)
        rests = [mask & ~mask_of(part) for part in _parts(cells, n_parts)]
        yield from verdicts.ask(rests, exact=exact)
        best = max(rests, key=lambda rest: (verdicts.scores[rest], rest))
        if verdicts.is_sufficient(best):
            mask = best
        elif n_parts >= len(cells):
            return mask
        else:
            n_parts *= 2


def _parts(cells: list[int], n_parts: int) -> list[list[int]]:
    """Return ``cells`` cut into ``n_parts`` runs of almost equal length; single cells if there are fewer."""
    n = min(n_parts, len(cells))
    return [cells[i * len(cells) // n : (i + 1) * len(cells) // n] for i in range(n)]


def _smallest_inside(mask: int, verdicts: Verdicts, largest: int) -> ScoreSteps[FoundSet]:
    """Return the smallest sufficient subset of a 1-minimal set, which is the set itself in most cases."""
    checked = yield from check_subsets([mask], verdicts, largest)
    confirmed = yield from confirm(checked, verdicts)
    return confirmed[0] if confirmed else FoundSet(mask, verdicts.scores[mask], "1-minimal")
