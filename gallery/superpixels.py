"""Superpixels: patches that follow the colours of an image instead of a grid."""

import numpy as np

from gallery.errors import ConfigError, ShapeError
from gallery.records import Int16, UInt8

MAX_SEGMENTS = 256
_SMOOTHING_PX = 1.0


def slic_segments(view: UInt8, n_segments: int, compactness: float) -> Int16:
    """Return the superpixel of every pixel.

    SLIC in CIELAB (Achanta et al., SLIC Superpixels Compared to State-of-the-Art Superpixel Methods, TPAMI
    2012), as scikit-image has it: connected pieces only, the same on every run. The image is smoothed with a
    Gaussian of one pixel before; without it, noise and fine textures fall into specks that are all merged,
    and a photograph of grass may end up with three superpixels of 49.

    Args:
        view: (H, W, 3) uint8 RGB, what the classifier sees, in its resolution.
        n_segments: How many are asked for, 1 to 256. SLIC often returns fewer, because specks are merged
            into their neighbours; if it returns more than 256, fewer are asked for.
        compactness: How much nearness counts against colour, > 0; with more, they are more regular and their
            number is nearer to ``n_segments``.

    Returns:
        (H, W) int16, 0 to n - 1 with 1 <= n <= 256, each connected by its pixels' edges, numbered in
        reading order of their first pixels.

    Raises:
        ShapeError: If ``view`` is not (H, W, 3) uint8.
        ConfigError: If another argument is out of range.
    """
    if view.ndim != 3 or view.shape[2] != 3 or view.dtype != np.uint8 or 0 in view.shape:
        raise ShapeError(f"view: expected (H, W, 3) uint8, got {view.shape} {view.dtype}.")
    if not 1 <= n_segments <= MAX_SEGMENTS:
        raise ConfigError(f"perturbation.n_segments: expected 1 to {MAX_SEGMENTS}, got {n_segments}.")
    if not compactness > 0:
        raise ConfigError(f"perturbation.compactness: expected more than 0, got {compactness}.")
    from skimage.segmentation import slic  # noqa: PLC0415 - slow to import, and only needed here

    wanted = n_segments
    while True:
        found = slic(
            view,
            n_segments=wanted,
            compactness=compactness,
            sigma=_SMOOTHING_PX,
            start_label=0,
            channel_axis=-1,
        )
        _, first, numbers = np.unique(found, return_index=True, return_inverse=True)
        if len(first) <= MAX_SEGMENTS:
            break
        wanted = max(1, wanted * 9 // 10)  # pieces have half the wanted area or more: 128 are few enough
    in_reading_order = np.empty(len(first), dtype=np.int16)
    in_reading_order[np.argsort(first)] = np.arange(len(first), dtype=np.int16)
    return in_reading_order[numbers.reshape(found.shape)]
