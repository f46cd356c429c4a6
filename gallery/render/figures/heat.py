"""Heatmaps as pixels: grey PNGs that the page colours live, and coloured overlays."""

from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gallery.errors import RenderError, ShapeError
from gallery.records import Float32, UInt8
from gallery.render.figures.colormap import apply, default_for
from gallery.render.figures.scale import Scaled, scale


def grey_png(native: NDArray[np.floating], *, signed: bool = False) -> bytes:
    """Return a map at its own resolution as an 8-bit grey PNG, 0 = lowest colour, 255 = highest.

    A 7 x 7 map takes about 120 bytes. The page enlarges and colours it (``colormap.svg_filter``).

    Args:
        native: (h, w) raw values.
        signed: Whether the symmetric scale rule applies.

    Raises:
        ShapeError: If ``native`` is not (h, w).
        RenderError: If it cannot be scaled.
    """
    _require_map(native)
    levels = np.round(scale(native, signed=signed).values * 255).astype(np.uint8)
    buffer = BytesIO()
    Image.fromarray(levels).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def cut_levels(native: NDArray[np.floating], values: NDArray[np.floating], *, signed: bool = False) -> str:
    """Return the grey levels of ``grey_png`` from which a map's highest pixels begin, for a threshold.

    Equal values are not told apart, so a little more than the share asked for may lie above a level.

    Args:
        native: (h, w) raw values, which decide the scale.
        values: (H, W) the same at the size of the picture, of which shares are taken.
        signed: Whether the symmetric scale rule applies.

    Returns:
        Two hexadecimal digits each for the highest 5, 10, ... 95 % of pixels: 38 characters.

    Raises:
        RenderError: If the map cannot be scaled.
    """
    scaled = scale(native, signed=signed)
    reach = scaled.high - scaled.low
    shares = (values.astype(np.float64) - scaled.low) / (reach or 1.0)
    levels = np.round(np.clip(shares, 0.0, 1.0).astype(np.float32) * 255).astype(np.uint8)
    at_least = np.bincount(levels.ravel(), minlength=256)[::-1].cumsum()[::-1]
    wanted = np.arange(5, 100, 5)[:, None] / 100 * levels.size
    # The highest level that still has as many pixels at or above it.
    cuts: NDArray[np.uint8] = ((at_least[None] >= wanted).sum(axis=1) - 1).astype(np.uint8)
    return cuts.tobytes().hex()


def resize_map(values: NDArray[np.floating], size: tuple[int, int]) -> Float32:
    """Return a map resampled to (H, W) ``size``, bilinear with half-pixel centres."""
    image = Image.fromarray(np.ascontiguousarray(values, dtype=np.float32))
    return np.asarray(image.resize((size[1], size[0]), Image.Resampling.BILINEAR), dtype=np.float32)


def colour(
    values: NDArray[np.floating], *, colormap: str | None = None, signed: bool = False
) -> tuple[UInt8, Scaled]:
    """Return a map's colours (H, W, 3) uint8, and the scale they stand for.

    Args:
        values: (H, W) raw values.
        colormap: Name; by default the one for (un)signed maps.
        signed: Whether the symmetric scale rule applies.

    Raises:
        ShapeError: If ``values`` is not (H, W).
        RenderError: If it cannot be scaled, or the colour map is unknown.
    """
    _require_map(values)
    scaled = scale(values, signed=signed)
    return apply(scaled.values, colormap or default_for(signed=signed)), scaled


def overlay(
    view: UInt8,
    values: NDArray[np.floating],
    *,
    colormap: str | None = None,
    opacity: float = 0.5,
    signed: bool = False,
) -> UInt8:
    """Return the photograph with the coloured map laid over it.

    Args:
        view: (kH, kW, 3) uint8 photograph.
        values: (H, W) raw heatmap of the same picture, at any resolution.
        colormap: Name; by default the one for (un)signed maps.
        opacity: Of the heatmap, 0 = only photograph, 1 = only heatmap; the same everywhere.
        signed: Whether the symmetric scale rule applies.

    Returns:
        (kH, kW, 3) uint8.

    Raises:
        ShapeError: If a shape or dtype is not as documented.
        RenderError: If the map cannot be scaled, the colour map is unknown or the opacity is out of range.
    """
    require_view(view)
    if not 0 <= opacity <= 1:
        raise RenderError(f"The opacity of an overlay must be between 0 and 1, got {opacity}.")
    _require_map(values)
    # Scaled before resampling: enlarging never changes which raw value a colour stands for.
    scaled = scale(values, signed=signed)
    heat = apply(resize_map(scaled.values, view.shape[:2]), colormap or default_for(signed=signed))
    mixed = view.astype(np.float32) * (1 - opacity) + heat.astype(np.float32) * opacity
    return np.round(mixed).astype(np.uint8)


def require_view(view: UInt8) -> None:
    """Check that ``view`` is an (H, W, 3) uint8 picture.

    Raises:
        ShapeError: If it is not.
    """
    if view.ndim != 3 or view.shape[2] != 3 or view.dtype != np.uint8 or 0 in view.shape:
        raise ShapeError(f"A photograph must be (H, W, 3) uint8, got {view.shape} {view.dtype}.")


def _require_map(values: NDArray[np.floating]) -> None:
    if values.ndim != 2:
        raise ShapeError(f"A heatmap must be (H, W), got {values.shape}.")
