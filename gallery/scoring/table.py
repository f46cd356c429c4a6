"""What is known about the patch sets of one image, and its form in the store."""

from dataclasses import dataclass, field

import numpy as np

from gallery.records import StoredScores


@dataclass
class ScoreTable:
    """Scores of one image for one target: bit mask -> softmax probability.

    Attributes:
        screened: From screening passes (the tuned precision).
        exact: From float32 passes.
        top: Masks with a float32 score under which the target is the most probable class.
    """

    screened: dict[int, float] = field(default_factory=dict)
    exact: dict[int, float] = field(default_factory=dict)
    top: set[int] = field(default_factory=set)

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
