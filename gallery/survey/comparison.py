"""Heatmap methods compared by one measure over the images of a set.

Methods are compared on the same images only: those on which every compared method has a value. A method that
has one on fewer than half of the measured images is left out of the comparison, so that it does not take the
images of all others away; its mean is over its own images and carries no mark.

Three things are said about each measure, and they answer different questions:

- means with bootstrap intervals over images (``bootstrap``): how large is it;
- the methods not significantly worse than the best mean (``paired``): which one to choose;
- average ranks with Nemenyi's critical difference (``ranks``): which pairs differ at all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gallery.survey.bootstrap import (
    DEFAULT,
    Interval,
    Resampling,
    mean_interval,
    ratio_intervals,
    share_interval,
    share_intervals,
)
from gallery.survey.paired import BestGroup, Better, best_group
from gallery.survey.ranks import Ranking, rank_methods

Float64 = NDArray[np.float64]
Values = Mapping[str, Mapping[str, float | None]]
"""Method -> measure -> value of one image."""

FEWEST = 6
"""Images below which nothing is tested or ranked."""


@dataclass(frozen=True)
class MethodScore:
    """What one measure says of one method.

    Attributes:
        method: Registered name.
        mean: Over the compared images; over its own images if it is not compared.
        is_compared: Whether it takes part in the tests.
        rank: Average rank, 1 is best; None if nothing is ranked.
        p: Adjusted p-value against the best; None for the best itself and where nothing is tested.
        is_best: Whether it is the best or not significantly worse.
    """

    method: str
    mean: Interval
    is_compared: bool
    rank: float | None
    p: float | None
    is_best: bool


@dataclass(frozen=True)
class Comparison:
    """What one measure says of all methods.

    Attributes:
        measure: Registered name.
        better: Which direction is better.
        scores: By method, in the set's order; methods without any value are missing.
        n_images: Compared images: every compared method has a value on them.
        n_measured: Images on which any method has a value.
        needed: Images the test needs, if there are fewer; else 0.
        ranking: Average ranks over ``ranked``, or None with too few images or methods.
        ranked: Methods of the ranking, in its order of indices.
    """

    measure: str
    better: Better
    scores: Mapping[str, MethodScore]
    n_images: int
    n_measured: int
    needed: int
    ranking: Ranking | None
    ranked: tuple[str, ...]

    @property
    def best(self) -> tuple[str, ...]:
        """The marked methods."""
        return tuple(name for name, score in self.scores.items() if score.is_best)

    @property
    def groups(self) -> tuple[tuple[str, ...], ...]:
        """Methods that the ranks do not tell apart, best first."""
        if self.ranking is None:
            return ()
        return tuple(tuple(self.ranked[i] for i in group) for group in self.ranking.groups)


def compare(
    images: Sequence[Values],
    methods: Sequence[str],
    measure: str,
    better: Better,
    resampling: Resampling = DEFAULT,
) -> Comparison:
    """Return the comparison of the methods by one measure.

    Args:
        images: Values of every image.
        methods: To compare, in the set's order.
        measure: Registered name.
        better: Which direction is better.
        resampling: How intervals are computed; its seed also seeds the test.
    """
    table = value_table(images, methods, measure)
    known = ~np.isnan(table)
    n_measured = int(known.any(axis=1).sum())
    n_known = known.sum(axis=0)
    compared = [i for i in range(len(methods)) if n_known[i] and 2 * n_known[i] >= n_measured]
    complete = table[known[:, compared].all(axis=1)][:, compared] if compared else table[:0, :0]
    n = len(complete)
    means = dict(zip(compared, _means(complete, resampling), strict=True))
    found = best_group(complete, better, seed=resampling.seed) if n and len(compared) > 1 else None
    ranking = rank_methods(complete, better) if n >= FEWEST and len(compared) > 1 else None
    scores = {}
    for i, method in enumerate(methods):
        if i in means:
            scores[method] = _score(method, means[i], compared.index(i), found, ranking)
        elif n_known[i]:
            mean = _mean(table[known[:, i], i], resampling)
            scores[method] = MethodScore(method, mean, is_compared=False, rank=None, p=None, is_best=False)
    return Comparison(
        measure=measure,
        better=better,
        scores=scores,
        n_images=n,
        n_measured=n_measured,
        needed=found.needed if found else 0,
        ranking=ranking,
        ranked=tuple(methods[i] for i in compared),
    )


def value_table(images: Sequence[Values], methods: Sequence[str], measure: str) -> Float64:
    """Return the values as (n, k), NaN where there is none."""
    rows = [[_number(image.get(method, {}).get(measure)) for method in methods] for image in images]
    return np.array(rows, dtype=np.float64).reshape(len(images), len(methods))


def _number(value: float | None) -> float:
    return float(value) if value is not None and np.isfinite(value) else float("nan")


def _score(
    method: str, mean: Interval, at: int, found: BestGroup | None, ranking: Ranking | None
) -> MethodScore:
    is_tested = found is not None and not found.needed
    return MethodScore(
        method=method,
        mean=mean,
        is_compared=True,
        rank=ranking.ranks[at] if ranking else None,
        p=found.p[at] if found and is_tested and at != found.leader else None,
        is_best=found is not None and at in found.members,
    )


def _means(complete: Float64, resampling: Resampling) -> tuple[Interval, ...]:
    if _is_yes_or_no(complete):
        return share_intervals(complete, resampling)
    return ratio_intervals(complete, np.ones_like(complete), resampling)


def _mean(values: Float64, resampling: Resampling) -> Interval:
    return (share_interval if _is_yes_or_no(values) else mean_interval)(values, resampling)


def _is_yes_or_no(values: Float64) -> bool:
    """Return whether a measure only says yes or no, so that its mean is a share of images."""
    return values.size > 0 and bool(np.isin(values, (0.0, 1.0)).all())
