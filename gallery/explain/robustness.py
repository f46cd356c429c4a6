r"""How much of the answer hangs on the threshold, the baseline and chance.

- **Threshold sweep.** A search scores hundreds of patch sets to answer at one threshold $P_h$. The same
  scores say a good deal about other thresholds: at each, the smallest scored sets that reach it are minimised
  anew. What is reported is what is known, a lower bound of the number of minimal sufficient explanations
  (MSEs) and an upper bound of the size of the smallest; the search spent most of its effort at its own
  threshold, so the number at others is the rougher bound. Nothing forces the rows into an order: classifiers
  are not monotone, and a lower threshold can have fewer explanations, because they merge into smaller ones.
- **Cross test.** The MSEs found under one baseline, scored under another.
- **Agreement.** A second search, with another baseline or seed: how many MSEs are the same, and how similar
  the others are.
"""

import math
from collections.abc import Mapping, Sequence

from gallery.errors import ConfigError
from gallery.explain.search._base import Verdicts, single_deletions
from gallery.explain.search._minimise import minimise
from gallery.interfaces import ScoreRequest, ScoreSteps
from gallery.records import Agreement, CrossTest, SweepRow

AT_ONCE = 2
"""Patch sets that are minimised in lock-step."""


def sweep(
    scores: Mapping[int, float],
    p_full: float,
    thresholds: Sequence[float],
    *,
    known: Sequence[int] = (),
    max_forwards: int = 50,
) -> ScoreSteps[tuple[SweepRow, ...]]:
    """Count the MSEs known at other thresholds.

    At each threshold, scored sets that reach it and contain no other such set are taken up smallest first
    (then most confident, then lowest mask) and minimised, a few at a time. The verdicts are float32.

    Args:
        scores: Bit mask -> best known probability of the target, as a search left them.
        p_full: Probability of the target on the whole image.
        thresholds: Shares of p_full, in (0, 1].
        known: MSEs of the search. At every threshold where they are minimal as they stand they are counted
            without further work, however many they are.
        max_forwards: At each threshold, no further sets are taken up once this many forwards may have been
            spent: float32 scores besides those of ``known``, and screening of masks not in ``scores``. So a
            row does not depend on which other thresholds are swept.

    Returns:
        One row per different threshold, ascending. Where the baseline alone is sufficient there are no MSEs.

    Raises:
        ConfigError: If a threshold is not in (0, 1].

    Cost:
        ``max_forwards`` per threshold and what finishing the sets at hand takes; scores the scorer remembers
        are free.
    """
    if not all(0 < share <= 1 for share in thresholds):
        raise ConfigError("robustness: every threshold must be above 0 and at most 1.")
    around = list(dict.fromkeys([0, *known, *(part for mask in known for part in single_deletions(mask))]))
    exact = dict(zip(around, (yield ScoreRequest(around, exact=True)), strict=True))
    rows = []
    for share in sorted(set(thresholds)):
        verdicts = Verdicts(share * p_full, dict(exact), set(exact))
        masks = yield from _known_at({**scores, **exact}, known, verdicts, max_forwards)
        sizes = [mask.bit_count() for mask in masks]
        mean = sum(sizes) / len(sizes) if sizes else None
        rows.append(SweepRow(share, len(sizes), min(sizes, default=None), mean))
    return tuple(rows)


def agreement(changed: str, own: Sequence[int], other: Sequence[int]) -> Agreement:
    """Compare the MSEs of a second search with those of the first; both over the same patches.

    Args:
        changed: What the second search had changed, as printed.
        own: MSEs of the first search.
        other: MSEs of the second.
    """
    best = [
        max((one & mask).bit_count() / (one | mask).bit_count() for mask in theirs)
        for mine, theirs in ((own, other), (other, own))
        for one in mine
        if theirs
    ]
    return Agreement(
        changed=changed,
        n_mses=len(other),
        smallest=min((mask.bit_count() for mask in other), default=None),
        n_same=len(set(own) & set(other)),
        similarity=math.fsum(best) / len(best) if own and other else None,
    )


def cross_test(baseline: str, mses: Sequence[int], threshold: float) -> ScoreSteps[CrossTest]:
    """Score MSEs again; to be run against a scorer with another baseline.

    Args:
        baseline: Name of that baseline.
        mses: In printed order.
        threshold: As for the search; the whole image, and so p_full, is the same under every baseline.

    Cost:
        One float32 score for each MSE, and one for the baseline alone.
    """
    p_empty, *probabilities = yield ScoreRequest([0, *mses], exact=True)
    n_sufficient = sum(1 for p in probabilities if p >= threshold)
    return CrossTest(baseline, p_empty, tuple(probabilities), n_sufficient)


def _known_at(
    scores: Mapping[int, float], known: Sequence[int], verdicts: Verdicts, max_forwards: int
) -> ScoreSteps[list[int]]:
    """Return the 1-minimal sets known at the threshold of ``verdicts``.

    The table itself decides nothing: its screening scores were held against another threshold. It only says
    which sets to ask about.
    """
    if verdicts.is_sufficient(0):
        return []
    found = dict.fromkeys(
        mask
        for mask in known
        if verdicts.is_sufficient(mask) and not any(map(verdicts.is_sufficient, single_deletions(mask)))
    )
    pool = {mask: p for mask, p in scores.items() if p >= verdicts.threshold and mask not in found}
    order = sorted(pool, key=lambda mask: (mask.bit_count(), -pool[mask], mask))
    n_exact, apart, spent = len(verdicts.exact), list(found), 0
    while order and spent < max_forwards:
        group, order = _next_group(order, apart)
        yield from verdicts.ask(group)
        group = [mask for mask in group if verdicts.is_sufficient(mask)]
        apart += group
        minimal = yield from minimise(group, verdicts)
        yield from verdicts.ask(minimal, exact=True)
        found.update(dict.fromkeys(mask for mask in minimal if verdicts.is_sufficient(mask)))
        spent = len(verdicts.exact) - n_exact + len(verdicts.scores.keys() - scores.keys())
    return list(found)


def _next_group(order: Sequence[int], apart: Sequence[int]) -> tuple[list[int], list[int]]:
    """Return the next few sets that contain none of ``apart`` and not each other, and the sets left."""
    group: list[int] = []
    later: list[int] = []
    for i, mask in enumerate(order):
        if len(group) == AT_ONCE:
            return group, [*later, *order[i:]]
        if not any(one & mask == one for one in apart):
            (later if any(one & mask == one for one in group) else group).append(mask)
    return group, later
