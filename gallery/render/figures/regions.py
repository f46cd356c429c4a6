"""Photographs with needed and precluded regions: outlined, or with the baseline in their place."""

import numpy as np
from PIL import Image

from gallery.records import Bool, Float32, UInt8
from gallery.render.figures.borders import shrunk
from gallery.render.figures.heat import require_view, resize_map
from gallery.render.figures.photo import photo_webp, shrink

# Told apart without colours, too: one is framed, the other is framed and hatched.
_NEEDED = np.array([86, 180, 233], dtype=np.uint8)
_PRECLUDED = np.array([240, 142, 54], dtype=np.uint8)
_EDGE = np.array([20, 20, 20], dtype=np.uint8)
_HATCH = 10
"""Lines' width plus gap, in widths of a line."""


def region_area(plane: Float32, size: tuple[int, int]) -> Bool:
    """Return the pixels of a picture of ``size`` (H, W) that belong to a region for the greater part.

    Args:
        plane: (h, w) float32 in [0, 1], shares of the region.
        size: Of the picture.
    """
    inside: Bool = resize_map(plane, size) >= min(0.5, float(plane.max()))
    return inside


def outlined(
    view: UInt8, needed: Float32 | None, precluded: Float32 | None, *, side: int = 448, quality: int = 78
) -> bytes:
    """Return the photograph with its needed region framed and its precluded one framed and hatched, as WebP.

    Args:
        view: (kH, kW, 3) uint8 photograph.
        needed: (H, W) float32 in [0, 1]; None without one.
        precluded: Likewise.
        side: Longer side of the picture, pixels.
        quality: Of the WebP, 0 to 100.

    Raises:
        ShapeError: If ``view`` is not (H, W, 3) uint8.
    """
    picture = shrink(view, side).copy()
    size = (picture.shape[0], picture.shape[1])
    line = max(1, round(max(size) / 150))
    for plane, colour in ((needed, _NEEDED), (precluded, _PRECLUDED)):
        if plane is None:
            continue
        area = region_area(plane, size)
        if plane is precluded:
            down, across = np.indices(size)
            lines = area & ((down + across) % (_HATCH * line) < line)
            picture[lines] = colour
        # A coloured line inside a dark one is seen on any photograph.
        picture[area & ~shrunk(area, 2 * line)] = _EDGE
        picture[area & ~shrunk(area, line)] = colour
    return photo_webp(picture, quality)


def replaced(
    view: UInt8, baseline_view: UInt8, plane: Float32, *, side: int = 448, quality: int = 78
) -> bytes:
    """Return the photograph with the baseline in place of a region, as WebP.

    Args:
        view: (kH, kW, 3) uint8 photograph.
        baseline_view: (h, w, 3) uint8 baseline, see ``photo.denormalise``.
        plane: (H, W) float32 in [0, 1], the region.
        side: Longer side of the picture, pixels.
        quality: Of the WebP, 0 to 100.

    Raises:
        ShapeError: If a picture is not (H, W, 3) uint8.
    """
    return photo_webp(replaced_view(shrink(view, side), baseline_view, plane), quality)


def replaced_view(view: UInt8, baseline_view: UInt8, plane: Float32) -> UInt8:
    """Return a photograph with the baseline in place of a region; shaped like ``view``.

    Raises:
        ShapeError: If a picture is not (H, W, 3) uint8.
    """
    require_view(view)
    require_view(baseline_view)
    height, width = view.shape[:2]
    baseline = Image.fromarray(baseline_view).resize((width, height), Image.Resampling.BILINEAR)
    share = np.clip(resize_map(plane, (height, width)), 0, 1)[:, :, None]
    mixed = view * (1 - share) + np.asarray(baseline, dtype=np.float32) * share
    picture: UInt8 = np.round(mixed).astype(np.uint8)
    return picture
