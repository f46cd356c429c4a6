"""Which methods are not significantly worse than the best, over the same images.

The statistic is the one that is printed: the difference of two means over the same images. Its chance is
found by Fisher's randomisation test for pairs: if two methods were equally good, each image's difference
could as well have had the other sign, so the mean difference is compared with those under all (or many
random) choices of signs. Reference: Fisher, The Design of Experiments, 1935, section 21; for such
comparisons: Edgington and Onghena, Randomization Tests, 4th edition, 2007, chapter 6.

Why not the others: Wilcoxon's signed-rank test asks about ranks, so that the method with the best mean may
be significantly *worse* by it; a bootstrap p-value is too small for few images, and fails on measures that
are only ever 0 or 1. The sign test by chance handles both, and equal pairs simply do not count.

The best method is compared with every other one, and the p-values are corrected for their number by Holm's
method (Scandinavian Journal of Statistics 6(2), 1979). The best mean is itself picked from the data, which
makes the differences look somewhat larger than they are.

With n images no p-value can be below 2^(1 - n). Where even that, corrected, is above the level, the test
cannot tell any two methods apart and says nothing: with fewer than 6 images always.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import ceil, log2
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from gallery.errors import ShapeError

Float64 = NDArray[np.float64]
Better = Literal["higher", "lower"]

ALPHA = 0.05
"""Level of every test."""
_EXACT_UP_TO = 15
"""Images up to which all choices of signs are tried; beyond, as many random ones."""
_MOST_DRAWS, _FEWEST_DRAWS, _MOST_SIGNS = 2**_EXACT_UP_TO, 2**12, 2**25
_CHUNK = 2**22
_SAME, _SAME_OF_ALL = 1e-5, 1e-7
"""Up to which two values are the same: relative difference, difference as a share of the largest value."""


@dataclass(frozen=True)
class BestGroup:
    """The methods that are not significantly worse than the best.

    Attributes:
        leader: Index of the best mean (the first of equals).
        p: (k,) Holm's adjusted p-value of each method against the leader; 1 for the leader.
        members: Indices, the leader included; empty if the test cannot tell.
        needed: Images from which the test can tell anything, if there are fewer; else 0.
    """

    leader: int
    p: tuple[float, ...]
    members: tuple[int, ...]
    needed: int


def settled(values: Float64) -> Float64:
    """Return values with those of one image that differ by rounding only made equal.

    Two methods that are the same on paper differ in the last bits, always to the same side; over many
    images the tests below would call that significant.

    Args:
        values: (n, k), finite.
    """
    order = np.argsort(values, axis=1, kind="stable")
    rising = np.take_along_axis(values, order, axis=1)
    size = np.maximum(abs(rising[:, 1:]), abs(rising[:, :-1]))
    apart = np.diff(rising, axis=1) > _SAME * size + _SAME_OF_ALL * abs(values).max(initial=0.0)
    # Each value becomes the first of the run it belongs to.
    first = np.concatenate([np.ones((len(values), 1), dtype=bool), apart], axis=1)
    start = np.maximum.accumulate(np.where(first, np.arange(values.shape[1]), 0), axis=1)
    made = np.empty_like(values)
    np.put_along_axis(made, order, np.take_along_axis(rising, start, axis=1), axis=1)
    return made


def sign_test(differences: Float64, seed: int = 0) -> Float64:
    """Return the two-sided p-value of every column's mean by randomly changed signs.

    Args:
        differences: (n, m), finite.
        seed: Of the random choices, drawn beyond 15 images only.

    Returns:
        (m,) in (0, 1]; 1 where all differences are 0.

    Raises:
        ShapeError: If there are not two axes or no image.

    Cost:
        At most 2^15 sums of n numbers per column; fewer beyond 1,000 images, but 2^12 at least.
    """
    if differences.ndim != 2 or not len(differences):
        raise ShapeError(f"differences must be (n, m) with n at least 1, got shape {differences.shape}.")
    n = len(differences)
    observed = abs(differences.sum(axis=0))
    # The same sum in another order may differ in the last bits.
    reached = observed - 1e-9 * abs(differences).sum(axis=0)
    count = np.zeros(differences.shape[1])
    signs = _signs(n, seed)
    step = max(1, _CHUNK // n)
    for start in range(0, len(signs), step):
        count += (abs(signs[start : start + step].astype(np.float64) @ differences) >= reached).sum(axis=0)
    return np.asarray(count / len(signs), dtype=np.float64)


def holm(p: Sequence[float]) -> tuple[float, ...]:
    """Return p-values adjusted for their number: reject where the result is at most the level."""
    order = np.argsort(p, kind="stable")
    adjusted = [0.0] * len(p)
    largest = 0.0
    for place, index in enumerate(order):
        largest = max(largest, min(1.0, (len(p) - place) * float(p[index])))
        adjusted[index] = largest
    return tuple(adjusted)


def best_group(values: Float64, better: Better, *, seed: int = 0, alpha: float = ALPHA) -> BestGroup:
    """Return the methods not significantly worse than the best mean.

    Args:
        values: (n, k) of n images under k methods; at least one of each.
        better: Which direction is better.
        seed: Of the test's random signs.
        alpha: Level.

    Raises:
        ShapeError: If ``values`` is empty or not finite.
    """
    if values.ndim != 2 or not values.size or not np.isfinite(values).all():
        raise ShapeError(f"values must be finite (n, k) with at least one of each, got {values.shape}.")
    same = settled(values)
    means = same.mean(axis=0) * (1 if better == "higher" else -1)
    leader = int(means.argmax())
    others = [i for i in range(values.shape[1]) if i != leader]
    needed = images_needed(len(others), alpha)
    raw = sign_test(same[:, [leader]] - same[:, others], seed)
    p = dict(zip(others, holm(raw.tolist()), strict=True))
    tested = len(values) >= needed
    members = tuple(i for i in range(values.shape[1]) if i == leader or p[i] > alpha) if tested else ()
    return BestGroup(
        leader, tuple(p.get(i, 1.0) for i in range(values.shape[1])), members, 0 if tested else needed
    )


def images_needed(n_others: int, alpha: float = ALPHA) -> int:
    """Return from how many images the best can differ significantly from any of so many others."""
    return 1 + ceil(log2(max(1, n_others) / alpha) - 1e-9)


@lru_cache(maxsize=4)
def _signs(n: int, seed: int) -> NDArray[np.int8]:
    """Return choices of signs, (m, n), the one that changes nothing among them.

    All choices with the first sign kept: turning all of them round changes no absolute sum.
    """
    if n <= _EXACT_UP_TO:
        bits = (np.arange(2 ** (n - 1))[:, None] >> np.arange(n)) & 1
        return (1 - 2 * bits[:, ::-1]).astype(np.int8)
    n_draws = max(_FEWEST_DRAWS, min(_MOST_DRAWS, _MOST_SIGNS // n))
    drawn = np.random.default_rng(seed).integers(0, 2, size=(n_draws, n), dtype=np.int8)
    drawn[0] = 0
    return (1 - 2 * drawn).astype(np.int8)
