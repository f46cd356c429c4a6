"""Small pictures of data sets: as they are, maps on a scale that many share, outlines of masks."""

from collections.abc import Sequence
from io import BytesIO

import numpy as np
from PIL import Image

from gallery.errors import RenderError
from gallery.records import Bool, Float32, UInt8
from gallery.render.figures.borders import loops_around
from gallery.render.figures.photo import photo_webp

_QUALITY = 84
_GAP = 2
"""White pixels between pictures."""


def picture_webp(pictures: Sequence[UInt8], quality: int = _QUALITY) -> bytes:
    """Return pictures side by side as WebP.

    Args:
        pictures: (C, H, W) uint8 each, C 1 or 3, all of one shape.
        quality: Of the WebP, 0 to 100.
    """
    gap = np.full((*pictures[0].shape[:2], _GAP), 255, dtype=np.uint8)
    spaced = [part for one in pictures for part in (gap, one)][1:]
    strip = np.concatenate(spaced, axis=2)
    colours = np.repeat(strip, 3, axis=0) if len(strip) == 1 else strip
    return photo_webp(np.ascontiguousarray(colours.transpose(1, 2, 0)), quality)


def strip_width(n: int, width: int) -> int:
    """Return the width of ``picture_webp`` for ``n`` pictures of a width."""
    return n * width + (n - 1) * _GAP


def shared_png(values: Float32, high: float) -> bytes:
    """Return a map as an 8-bit grey PNG on the scale 0 to ``high``; values above are drawn as ``high``.

    Args:
        values: (H, W), at least 0.
        high: Value of the last colour; 0 draws everything in the first.

    Raises:
        RenderError: If a value is negative or not finite.
    """
    if not np.isfinite(values).all() or values.min() < 0:
        raise RenderError("An anomaly map holds negative values or none at all; build it again.")
    shares = values / high if high > 0 else np.zeros_like(values)
    buffer = BytesIO()
    Image.fromarray(np.round(np.clip(shares, 0, 1) * 255).astype(np.uint8)).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def outline_svg(mask: Bool) -> bytes:
    """Return the outline of a mask as SVG with nothing inside: a white line in a dark one.

    Args:
        mask: (H, W), True inside.
    """
    height, width = mask.shape
    loops = ("M" + "L".join(f"{col} {row}" for row, col in loop) + "Z" for loop in loops_around(mask))
    path = "".join(loops)
    lines = "".join(
        f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{line}" '
        'vector-effect="non-scaling-stroke"/>'
        for colour, line in (("#141414", 3), ("#fff", 1.2))
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}">{lines}</svg>\n'
    ).encode()
