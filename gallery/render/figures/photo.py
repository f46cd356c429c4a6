"""Photographs and patch-set pictures as small files."""

from collections.abc import Sequence
from io import BytesIO
from typing import Literal

import numpy as np
from PIL import Image, ImageFilter

from gallery.errors import RenderError, ShapeError
from gallery.records import Float32, UInt8
from gallery.render.figures.heat import require_view
from gallery.render.figures.partition import Partition

# Removed patches: grey, darkened to this share of their lightness, and slightly blurred, so that even on a
# dark photograph the kept patches are what the eye goes to.
_DIM = 0.38
_LIFT = 20
_BORDER = np.array([255, 255, 255], dtype=np.uint8)
_REMOVED = np.array([240, 142, 54], dtype=np.uint8)
_MARK = np.array([255, 225, 74], dtype=np.uint8)
_EDGE = np.array([20, 20, 20], dtype=np.uint8)
_CARD_QUALITY = 72
"""WebP quality of pictures of patch sets."""


def photo_webp(view: UInt8, quality: int = 78, about: str = "") -> bytes:
    """Return a photograph as WebP, for pages.

    Args:
        view: (H, W, 3) uint8.
        quality: 0 to 100.
        about: XMP packet that the file carries, see ``metadata.xmp``; "" for none.

    Raises:
        ShapeError: If ``view`` is not (H, W, 3) uint8.
    """
    require_view(view)
    buffer = BytesIO()
    Image.fromarray(view).save(buffer, "WEBP", quality=quality, method=6, xmp=about.encode())
    return buffer.getvalue()


def light_webp(view: UInt8, most: int, qualities: Sequence[int] = (78, 70, 62, 54, 46)) -> bytes:
    """Return a photograph as WebP of at most ``most`` bytes if one of ``qualities`` allows it.

    Few photographs need it: foliage, gravel, fur. The JPEG beside it keeps its quality.

    Args:
        view: (H, W, 3) uint8.
        most: Bytes.
        qualities: Tried in this order; the last is taken even if it is too heavy.

    Raises:
        ShapeError: If ``view`` is not (H, W, 3) uint8.
    """
    data = b""
    for quality in qualities:
        data = photo_webp(view, quality)
        if len(data) <= most:
            break
    return data


def photo_jpeg(view: UInt8, quality: int = 85) -> bytes:
    """Return a photograph as progressive JPEG, for downloads and as a fallback.

    Raises:
        ShapeError: If ``view`` is not (H, W, 3) uint8.
    """
    require_view(view)
    buffer = BytesIO()
    Image.fromarray(view).save(buffer, "JPEG", quality=quality, optimize=True, progressive=True)
    return buffer.getvalue()


def thumbnail(
    view: UInt8, side: int = 160, *, kind: Literal["webp", "jpeg"] = "webp", quality: int = 75
) -> bytes:
    """Return a photograph reduced so that its longer side has ``side`` pixels; never enlarged.

    Raises:
        ShapeError: If ``view`` is not (H, W, 3) uint8.
    """
    small = shrink(view, side)
    return photo_webp(small, quality) if kind == "webp" else photo_jpeg(small, quality)


def shrink(view: UInt8, side: int) -> UInt8:
    """Return a photograph with at most ``side`` pixels on its longer side.

    Raises:
        ShapeError: If ``view`` is not (H, W, 3) uint8.
        RenderError: If ``side`` is not positive.
    """
    require_view(view)
    if side < 1:
        raise RenderError(f"A picture needs a side of at least 1 pixel, got {side}.")
    height, width = view.shape[:2]
    factor = side / max(height, width)
    if factor >= 1:
        return view
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    return np.asarray(Image.fromarray(view).resize(size, Image.Resampling.LANCZOS))


def dimmed(view: UInt8) -> UInt8:
    """Return a photograph as removed patches are drawn: grey, dark and a little blurred.

    Raises:
        ShapeError: If ``view`` is not (H, W, 3) uint8.
    """
    require_view(view)
    radius = max(view.shape[:2]) / 200
    grey = Image.fromarray(view).convert("L").filter(ImageFilter.GaussianBlur(radius))
    levels = np.asarray(grey, dtype=np.float32) * _DIM + _LIFT
    return np.repeat(np.round(levels).astype(np.uint8)[:, :, None], 3, axis=2)


def kept_patches(view: UInt8, mask: int, patches: Partition, *, removed: int | None = None) -> UInt8:
    """Return the photograph with the patches of ``mask`` as they are and all others dimmed.

    A thin white line marks the border of the kept region.

    Args:
        view: (kH, kW, 3) uint8 photograph.
        mask: Kept patches.
        patches: Of this image.
        removed: A patch to mark with an orange frame, such as the one just taken away.

    Returns:
        uint8, shaped like ``view``.

    Raises:
        ShapeError: If ``view`` is not (H, W, 3) uint8.
        RenderError: If ``mask`` or ``removed`` does not fit the patches.
    """
    require_view(view)
    kept = patches.area(mask, view.shape[:2])
    picture = np.where(kept[:, :, None], view, dimmed(view))
    line = max(1, round(max(view.shape[:2]) / 224))
    picture[patches.rim(kept, line)] = _BORDER
    if removed is not None:
        taken = patches.area(1 << removed, view.shape[:2])
        picture[patches.rim(taken, 2 * line)] = _REMOVED
    return picture


def mse_picture(view: UInt8, mask: int, patches: Partition, *, side: int = 224, about: str = "") -> bytes:
    """Return the kept patches of a minimal sufficient explanation as WebP, for its card.

    Args:
        view: (kH, kW, 3) uint8 photograph.
        mask: Kept patches.
        patches: Of this image.
        side: Longer side of the picture, pixels.
        about: XMP packet of the file, or "".

    Raises:
        ShapeError: If ``view`` is not (H, W, 3) uint8.
        RenderError: If ``mask`` does not fit the patches.
    """
    return photo_webp(kept_patches(shrink(view, side), mask, patches), _CARD_QUALITY, about)


def composed(view: UInt8, baseline_view: UInt8, mask: int, patches: Partition) -> UInt8:
    """Return what the classifier saw: the photograph where patches are kept, the baseline elsewhere.

    Args:
        view: (kH, kW, 3) uint8 photograph.
        baseline_view: (h, w, 3) uint8 baseline, see ``denormalise``; resized to ``view`` if need be.
        mask: Kept patches.
        patches: Of this image; weights are soft between the cells of a bilinear grid.

    Returns:
        uint8, shaped like ``view``.

    Raises:
        ShapeError: If a picture is not (H, W, 3) uint8.
        RenderError: If ``mask`` does not fit the patches.
    """
    require_view(view)
    require_view(baseline_view)
    height, width = view.shape[:2]
    baseline = Image.fromarray(baseline_view).resize((width, height), Image.Resampling.BILINEAR)
    weights = patches.keep_weights(mask, (height, width))[:, :, None]
    mixed = view * weights + np.asarray(baseline, dtype=np.float32) * (1 - weights)
    return np.round(mixed).astype(np.uint8)


def denormalise(tensor: Float32, mean: Sequence[float], std: Sequence[float]) -> UInt8:
    """Return a preprocessed input as a picture again.

    Args:
        tensor: (1, 3, H, W) float32, normalised.
        mean: Per channel, as in the classifier's preprocessing.
        std: Per channel.

    Returns:
        (H, W, 3) uint8.

    Raises:
        ShapeError: If ``tensor`` is not (1, 3, H, W).
    """
    if tensor.ndim != 4 or tensor.shape[:2] != (1, 3):
        raise ShapeError(f"A classifier's input must be (1, 3, H, W), got {tensor.shape}.")
    channels = np.moveaxis(tensor[0], 0, 2) * np.array(std, dtype=np.float32) + np.array(
        mean, dtype=np.float32
    )
    picture: UInt8 = np.round(np.clip(channels, 0, 1) * 255).astype(np.uint8)
    return picture


def removed_picture(
    view: UInt8, baseline_view: UInt8, mask: int, patches: Partition, *, side: int = 224, about: str = ""
) -> bytes:
    """Return the photograph with some patches replaced by the baseline and outlined, as WebP.

    Args:
        view: (kH, kW, 3) uint8 photograph.
        baseline_view: (h, w, 3) uint8 baseline, see ``denormalise``.
        mask: *Removed* patches.
        patches: Of this image.
        side: Longer side of the picture, pixels.
        about: XMP packet of the file, or "".

    Raises:
        ShapeError: If a picture is not (H, W, 3) uint8.
        RenderError: If ``mask`` does not fit the patches.
    """
    small = shrink(view, side)
    picture = composed(small, baseline_view, patches.mask_model.full & ~mask, patches)
    removed = patches.area(mask, small.shape[:2])
    line = max(1, round(max(small.shape[:2]) / 110))
    # Yellow beside a dark line is seen on any photograph and on any baseline.
    picture[patches.rim(removed, line + 1)] = _EDGE
    picture[patches.rim(removed, line)] = _MARK
    return photo_webp(picture, _CARD_QUALITY, about)
