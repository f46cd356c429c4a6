"""An additive model of the log-odds, fitted on scores already taken: what a patch set is likely to score."""

from collections.abc import Sequence

import numpy as np

from gallery.explain.search._base import Verdicts
from gallery.odds import log_odds
from gallery.records import cells_of

RIDGE = 1.0
"""Weight of the squared coefficients; keeps the fit defined when there are fewer scores than patches."""
FOCUS = 4.0
"""Distance from the threshold, in log-odds, at which a score counts half."""
LOWEST = -14.0
"""Log-odds below this are as good as this: they say no more than "hopeless"."""


class Surrogate:
    """Log-odds = ``intercept`` + the sum of the ``values`` of the patches kept.

    A ridge regression in which scores near the threshold weigh most: that is where predictions matter, and
    log-odds are not additive over their whole range.

    Attributes:
        values: Of each patch.
        intercept: Of the empty set.
        edge: Log-odds of the threshold.
    """

    def __init__(self, verdicts: Verdicts, n_cells: int) -> None:
        """Fit on every score known.

        Cost:
            One solution of an n_cells x n_cells system; no scores.
        """
        self.edge = log_odds(verdicts.threshold)
        masks = sorted(verdicts.scores)
        x = _bits(masks, n_cells)
        y = np.array([max(log_odds(verdicts.scores[mask]), LOWEST) for mask in masks])
        weight = 1 / (1 + ((y - self.edge) / FOCUS) ** 2)
        mean_x, mean_y = weight @ x / weight.sum(), weight @ y / weight.sum()
        x -= mean_x
        weighted = x * weight[:, None]
        values = np.linalg.solve(weighted.T @ x + RIDGE * np.eye(n_cells), weighted.T @ (y - mean_y))
        # Rounded, so that the order of equally useful patches does not hang on the last bit of the solver.
        self.values: list[float] = values.round(6).tolist()
        self.intercept = round(float(mean_y - mean_x @ values), 6)

    def predict(self, mask: int) -> float:
        """Return the log-odds expected of a patch set, rounded to 1e-6."""
        return round(self.intercept + sum(self.values[cell] for cell in cells_of(mask)), 6)

    def order(self) -> list[int]:
        """Return all patches, most valuable first; ties go to the lower patch id."""
        return sorted(range(len(self.values)), key=lambda cell: (-self.values[cell], cell))


def _bits(masks: Sequence[int], n_cells: int) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Return bit masks as (B, n_cells) zeros and ones."""
    width = (n_cells + 7) // 8
    packed = np.frombuffer(b"".join(mask.to_bytes(width, "little") for mask in masks), dtype=np.uint8)
    bits = np.unpackbits(packed.reshape(len(masks), width), axis=1, count=n_cells, bitorder="little")
    return bits.astype(np.float64)
