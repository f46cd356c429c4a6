"""How good an explanation network is: faithful, orthogonal, selective, the same again from other seeds."""

from collections.abc import Sequence
from importlib import import_module

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]


def r_squared(predicted: Array, true: Array) -> float | None:
    """Return 1 - residual / total sum of squares of (N,) values; None if ``true`` does not vary.

    1 is perfect; 0 is no better than the mean of ``true``; negative is worse than that.
    """
    true, predicted = true.astype(np.float64), predicted.astype(np.float64)
    total = float(((true - true.mean()) ** 2).sum())
    return None if total == 0 else 1 - float(((true - predicted) ** 2).sum()) / total


def root_mean_square(predicted: Array, true: Array) -> float:
    """Return the root of the mean squared difference, in the unit of the values."""
    return float(np.sqrt(np.mean((predicted.astype(np.float64) - true.astype(np.float64)) ** 2)))


def overlap(contributions: Array) -> float | None:
    """Return the mean squared cosine of all pairs of x-features that are not 0 throughout.

    Args:
        contributions: (N, n), what every x-feature adds to the logit of every view.

    Returns:
        0 if they never answer together, 1 if all are proportional; None with fewer than two.
    """
    columns = contributions.astype(np.float64)
    columns = columns[:, (columns != 0).any(axis=0)]
    n = columns.shape[1]
    if n < 2:
        return None
    unit = columns / np.linalg.norm(columns, axis=0)
    squared = (unit.T @ unit) ** 2
    return float((squared.sum() - np.trace(squared)) / (n * (n - 1)))


def share_reconstructed(decoded: Array, inputs: Array, at_least: float = 0.5) -> float:
    """Return the share of the layer's features, (N, d), whose reconstruction has R2 >= ``at_least``.

    Features that do not vary do not count; 0 if none varies.
    """
    inputs, decoded = inputs.astype(np.float64), decoded.astype(np.float64)
    total = ((inputs - inputs.mean(axis=0)) ** 2).sum(axis=0)
    varies = total > 0
    if not varies.any():
        return 0.0
    residual = ((inputs - decoded) ** 2).sum(axis=0)[varies]
    return float((1 - residual / total[varies] >= at_least).mean())


def matched_correlations(one: Array, other: Array) -> tuple[float, ...]:
    """Return the correlation of every x-feature of ``one`` with its partner among those of ``other``.

    Partners are chosen one to one so that the sum of correlations is largest; an x-feature that does not vary
    correlates with nothing (0).

    Args:
        one: (N, n) contributions.
        other: (N, n) contributions of another training to the same views.
    """
    found = correlations(one, other)
    rows, columns = import_module("scipy.optimize").linear_sum_assignment(-found)  # slow to import
    return tuple(float(found[row, column]) for row, column in sorted(zip(rows, columns, strict=True)))


def correlations(one: Array, other: Array) -> Array:
    """Return Pearson's correlation of all columns of ``one`` with all of ``other``; 0 where one is flat."""
    a, b = (_standardised(x.astype(np.float64)) for x in (one, other))
    return np.asarray(a.T @ b)


def stability(reference: Array, others: Sequence[Array]) -> tuple[float, ...]:
    """Return for every x-feature the mean correlation with its partners in other trainings; () without."""
    if not others:
        return ()
    found = np.array([matched_correlations(reference, other) for other in others])
    return tuple(float(value) for value in found.mean(axis=0))


def half_mass_share(heatmap: Array) -> float | None:
    """Return the smallest share of a map's cells that holds half of what is positive in it.

    Small means local; None if nothing is positive.
    """
    cells = np.sort(np.clip(heatmap.astype(np.float64), 0, None).ravel())[::-1]
    if cells.sum() == 0:
        return None
    n = int(np.searchsorted(np.cumsum(cells), 0.5 * cells.sum()) + 1)
    return n / cells.size


def _standardised(columns: Array) -> Array:
    centred = columns - columns.mean(axis=0)
    norms = np.linalg.norm(centred, axis=0)
    return np.asarray(centred / np.where(norms > 1e-12, norms, np.inf))
