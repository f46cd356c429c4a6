"""What the localisation measures share: a map's positive part, and how much of it lies in a region."""

from torch import Tensor

NO_OBJECT = "the image has no marked object"
NO_QUADRANT = "no quarter of the image is known to show the target"
OUT_OF_SIGHT = "the marked object lies outside what the classifier sees"


def positive_share(values: Tensor, region: Tensor) -> float:
    """Return the share of a map's positive part inside a region.

    Args:
        values: (H, W) float32, raw.
        region: (H, W) float32 in [0, 1].

    Returns:
        In [0, 1]; 0 where the map has no positive value, as it then points nowhere.
    """
    positive = values.double().clamp(min=0)
    total = float(positive.sum())
    inside = float((positive * region.to(positive)).sum())
    return min(inside / total, 1.0) if total > 0 else 0.0
