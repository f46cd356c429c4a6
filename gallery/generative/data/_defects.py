"""Defects painted into tiles, with exact masks: a pixel is in the mask if and only if it was painted.

Four kinds: ``cut`` (a dark straight crack), ``scratch`` (a bright thin curve), ``blob`` (a stain with an
irregular border, brighter or darker) and ``patch`` (a turned rectangle of another texture). Sizes scale
with the tile; they are chosen to cover about 1 % (scratch) to 9 % (patch) of it. Everything is drawn from
one generator.
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from gallery.generative.data import Bool, UInt8

Float = NDArray[np.float64]
Rng = np.random.Generator
_CRACK, _SHINE, _STAIN = 0.2, 0.85, 0.35
"""Share of the pixel a crack leaves; of white in a scratch; of the pixel's contrast in a stain."""


def _grid(size: int) -> tuple[Float, Float]:
    """Return the (y, x) coordinates of the pixel centres, (size, size) each, in tile sides from 0 to 1."""
    centres = (np.arange(size) + 0.5) / size
    y, x = np.meshgrid(centres, centres, indexing="ij")
    return y, x


def _near_segment(size: int, start: Float, end: Float, width: float) -> Bool:
    """Return the pixels within ``width`` / 2 of a segment given in (y, x) tile sides."""
    y, x = _grid(size)
    dy, dx = end - start
    along = ((y - start[0]) * dy + (x - start[1]) * dx) / max(dy * dy + dx * dx, 1e-12)
    along = np.clip(along, 0, 1)
    distance = np.hypot(y - start[0] - along * dy, x - start[1] - along * dx)
    return np.asarray(distance <= width / 2)


def _step(angle: float, length: float) -> Float:
    return np.array([np.sin(angle), np.cos(angle)]) * length


def _cut(tile: UInt8, other: UInt8, rng: Rng) -> tuple[UInt8, Bool]:
    size = len(tile)
    middle, angle = rng.uniform(0.3, 0.7, 2), rng.uniform(0, np.pi)
    half = _step(angle, rng.uniform(0.18, 0.32))
    mask = _near_segment(size, middle - half, middle + half, rng.uniform(0.04, 0.06))
    return (tile * _CRACK).astype(np.uint8), mask


def _scratch(tile: UInt8, other: UInt8, rng: Rng) -> tuple[UInt8, Bool]:
    size = len(tile)
    at, angle = rng.uniform(0.2, 0.8, 2), rng.uniform(0, 2 * np.pi)
    mask = np.zeros(tile.shape, dtype=bool)
    for turn in rng.uniform(-0.7, 0.7, 5):
        angle += turn
        nxt = np.clip(at + _step(angle, 0.11), 0.02, 0.98)
        mask |= _near_segment(size, at, nxt, 0.028)
        at = nxt
    return (tile * (1 - _SHINE) + 255 * _SHINE).astype(np.uint8), mask


def _blob(tile: UInt8, other: UInt8, rng: Rng) -> tuple[UInt8, Bool]:
    y, x = _grid(len(tile))
    cy, cx = rng.uniform(0.25, 0.75, 2)
    angle = np.arctan2(y - cy, x - cx)
    waves = sum(rng.uniform(0, 0.18) * np.cos(n * angle + rng.uniform(0, 2 * np.pi)) for n in (1, 2, 3))
    mask = np.hypot(y - cy, x - cx) <= rng.uniform(0.1, 0.17) * (1 + waves)
    mean = float(tile.mean())
    level = mean + (70 if rng.random() < 0.5 else -70)
    return np.clip(level + _STAIN * (tile - mean), 0, 255).astype(np.uint8), np.asarray(mask)


def _patch(tile: UInt8, other: UInt8, rng: Rng) -> tuple[UInt8, Bool]:
    y, x = _grid(len(tile))
    (cy, cx), angle = rng.uniform(0.3, 0.7, 2), rng.uniform(0, np.pi)
    a = (y - cy) * np.sin(angle) + (x - cx) * np.cos(angle)
    b = (y - cy) * np.cos(angle) - (x - cx) * np.sin(angle)
    mask = (np.abs(a) <= rng.uniform(0.13, 0.2)) & (np.abs(b) <= rng.uniform(0.1, 0.14))
    top, left = rng.integers(0, np.array(other.shape) - tile.shape + 1)
    return other[top : top + len(tile), left : left + len(tile)], mask


DEFECTS: Mapping[str, Callable[[UInt8, UInt8, Rng], tuple[UInt8, Bool]]] = {
    "cut": _cut,
    "scratch": _scratch,
    "blob": _blob,
    "patch": _patch,
}
"""Kind -> (tile, photograph of another texture, generator) -> (pixels to paint, where)."""


def paint(kind: str, tile: UInt8, other: UInt8, rng: Rng) -> tuple[UInt8, Bool]:
    """Return a copy of a tile with a defect, and its mask.

    Args:
        kind: One of ``DEFECTS``.
        tile: (H, H) uint8, grey.
        other: (H', W') uint8 of another texture, at least as large.
        rng: Drawn from.

    Returns:
        (H, H) uint8, and where it was painted; everywhere else the pixels are the tile's.
    """
    pixels, mask = DEFECTS[kind](tile, other, rng)
    return np.where(mask, pixels, tile).astype(np.uint8), mask
