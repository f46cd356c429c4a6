"""From photograph to classifier input, and to the picture of that input shown on pages; no torch needed.

``preprocess`` does what torchvision's ``Resize``, ``CenterCrop``, ``ToTensor`` and ``Normalize`` do to a
Pillow image, bit for bit. ``display_view`` cuts the same crop at a higher resolution, so that heatmaps and
patch grids line up with it. ``region_window`` cuts it out of a marked region.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from gallery.errors import ShapeError
from gallery.records import Float32, Preprocessing, UInt8

MAX_ASPECT = 100
"""Longest / shortest side of a photograph; beyond, resizing the short side explodes the long one."""

_FILTERS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}


@dataclass(frozen=True)
class _Frame:
    """Where the classifier's window lies on the resized photograph; all in pixels of the resized photograph.

    Attributes:
        height: Of the resized photograph.
        width: Of the resized photograph.
        top: First row of the window; negative where the photograph is padded.
        left: First column of the window; negative where the photograph is padded.
    """

    height: int
    width: int
    top: int
    left: int

    def seen(self, rows: int, cols: int) -> tuple[slice, slice]:
        """Return the rows and columns of the resized photograph that a window of rows x cols shows."""
        top, left = max(self.top, 0), max(self.left, 0)
        bottom, right = min(self.top + rows, self.height), min(self.left + cols, self.width)
        return slice(top, bottom), slice(left, right)


def preprocess(pixels: UInt8, preprocessing: Preprocessing) -> Float32:
    """Return what the classifier sees of a photograph.

    Args:
        pixels: (H, W, 3) uint8 RGB.
        preprocessing: Sizes, filter and normalisation.

    Returns:
        (1, 3, h, w) float32, normalised; identical to torchvision's transforms on a Pillow image. Where the
        resized photograph is smaller than the window, it is padded with black (0 before normalisation).

    Raises:
        ShapeError: If ``pixels`` is not (H, W, 3) uint8, or more than ``MAX_ASPECT`` times as long as wide.
    """
    window = _window(pixels, preprocessing, 1)
    scaled = window.astype(np.float32) / np.float32(255)
    mean, std = np.array(preprocessing.mean, np.float32), np.array(preprocessing.std, np.float32)
    normalised = (scaled - mean) / std
    return np.ascontiguousarray(normalised.transpose(2, 0, 1)[None])


def display_view(pixels: UInt8, preprocessing: Preprocessing, scale: int = 2) -> UInt8:
    """Return the part of a photograph the classifier sees, at ``scale`` times the classifier's resolution.

    Args:
        pixels: (H, W, 3) uint8 RGB.
        preprocessing: As for ``preprocess``; mean and std do not matter here.
        scale: How many display pixels there are per input pixel and axis, >= 1. Taken as 1 where the
            photograph has no more pixels than the classifier uses: enlarging would add none.

    Returns:
        (scale * h, scale * w, 3) uint8. With scale 1, exactly the pixels behind ``preprocess``.

    Raises:
        ShapeError: As for ``preprocess``, and if ``scale`` is not positive.
    """
    if scale < 1:
        raise ShapeError(f"scale: expected 1 or more, got {scale}.")
    _check(pixels)
    height, width = pixels.shape[:2]
    if preprocessing.resize is None:
        gains = height > preprocessing.size[0] or width > preprocessing.size[1]
    else:
        gains = min(height, width) > preprocessing.resize
    return _window(pixels, preprocessing, scale if gains else 1)


def region_window(region: UInt8, preprocessing: Preprocessing) -> Float32:
    """Return what part of every input pixel belongs to a region marked in the photograph.

    Args:
        region: (H, W) uint8 of the photograph's size, 255 inside and 0 outside.
        preprocessing: As for ``preprocess``; mean, std and interpolation do not matter here.

    Returns:
        (h, w) float32 in [0, 1]: the same crop as ``preprocess`` takes, always by Pillow's antialiased
        bilinear filter, because a bicubic one would overshoot at the region's border. Padding is 0.

    Raises:
        ShapeError: If ``region`` is not (H, W) uint8, or more than ``MAX_ASPECT`` times as long as wide.
    """
    if region.ndim != 2:
        raise ShapeError(f"region: expected (H, W) uint8, got {region.shape} {region.dtype}.")
    _check(np.broadcast_to(region[:, :, None], (*region.shape, 3)))
    frame = _frame(region.shape[0], region.shape[1], preprocessing)
    share = Image.fromarray(region.astype(np.float32) / np.float32(255))
    resized = share.resize((frame.width, frame.height), Image.Resampling.BILINEAR)
    down, across = frame.seen(*preprocessing.size)
    window = np.zeros(preprocessing.size, np.float32)
    cut = np.asarray(resized)[down, across]
    y0, x0 = down.start - frame.top, across.start - frame.left
    window[y0 : y0 + cut.shape[0], x0 : x0 + cut.shape[1]] = cut
    return np.clip(window, 0, 1)


def _check(pixels: UInt8) -> None:
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8 or 0 in pixels.shape:
        raise ShapeError(f"pixels: expected (H, W, 3) uint8, got {pixels.shape} {pixels.dtype}.")
    height, width = pixels.shape[:2]
    if max(height, width) > MAX_ASPECT * min(height, width):
        raise ShapeError(
            f"pixels: {width} x {height} px: one side is more than {MAX_ASPECT} times the other; "
            "crop the photograph."
        )


def _frame(height: int, width: int, preprocessing: Preprocessing) -> _Frame:
    """Return the geometry, with torchvision's rounding."""
    rows, cols = preprocessing.size
    if preprocessing.resize is None:
        return _Frame(rows, cols, 0, 0)
    short = preprocessing.resize
    # int() and round() as in torchvision.transforms.functional: the long side is cut off, the window's corner
    # rounded half to even; padding puts the odd pixel at the right and the bottom.
    new_height = short if height <= width else int(short * height / width)
    new_width = short if width <= height else int(short * width / height)

    def start(full: int, part: int) -> int:
        return -((part - full) // 2) if part > full else round((full - part) / 2.0)

    return _Frame(new_height, new_width, start(new_height, rows), start(new_width, cols))


def _window(pixels: UInt8, preprocessing: Preprocessing, scale: int) -> UInt8:
    """Return the window as (scale * h, scale * w, 3) uint8."""
    _check(pixels)
    height, width = pixels.shape[:2]
    frame = _frame(height, width, preprocessing)
    rows, cols = preprocessing.size
    down, across = frame.seen(rows, cols)
    top, left, bottom, right = down.start, across.start, down.stop, across.stop
    image, resample = Image.fromarray(np.ascontiguousarray(pixels)), _FILTERS[preprocessing.interpolation]
    if scale == 1:
        # Not through ``box`` as below: its coefficients may round differently from torchvision's.
        image = image.resize((frame.width, frame.height), resample).crop((left, top, right, bottom))
    else:
        x, y = width / frame.width, height / frame.height
        box = (left * x, top * y, min(right * x, width), min(bottom * y, height))
        image = image.resize(((right - left) * scale, (bottom - top) * scale), resample, box=box)
    window = np.zeros((rows * scale, cols * scale, 3), np.uint8)
    y0, x0 = (top - frame.top) * scale, (left - frame.left) * scale
    window[y0 : y0 + image.height, x0 : x0 + image.width] = np.asarray(image)
    return window
