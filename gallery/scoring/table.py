"""What is known about the patch sets of one image, what is in doubt, and its form in the store."""

import math
from dataclasses import dataclass, field

import numpy as np

from gallery.interfaces import ScoreRequest
from gallery.odds import log_odds
from gallery.records import StoredScores

LEAST_DOUBT = 0.25
"""Half-width, in log-odds, within which screening scores near a threshold are always re-scored."""
DOUBT = 2.0
"""The half-width grows to this many root-mean-square errors of screening, as seen on the image itself."""


@dataclass
class ScoreTable:
    """Scores of one image for one target: bit mask -> softmax probability.

    Attributes:
        screened: From screening passes (the tuned precision).
        exact: From float32 passes.
        top: Masks with a float32 score under which the target is the most probable class.
        errors: How far off screening was where both scores were taken, in log-odds.
    """

    screened: dict[int, float] = field(default_factory=dict)
    exact: dict[int, float] = field(default_factory=dict)
    top: set[int] = field(default_factory=set)
    errors: list[float] = field(default_factory=list)

    def knows(self, mask: int, *, exact: bool) -> bool:
        """Return whether ``mask`` needs no forward pass."""
        return mask in self.exact or (not exact and mask in self.screened)

    def look_up(self, mask: int) -> float:
        """Return the best score known for ``mask``: exact if there is one."""
        return self.exact[mask] if mask in self.exact else self.screened[mask]

    def record_exact(self, mask: int, value: float, *, is_top: bool) -> None:
        """Store a float32 score, and how far off screening was."""
        self.exact[mask] = value
        if is_top:
            self.top.add(mask)
        if mask in self.screened:
            self.errors.append(log_odds(self.screened[mask]) - log_odds(value))

    @property
    def doubt(self) -> float:
        """Half-width, in log-odds, of the zone around a threshold where screening scores do not decide."""
        if not self.errors:
            return LEAST_DOUBT
        return max(LEAST_DOUBT, DOUBT * math.sqrt(sum(e * e for e in self.errors) / len(self.errors)))

    def doubtful(self, request: ScoreRequest) -> list[int]:
        """Return the masks asked for whose screening score is too near the threshold to decide."""
        if request.threshold is None or request.exact:
            return []
        edge, doubt = log_odds(request.threshold), self.doubt
        undecided = [mask for mask in request.masks if mask not in self.exact]
        return [mask for mask in undecided if abs(log_odds(self.screened[mask]) - edge) <= doubt]

    def stored(self, n_cells: int) -> StoredScores:
        """Return the table as a record, the same for the same scores."""
        masks, width = sorted(self.screened.keys() | self.exact.keys()), (n_cells + 7) // 8
        packed = bytearray(b"".join(mask.to_bytes(width, "little") for mask in masks))
        best = [self.exact[mask] if mask in self.exact else self.screened[mask] for mask in masks]
        return StoredScores(
            masks=np.array(packed, dtype=np.uint8).reshape(len(masks), width),
            probabilities=np.array(best, dtype=np.float32),
            is_exact=np.array([mask in self.exact for mask in masks], dtype=np.bool_),
            is_top=np.array([mask in self.top for mask in masks], dtype=np.bool_),
        )

    def restore(self, scores: StoredScores) -> None:
        """Take over scores of the same image, target and mask model."""
        columns = (scores.probabilities.tolist(), scores.is_exact.tolist(), scores.is_top.tolist())
        for row, probability, is_exact, is_top in zip(scores.masks, *columns, strict=True):
            mask = int.from_bytes(row.tobytes(), "little")
            (self.exact if is_exact else self.screened)[mask] = probability
            if is_top:
                self.top.add(mask)
