"""Do heatmap methods agree? Rank correlation between their maps of the same image.

Maps are compared by Spearman's rank correlation: 1 if two maps put all places in the same order, 0 if their
orders have nothing to do with each other, -1 if one reverses the other. Ranks, because the measures read
maps as an order of places, and because raw values of different methods have different units. Signed maps
are ranked as they are: evidence against the class comes last.

All maps are first averaged over the 28 x 28 cells of a common grid. At the 224 x 224 pixels of an input
gradient noise would drown what such maps have in common; at the 7 x 7 cells of a CAM the detail of the
others would be lost. A map upsampled from 7 x 7 is smooth between its cells, so two CAMs agree on more
than their 49 numbers; compare such pairs with each other rather than with the rest.

A map that is constant has no order. Its pairs are left out, and how often that happened is counted. Two
methods that give the same map agree with 1, which raises the mean over all pairs of an image.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from gallery.errors import SurveyError
from gallery.records import Float32, ImageResult
from gallery.survey.areas import area_means
from gallery.survey.bootstrap import DEFAULT, Interval, Resampling, mean_interval, ratio_intervals

Float64 = NDArray[np.float64]

SIDE = 28
"""Cells of the common grid along each axis (fewer where an input is smaller)."""
_SAME = 2.0**-20
"""Share of a map's range below which two cells are equal, and of its size below which it is constant."""


@dataclass(frozen=True)
class ImageAgreement:
    """How far the maps of one image agree.

    Attributes:
        methods: Of the maps.
        correlations: Rank correlation of every pair, in the order of ``itertools.combinations``; None beside
            a constant map.
        constant: Methods whose map is constant.
    """

    methods: tuple[str, ...]
    correlations: tuple[float | None, ...]
    constant: tuple[str, ...]

    @property
    def mean(self) -> float | None:
        """Mean over all pairs; None without a pair."""
        known = [value for value in self.correlations if value is not None]
        return float(np.mean(known)) if known else None

    @property
    def pairs(self) -> dict[frozenset[str], float | None]:
        """Two methods -> their rank correlation."""
        return dict(zip(map(frozenset, combinations(self.methods, 2)), self.correlations, strict=True))


@dataclass(frozen=True)
class Agreement:
    """How far methods agree over a set.

    Attributes:
        methods: In the set's order.
        pairs: (i, j) -> mean correlation of two methods over images, i < j.
        mean: Mean over images of the mean over pairs.
        n_constant: How many maps of each method are constant.
        n_images: Images with at least one pair.
    """

    methods: tuple[str, ...]
    pairs: dict[tuple[int, int], Interval]
    mean: Interval
    n_constant: tuple[int, ...]
    n_images: int

    def of(self, i: int, j: int) -> Interval:
        """Return the correlation of two different methods, in any order."""
        return self.pairs[min(i, j), max(i, j)]


def agreement_of(result: ImageResult) -> ImageAgreement:
    """Return how far the maps of one image agree.

    Raises:
        SurveyError: If its maps differ in shape.
    """
    maps = result.heatmaps
    shapes = {heatmap.values.shape for heatmap in maps.values()}
    if len(shapes) > 1:
        raise SurveyError(f"{result.image.id}: heatmaps of different shapes {sorted(shapes)}; compute again.")
    return compare_maps({name: heatmap.values for name, heatmap in maps.items()})


def compare_maps(maps: "dict[str, Float32]") -> ImageAgreement:
    """Return the rank correlations of maps of one shape, (H, W) each, by method."""
    methods = tuple(maps)
    table = np.full((len(methods), len(methods)), np.nan)
    standard = [_standard_ranks(values) for values in maps.values()]
    varying = [i for i, ranks in enumerate(standard) if ranks is not None]
    if varying:
        stacked = np.stack([ranks for ranks in standard if ranks is not None])
        table[np.ix_(varying, varying)] = np.clip(stacked @ stacked.T, -1.0, 1.0)
    constant = tuple(name for name, ranks in zip(methods, standard, strict=True) if ranks is None)
    pairs = (float(table[pair]) for pair in combinations(range(len(methods)), 2))
    return ImageAgreement(methods, tuple(None if np.isnan(value) else value for value in pairs), constant)


def agreement(
    images: Sequence[ImageAgreement], methods: Sequence[str], resampling: Resampling = DEFAULT
) -> Agreement:
    """Return how far methods agree over the images of a set.

    Args:
        images: Of one classifier; gone through once.
        methods: In the set's order.
        resampling: How intervals are computed.
    """
    pairs = list(combinations(range(len(methods)), 2))
    table = np.full((len(images), len(pairs)), np.nan)
    means: list[float] = []
    constant: Counter[str] = Counter()
    for row, image in zip(table, images, strict=True):
        constant.update(image.constant)
        if (mean := image.mean) is not None:
            means.append(mean)
        known_pairs = image.pairs
        for column, (i, j) in enumerate(pairs):
            value = known_pairs.get(frozenset((methods[i], methods[j])))
            row[column] = np.nan if value is None else value
    known = ~np.isnan(table)
    intervals = ratio_intervals(np.where(known, table, 0.0), known, resampling) if pairs else ()
    return Agreement(
        methods=tuple(methods),
        pairs=dict(zip(pairs, intervals, strict=True)),
        mean=mean_interval(means, resampling),
        n_constant=tuple(constant[name] for name in methods),
        n_images=len(means),
    )


def _standard_ranks(values: Float32) -> Float64 | None:
    """Return the ranks of a map's cells with mean 0 and length 1; None if it is constant.

    Raises:
        SurveyError: If a value is not finite.
    """
    if values.ndim != 2 or not np.isfinite(values).all():
        raise SurveyError(f"a heatmap must be finite and (H, W), got shape {values.shape}.")
    height, width = values.shape
    cells = area_means(values, min(SIDE, height), min(SIDE, width)).ravel()
    low, high = cells.min(), cells.max()
    if high - low <= _SAME * abs(cells).max():
        return None
    # Averages of equal values may differ in the last bits; a millionth of the range does not matter.
    _, place, counts = np.unique(
        np.round((cells - low) / ((high - low) * _SAME)), return_inverse=True, return_counts=True
    )
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place.ravel()]
    centred = ranks - ranks.mean()
    return np.asarray(centred / np.linalg.norm(centred), dtype=np.float64)
