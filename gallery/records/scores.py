"""Scores of patch sets, kept so that later stages and pages never ask the classifier twice."""

from dataclasses import dataclass

from gallery.records.arrays import Bool, Float32, UInt8


@dataclass(frozen=True)
class StoredScores:
    """What the classifier said about patch sets of one image, ascending by mask.

    Attributes:
        masks: (N, ceil(n_cells / 8)) uint8, bit masks in little-endian bytes.
        probabilities: (N,) float32, softmax probability of the target.
        is_exact: (N,) bool, False where only a screening pass of a faster precision saw it.
        is_top: (N,) bool, whether the target is the most probable class; False where not exact.
    """

    masks: UInt8
    probabilities: Float32
    is_exact: Bool
    is_top: Bool
