"""The answerers of the simulatability benchmark: what each is shown, and the rule it answers by.

The rules are explained in ``gallery.survey.simulatability``.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isclose
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from gallery.errors import ShapeError
from gallery.records import AttentionGraph, Explanation, Float32, Int16, MaskModel, Question, cells_of
from gallery.survey.areas import overlaps

Float64 = NDArray[np.float64]
Said = Literal["first", "second", "neither"]
"""Which set is said to leave the classifier less confident."""
Answerer = Callable[[Question], Said]

EQUAL = 1e-9
"""Relative difference below which two numbers an answerer compares are equal."""


@dataclass(frozen=True)
class ShownSet:
    """A patch set whose confidence an answerer is shown.

    Attributes:
        mask: Kept patches.
        probability: Of the target when only they are kept.
        weights: Patch -> how much it counts when the set is kept in part: the drop printed at the link that
            takes it away. Patches without a link weigh as the mean of the others; without any link, all
            weigh alike.
    """

    mask: int
    probability: float
    weights: Mapping[int, float] = field(default_factory=dict)

    def share_kept(self, kept: int) -> float:
        """Return the weight of the patches that are also in ``kept``, as a share of all; 1 if all are."""
        if not self.mask & ~kept:
            return 1.0
        known = sum(self.weights.values())
        # Weights that are all 0 tell the patches apart as little as none at all.
        usual = known / len(self.weights) if known else 1.0
        weights = {c: self.weights.get(c, usual) if known else 1.0 for c in cells_of(self.mask)}
        return sum(weights[cell] for cell in cells_of(self.mask & kept)) / sum(weights.values())


def kept_set(question: Question, mask: int, full: int) -> int:
    """Return the patches that stay when ``mask`` is kept or removed, as ``question`` asks."""
    return mask if question.kind == "keep" else full & ~mask


def cell_sums(values: Float32, mask_model: MaskModel, segments: Int16 | None) -> Float64:
    """Return the sum of a map in every patch.

    Args:
        values: (H, W), raw.
        mask_model: The patches. A grid counts as it is drawn, with hard borders; a pixel that a border
            crosses is divided by area, so that all cells are equally large.
        segments: (H, W) superpixel of every pixel, or None for a grid.

    Returns:
        (n_cells,) float64 in the unit of ``values``.

    Raises:
        ShapeError: If ``values`` is not a finite (H, W) map, or ``segments`` does not fit it or the patches.
    """
    if values.ndim != 2 or not np.isfinite(values).all():
        raise ShapeError(f"a heatmap must be finite and (H, W), got shape {values.shape}.")
    exact = values.astype(np.float64)
    if mask_model.partition == "grid":
        down = overlaps(mask_model.rows, values.shape[0])
        sums: Float64 = (down @ exact @ overlaps(mask_model.cols, values.shape[1]).T).ravel()
        return sums
    if segments is None or segments.shape != values.shape:
        shape = None if segments is None else segments.shape
        raise ShapeError(f"segments must have the shape of the heatmap {values.shape}, got {shape}.")
    if segments.min() < 0 or segments.max() >= mask_model.n_cells:
        raise ShapeError(f"segments must be from 0 to {mask_model.n_cells - 1}.")
    totals = np.bincount(segments.ravel(), weights=exact.ravel(), minlength=mask_model.n_cells)
    return totals.astype(np.float64)


def heatmap_answerer(sums: Float64) -> Answerer:
    """Return who answers from the attribution summed in every patch.

    Removing the larger sum is said to hurt more; keeping the smaller sum is said to leave less. Sums count as
    equal if they differ by at most ``EQUAL`` of the attribution (regardless of sign) in both sets.
    """

    def say(question: Question) -> Said:
        first, second = (
            [float(sums[cell]) for cell in cells_of(m)] for m in (question.first, question.second)
        )
        difference = sum(first) - sum(second)
        if abs(difference) <= EQUAL * sum(abs(value) for value in (*first, *second)):
            return "neither"
        return "first" if (difference > 0) == (question.kind == "remove") else "second"

    return say


def shown_answerer(sets: Sequence[ShownSet], explanations: Sequence[ShownSet], full: int) -> Answerer:
    """Return who answers from patch sets whose confidence is shown.

    Two rules, the second only where the first finds no difference:

    1. What is kept leaves at least the confidence of the most confident of ``sets`` that it contains; 0 if it
       contains none.
    2. Of each of the ``explanations``, what is kept leaves the confidence times the share kept (see
       ``ShownSet.share_kept``). The largest of these decide; if equal, the second largest, and so on.

    Args:
        sets: All that is shown.
        explanations: Those that are complete explanations.
        full: The mask that keeps every patch.
    """

    def say(question: Question) -> Said:
        first, second = (kept_set(question, mask, full) for mask in (question.first, question.second))
        pairs = [(_contained(sets, first), _contained(sets, second))]
        pairs += zip(_left(explanations, first), _left(explanations, second), strict=True)
        for one, other in pairs:
            if not isclose(one, other, rel_tol=EQUAL, abs_tol=EQUAL):
                return "first" if one < other else "second"
        return "neither"

    return say


def _contained(sets: Sequence[ShownSet], kept: int) -> float:
    return max((shown.probability for shown in sets if not shown.mask & ~kept), default=0.0)


def _left(explanations: Sequence[ShownSet], kept: int) -> list[float]:
    return sorted((shown.probability * shown.share_kept(kept) for shown in explanations), reverse=True)


def sag_answerer(graph: AttentionGraph, full: int) -> Answerer:
    """Return who answers from the nodes and links of a structured attention graph, and nothing else."""
    drops: dict[str, dict[int, float]] = {node.id: {} for node in graph.nodes}
    for link in graph.links:
        # A patch whose removal helps counts for nothing; it cannot weigh less than that.
        drops[link.source][link.removed] = max(link.drop, 0.0)
    sets = [(node.is_root, ShownSet(node.mask, node.probability, drops[node.id])) for node in graph.nodes]
    return shown_answerer([one for _, one in sets], [one for is_root, one in sets if is_root], full)


def mse_answerer(mses: Sequence[Explanation], full: int) -> Answerer:
    """Return who answers from the list of MSEs with their confidences, all patches alike."""
    sets = [ShownSet(mse.mask, mse.probability) for mse in mses]
    return shown_answerer(sets, sets, full)
