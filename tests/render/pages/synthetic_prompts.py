"""Needed and precluded regions of the synthetic set: plausible numbers that fit each other."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from gallery.records import (
    Agreement,
    Change,
    Float32,
    Heatmap,
    ImageResult,
    Prediction,
    Prompted,
    PromptedMap,
    PromptedMse,
    Prompts,
    Shares,
)
from gallery.render.figures.partition import Partition

SIDE = 224
AGAIN = "grad_cam"
"""The method whose map is made again."""


def make_prompted(result: ImageResult) -> Prompted:
    """Return a needed region in the middle and a precluded one below, for a result with MSEs."""
    needed, precluded = _box(60, 50, 130, 170), _box(150, 20, 210, 204)

    def shares(plane: Float32) -> Shares:
        positive = np.maximum(plane, 0)
        needed_share, precluded_share = (
            float((positive * p).sum() / positive.sum()) for p in (needed, precluded)
        )
        return Shares(needed_share, precluded_share)

    patches, size = Partition.of(result), (SIDE, SIDE)
    factors: dict[Change, float] = {"without_precluded": 0.95, "without_needed": 0.2, "only_needed": 0.7}
    before = result.heatmaps[AGAIN]
    after = replace(before, values=before.values[:, ::-1].copy(), native=before.native[:, ::-1].copy())
    search = replace(
        result.search, p_full=0.95 * result.search.p_full, threshold=0.95 * result.search.threshold
    )
    prompts = Prompts(
        needed=needed,
        precluded=precluded,
        areas=shares(np.ones(size, np.float32)),
        predictions={change: _said(result.prediction, factor) for change, factor in factors.items()},
        mses=tuple(
            PromptedMse(shares(patches.keep_weights(mse.mask, size)), mse.probability * (0.98 if i else 0.5))
            for i, mse in enumerate(result.search.mses)
        ),
        agreement=Agreement("without the precluded region", len(search.mses), 3, len(search.mses) - 1, 0.9),
        options={"heatmaps": "cams", "search": True},
        forwards=321,
        seconds=0.5,
    )
    return Prompted(prompts, _maps(result, shares, after), search, {AGAIN: after})


def _maps(result: ImageResult, shares: Callable[[Float32], Shares], after: Heatmap) -> dict[str, PromptedMap]:
    return {
        name: PromptedMap(
            shares(heatmap.values),
            shares(after.values) if name == AGAIN else None,
            0.25 if name == AGAIN else None,
        )
        for name, heatmap in result.heatmaps.items()
    }


def _box(top: int, left: int, bottom: int, right: int) -> Float32:
    plane = np.zeros((SIDE, SIDE), np.float32)
    plane[top:bottom, left:right] = 1
    return plane


def _said(prediction: Prediction, factor: float) -> Prediction:
    """Return a prediction with the target's probability scaled down, and what is lost given to the second."""
    lost = (1 - factor) * prediction.p_full
    first, second, *others = prediction.top
    first = replace(first, probability=first.probability - lost)
    second = replace(second, probability=second.probability + lost)
    top = sorted((first, second, *others), key=lambda one: -one.probability)
    return replace(prediction, p_full=first.probability, top=tuple(top))
