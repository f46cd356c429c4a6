r"""Methods ranked image by image, and which of them the ranks tell apart.

On every image the methods are ranked, 1 for the best, equal ones sharing the mean of their places. Friedman's
test asks whether the average ranks could come from equally good methods; its statistic is corrected for ties
and read by Iman and Davenport's F distribution. If it says they differ, two methods differ significantly
where their average ranks are at least the critical difference of Nemenyi's test apart:

$$\mathrm{CD} = q_\alpha \sqrt{\frac{k (k + 1)}{6 n}}$$

for k methods on n images, with the Studentised range of infinite degrees of freedom divided by the square
root of two. It allows for all pairs being looked at. Reference: Demsar, Statistical Comparisons of
Classifiers over Multiple Data Sets, JMLR 7, 2006, sections 3.2.2 and 3.2.4.

The critical difference is an approximation for large n, and it is strict: with many methods and few images
nearly everything is one group. Ranks also depend on which other methods take part.
"""

from dataclasses import dataclass
from functools import cache
from importlib import import_module
from math import pi, sqrt

import numpy as np
from numpy.typing import NDArray

from gallery.errors import ShapeError
from gallery.survey.paired import ALPHA, Better, settled

Float64 = NDArray[np.float64]


@dataclass(frozen=True)
class Ranking:
    """Average ranks and what they tell apart.

    Attributes:
        ranks: (k,) average rank of every method; 1 is best.
        n_images: Number ranked.
        chi_square: Friedman's statistic, corrected for ties.
        p: By the F distribution.
        critical: Nemenyi's critical difference.
        groups: Indices, best first, of methods that are not told apart: maximal, at least two in each. One
            group of all where Friedman's test sees no difference.
    """

    ranks: tuple[float, ...]
    n_images: int
    chi_square: float
    p: float
    critical: float
    groups: tuple[tuple[int, ...], ...]


def rank_methods(values: Float64, better: Better, alpha: float = ALPHA) -> Ranking:
    """Return the ranking of k methods on n images.

    Args:
        values: (n, k), finite; at least two of each.
        better: Which direction is better.
        alpha: Level.

    Raises:
        ShapeError: If there are fewer than two images or methods, or a value is not finite.
    """
    if values.ndim != 2 or min(values.shape) < 2 or not np.isfinite(values).all():
        raise ShapeError(f"ranks need finite (n, k) values, two of each at least, got {values.shape}.")
    n, k = values.shape
    placed = places(settled(values) * (-1 if better == "higher" else 1))
    average = placed.mean(axis=0)
    chi_square, p = friedman(placed)
    critical = critical_difference(k, n, alpha)
    order = [int(i) for i in np.argsort(average, kind="stable")]
    groups = _groups(average, order, critical) if p <= alpha else (tuple(order),)
    return Ranking(tuple(average.tolist()), n, chi_square, p, critical, groups)


def places(values: Float64) -> Float64:
    """Return the place of every value in its row, (n, k): 1 for the smallest, the mean place for equals."""
    smaller = (values[:, None, :] < values[:, :, None]).sum(axis=2)
    equal = (values[:, None, :] == values[:, :, None]).sum(axis=2)
    return np.asarray(smaller + (equal + 1) / 2, dtype=np.float64)


def friedman(placed: Float64) -> tuple[float, float]:
    """Return Friedman's chi-square, corrected for ties, and its p-value by Iman and Davenport's F.

    Args:
        placed: (n, k) places of k methods on n images.
    """
    n, k = placed.shape
    spread = float((placed**2).sum()) - n * k * (k + 1) ** 2 / 4
    if spread <= 0:  # all methods equal on every image
        return 0.0, 1.0
    between = float(((placed.sum(axis=0) - n * (k + 1) / 2) ** 2).sum())
    chi_square = (k - 1) * between / spread
    rest = n * (k - 1) - chi_square
    if rest <= 1e-9 * n * (k - 1):  # the same order on every image
        return chi_square, 0.0
    tail = import_module("scipy.special").fdtrc
    return chi_square, float(tail(k - 1, (k - 1) * (n - 1), (n - 1) * chi_square / rest))


def critical_difference(n_methods: int, n_images: int, alpha: float = ALPHA) -> float:
    """Return Nemenyi's critical difference of average ranks."""
    return studentised_range(n_methods, alpha) / sqrt(2) * sqrt(n_methods * (n_methods + 1) / (6 * n_images))


@cache
def studentised_range(k: int, alpha: float = ALPHA) -> float:
    """Return the upper quantile of the range of k standard normal numbers (infinite degrees of freedom)."""
    cumulative = import_module("scipy.special").ndtr
    z = np.linspace(-9, 9, 3601)
    density = np.exp(-(z**2) / 2) / sqrt(2 * pi)

    def above(q: float) -> float:
        inside = k * density * (cumulative(z + q) - cumulative(z)) ** (k - 1)
        return 1 - float(np.trapezoid(inside, z))

    low, high = 0.0, 20.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if above(middle) > alpha else (low, middle)
    return (low + high) / 2


def _groups(average: Float64, order: list[int], critical: float) -> tuple[tuple[int, ...], ...]:
    """Return the maximal runs of the order whose ends are less than the critical difference apart."""
    found: list[tuple[int, int]] = []
    for first in range(len(order)):
        last = first
        while last + 1 < len(order) and average[order[last + 1]] - average[order[first]] < critical:
            last += 1
        if last > first and (not found or last > found[-1][1]):
            found.append((first, last))
    return tuple(tuple(order[first : last + 1]) for first, last in found)
