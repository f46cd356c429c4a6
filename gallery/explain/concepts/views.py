"""Views of photographs to learn from, where there are too few photographs: crops at several scales, mirrored.

The first view of a photograph is the whole, cropped as the classifier always sees it. The others are squares
whose sides are a share of the photograph's shorter side, anywhere in it, every other one mirrored on average.
"""

from collections.abc import Iterator

import numpy as np

from gallery.records import UInt8

SCALES = (1.0, 0.75, 0.5, 0.35)
"""Sides of the squares, as shares of the photograph's shorter side; taken in turn."""
LEAST_PX = 32
"""No square is smaller, unless the photograph is."""


def views_of(pixels: UInt8, n: int, seed: int) -> Iterator[UInt8]:
    """Yield ``n`` views of a photograph, the whole first.

    Args:
        pixels: (H, W, 3) uint8.
        n: >= 1.
        seed: Of places and mirroring.
    """
    yield pixels
    draw = np.random.default_rng(seed)
    height, width = pixels.shape[:2]
    shorter = min(height, width)
    for i in range(n - 1):
        side = min(max(round(SCALES[i % len(SCALES)] * shorter), LEAST_PX), shorter)
        top, left = (int(draw.integers(0, length - side + 1)) for length in (height, width))
        square = pixels[top : top + side, left : left + side]
        is_mirrored = bool(draw.integers(0, 2))
        yield np.ascontiguousarray(square[:, ::-1] if is_mirrored else square)
