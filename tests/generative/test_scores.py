"""Scores against brute force; thresholds come from validation."""

import numpy as np
import pytest

from gallery.errors import ConfigError, ShapeError
from gallery.generative.data import GOOD
from gallery.generative.scores import auroc, best_threshold, iou_at, localisation, optimistic_iou

RNG = np.random.default_rng(3)
SCORES = RNG.integers(0, 12, (5, 4, 4)).astype(np.float32)  # many ties
MASKS = RNG.random((5, 4, 4)) < 0.3


def test_auroc_is_the_chance_to_score_higher_with_ties_half() -> None:
    wins = [float(a > b) + 0.5 * float(a == b) for a in SCORES[MASKS] for b in SCORES[~MASKS]]
    assert auroc(SCORES, MASKS) == pytest.approx(sum(wins) / len(wins), abs=1e-12)


def test_the_best_threshold_is_that_of_brute_force() -> None:
    tried = {t: iou_at(SCORES, MASKS, t) for t in np.unique(SCORES)}
    best = best_threshold(SCORES, MASKS)
    assert iou_at(SCORES, MASKS, best) == max(tried.values())
    assert best == max(t for t, value in tried.items() if value == max(tried.values()))


def test_equal_scores_are_chosen_together() -> None:
    scores = np.array([3.0, 2.0, 2.0, 2.0, 2.0])
    assert best_threshold(scores, np.array([True, True, False, False, False])) == 3, (
        "1/2, not 2/2 of a tie cut up"
    )


def test_intersection_over_union_counts_pixels() -> None:
    scores = np.array([[[3.0, 2.0], [1.0, 0.0]]])
    masks = np.array([[[True, False], [True, False]]])
    assert iou_at(scores, masks, 2.0) == 1 / 3
    assert iou_at(scores, np.zeros_like(masks), 9.0) == 0
    assert optimistic_iou(scores, masks) == pytest.approx(2 / 3)
    slow = max(iou_at(SCORES, MASKS, SCORES.max() * i / 100) for i in range(1, 100))
    assert optimistic_iou(SCORES, MASKS) == slow


def test_the_threshold_is_chosen_on_validation_and_kept() -> None:
    masks = np.array([[[True, False, False, False]]])
    validation = np.array([[[9.0, 1.0, 1.0, 1.0]]])
    test = np.array([[[4.0, 3.0, 3.0, 9.0]]])  # another scale: 9 is exceeded by the wrong pixel only
    both = np.concatenate([test, np.zeros_like(test)])
    masks_of_both = np.concatenate([masks, np.zeros_like(masks)])
    made = localisation((validation, masks), (both, masks_of_both), ("cut", GOOD))
    assert (made.threshold, made.iou) == (9.0, 0.0)
    assert made.optimistic_iou == 0.5
    assert made.image_auroc == 1.0


def test_every_kind_of_defect_is_scored_by_itself() -> None:
    kinds = ("cut", "blob", GOOD, "cut", "blob")
    made = localisation((SCORES, MASKS), (SCORES, MASKS), kinds)
    assert made.by_kind == {
        "blob": auroc(SCORES[[1, 4]], MASKS[[1, 4]]),
        "cut": auroc(SCORES[[0, 3]], MASKS[[0, 3]]),
    }
    of_pictures = SCORES.max(axis=(1, 2))
    assert made.image_auroc == auroc(of_pictures, np.array([True, True, False, True, True]))
    assert made.image_by_kind == {
        "blob": auroc(of_pictures[[1, 2, 4]], np.array([True, False, True])),
        "cut": auroc(of_pictures[[0, 2, 3]], np.array([True, False, True])),
    }


def test_without_masks_only_pictures_are_scored() -> None:
    made = localisation((SCORES, None), (SCORES, None), ("1", "2", GOOD, GOOD, "1"))
    assert (made.pixel_auroc, made.iou, made.threshold, made.optimistic_iou, made.by_kind) == (None,) * 5
    assert 0 <= made.image_auroc <= 1


def test_what_cannot_be_scored_is_refused() -> None:
    with pytest.raises(ConfigError, match="only one kind"):
        auroc(SCORES, np.zeros_like(MASKS))
    with pytest.raises(ConfigError, match="no anomalous pixel"):
        best_threshold(SCORES, np.zeros_like(MASKS))
    with pytest.raises(ShapeError, match="maps are"):
        auroc(SCORES, MASKS[:2])
    with pytest.raises(ConfigError, match="not finite"):
        auroc(np.where(MASKS, np.nan, SCORES), MASKS)
