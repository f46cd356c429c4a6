"""``textures:<brick | grass | gravel>``: photographs of surfaces, whole and with painted defects.

The photographs (512 x 512, grey) come with scikit-image; they are from CC0Textures, CC0. The upper half is
cut into overlapping tiles to train on, the next quarter gives tiles for validation, the last quarter for
the test, so that no pixel is both learned and judged. Every held-out tile is shown as it is and once with
each kind of defect, which is painted in and therefore known to the pixel. The defects are ours: figures on
this set compare methods, they say nothing about real defects.
"""

from pathlib import Path

import numpy as np

from gallery.curation.sources import Item
from gallery.curation.sources.package import package_source
from gallery.errors import ConfigError, CurationError
from gallery.generative.data import DATASETS, GOOD, DataSet, Held, Stack, UInt8
from gallery.generative.data._defects import DEFECTS, paint
from gallery.registry import did_you_mean

TEXTURES = ("brick", "grass", "gravel")
_SIDE = 512
_ROWS = {"train": (0, 256), "validation": (256, 384), "test": (384, 512)}
"""Rows of the photograph each part is cut from."""
_SEEDS = {"validation": 1, "test": 2}
"""Of the defects: part of the data set, not of a run."""


@DATASETS.register("textures", title="Textures with painted defects", reference='"textures:brick"')
def textures(argument: str, size: int) -> DataSet:
    """Cut one photograph into tiles of ``size`` pixels.

    Raises:
        ConfigError: If there is no such texture, or tiles of that size do not fill the held-out rows.
        CurationError: If the photograph is not the one expected.
    """
    if argument not in TEXTURES:
        raise ConfigError(f"textures:{argument}: unknown texture. {did_you_mean(argument, list(TEXTURES))}")
    if size > 128:
        raise ConfigError(
            f"textures:{argument}: size is {size}; the held-out rows give tiles of 128 px at most."
        )
    return DataSet(
        title=f"{argument.capitalize()} with painted defects",
        origin=f"{argument}.png of scikit-image (CC0Textures, CC0): rows 0 to 255 train, 256 to 383 "
        "validation, 384 to 511 test; defects are painted in",
        train=Stack(_tiles(read_texture(argument), "train", size, max(1, size // 8))),
        validation=_held(argument, "validation", size),
        test=_held(argument, "test", size),
    )


def read_texture(name: str) -> UInt8:
    """Return a photograph, (512, 512) uint8, grey.

    Raises:
        CurationError: If it is missing or of another size.
    """
    items = package_source(f"skimage/data/{name}.png", Path())
    photograph = next(item.read() for item in items if isinstance(item, Item))
    if photograph.pixels.shape != (_SIDE, _SIDE, 3):
        shape = photograph.pixels.shape[:2]
        raise CurationError(
            f"skimage/data/{name}.png: is {shape}, not {_SIDE} x {_SIDE} px. Install scikit-image again."
        )
    return photograph.pixels[..., 0]


def _tiles(photograph: UInt8, part: str, size: int, stride: int) -> UInt8:
    """Return all tiles of a part, (N, 1, size, size), by row and column."""
    top, bottom = _ROWS[part]
    windows = np.lib.stride_tricks.sliding_window_view(photograph[top:bottom], (size, size))
    return np.ascontiguousarray(windows[::stride, ::stride].reshape(-1, 1, size, size))


def _held(name: str, part: str, size: int) -> Held:
    """Return tiles that do not overlap, each whole and with every kind of defect."""
    others = [read_texture(other) for other in TEXTURES if other != name]
    rng = np.random.default_rng((_SEEDS[part], TEXTURES.index(name)))
    pixels, masks, kinds, names = [], [], [], []
    for i, tile in enumerate(_tiles(read_texture(name), part, size, size)[:, 0]):
        painted = [(GOOD, tile, np.zeros(tile.shape, dtype=bool))]
        for j, kind in enumerate(DEFECTS):
            painted.append((kind, *paint(kind, tile, others[(i + j) % len(others)], rng)))
        for kind, image, mask in painted:
            pixels.append(image[None])
            masks.append(mask)
            kinds.append(kind)
            names.append(f"tile {i}: {kind}")
    return Held(np.stack(pixels), np.stack(masks), tuple(kinds), tuple(names))
