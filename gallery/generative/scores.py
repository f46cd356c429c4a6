"""How well anomaly maps agree with masks: AUROC, and intersection over union at a threshold.

Maps are compared on one scale for the whole set; scaling each map to its own range would give normal
pictures anomalies, too. All pixels of all pictures count alike.

``iou`` takes the threshold that is best on the validation part. ``optimistic_iou`` takes the best of the 99
thresholds i / 100 of the largest value *on the test part itself*, with the masks that it is judged by: the
protocol of the published reproduction of Liu et al. (arXiv:1911.07389). It is reported under that name
only, to compare with their figures, and is never below what an honest choice among the same thresholds
would give.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gallery.errors import ConfigError, ShapeError
from gallery.generative.data import GOOD

Float = NDArray[np.floating]
Bool = NDArray[np.bool_]
N_OPTIMISTIC = 99


@dataclass(frozen=True)
class Localisation:
    """Scores of one method on one set.

    Attributes:
        pixel_auroc: Chance that an anomalous pixel scores above a normal one, ties half; higher is better.
        iou: At ``threshold``; higher is better.
        threshold: Best on validation, in the unit of the maps.
        optimistic_iou: See the module.
        by_kind: Kind of defect -> ``pixel_auroc`` over the pictures of that kind alone.
        image_auroc: Of pictures, scored by the largest value of their map.
        image_by_kind: Kind of defect -> ``image_auroc`` of the pictures of that kind against the normal ones.

    Those that need masks are None where there are none.
    """

    pixel_auroc: float | None
    iou: float | None
    threshold: float | None
    optimistic_iou: float | None
    by_kind: Mapping[str, float] | None
    image_auroc: float
    image_by_kind: Mapping[str, float]


def auroc(scores: Float, is_positive: Bool) -> float:
    """Return the area under the ROC curve, exact, ties counted half.

    Raises:
        ShapeError: If sizes differ.
        ConfigError: If scores are not finite, or all of one class.
    """
    flat, positive = _flat(scores, is_positive)
    n, m = int(positive.sum()), int((~positive).sum())
    if not n or not m:
        raise ConfigError("AUROC needs both normal and anomalous items; the data set holds only one kind.")
    _, place, counts = np.unique(flat, return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts - 1) / 2  # of every distinct value, from 1, the mean of its ties
    return float((ranks[place[positive]].sum() - n * (n + 1) / 2) / (n * m))


def iou_at(scores: Float, masks: Bool, threshold: float) -> float:
    """Return intersection over union of masks and what scores ``threshold`` or more; 0 if both are empty."""
    flat, positive = _flat(scores, masks)
    chosen = flat >= threshold
    union = int((chosen | positive).sum())
    return int((chosen & positive).sum()) / union if union else 0.0


def best_threshold(scores: Float, masks: Bool) -> float:
    """Return the threshold with the highest intersection over union; of equally good ones, the highest.

    Every value that occurs is tried, by one sort.

    Raises:
        ConfigError: If no pixel is anomalous, so that every threshold would do.
    """
    flat, positive = _flat(scores, masks)
    if not positive.any():
        raise ConfigError("the validation part holds no anomalous pixel; no threshold can be chosen.")
    order = np.argsort(-flat, kind="stable")
    ordered = flat[order]
    hits = np.cumsum(positive[order])
    ends = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True))  # equal values are chosen together
    union = (ends + 1) - hits[ends] + positive.sum()
    return float(ordered[ends[np.argmax(hits[ends] / union)]])


def optimistic_iou(scores: Float, masks: Bool) -> float:
    """Return the best intersection over union of 99 thresholds chosen on the very masks; see the module."""
    flat, positive = _flat(scores, masks)
    ordered, marked = np.sort(flat), np.sort(flat[positive])
    thresholds = ordered[-1] * np.arange(1, N_OPTIMISTIC + 1) / (N_OPTIMISTIC + 1)
    chosen = len(ordered) - np.searchsorted(ordered, thresholds)
    hits = len(marked) - np.searchsorted(marked, thresholds)
    return float((hits / np.maximum(len(marked) + chosen - hits, 1)).max())


def localisation(
    validation: tuple[Float, Bool | None], test: tuple[Float, Bool | None], kinds: Sequence[str]
) -> Localisation:
    """Return the scores of one method.

    Args:
        validation: Maps (N, H, W) and masks, or None, that choose the threshold.
        test: Maps and masks, or None, that are reported.
        kinds: Of the test pictures, N; ``GOOD`` for normal ones.

    Raises:
        ShapeError: If sizes differ.
        ConfigError: If values are not finite, or the test pictures or pixels are all of one kind.
    """
    maps, masks = test
    of_kind = {kind: np.array([one == kind for one in kinds]) for kind in sorted(set(kinds))}
    is_good = of_kind.pop(GOOD, np.zeros(len(maps), dtype=bool))
    highest = image_scores(maps)
    of_images = auroc(highest, ~is_good)
    images = {
        kind: auroc(highest[where | is_good], where[where | is_good]) for kind, where in of_kind.items()
    }
    if masks is None or validation[1] is None:
        return Localisation(None, None, None, None, None, of_images, images)
    threshold = best_threshold(validation[0], validation[1])
    return Localisation(
        pixel_auroc=auroc(maps, masks),
        iou=iou_at(maps, masks, threshold),
        threshold=threshold,
        optimistic_iou=optimistic_iou(maps, masks),
        by_kind={kind: auroc(maps[where], masks[where]) for kind, where in of_kind.items()},
        image_auroc=of_images,
        image_by_kind=images,
    )


def image_scores(maps: Float) -> Float:
    """Return the score of every picture, (N,): the largest value of its map."""
    highest: Float = maps.reshape(len(maps), -1).max(axis=1)
    return highest


def _flat(scores: Float, is_positive: Bool) -> tuple[Float, Bool]:
    if scores.shape != is_positive.shape:
        raise ShapeError(f"maps are {scores.shape}, masks {is_positive.shape}; they must be the same.")
    if not np.isfinite(scores).all():
        raise ConfigError("the maps hold values that are not finite; train the model again.")
    return scores.reshape(-1), is_positive.reshape(-1)
