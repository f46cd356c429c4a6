"""``dsprites:``: white shapes of known factors, drawn here; ``dsprites:<file.npz>``: the published pictures.

The published specification: 64 x 64 binary pictures of a square, an ellipse or a heart, in 6 scales from
0.5 to 1, 40 orientations from 0 to 2 pi and 32 x 32 positions, every combination once, positions varying
fastest; 737,280 in all. It does not say how large a sprite is or where the positions lie, so ours are not
the same pixels: a sprite of scale 1 reaches 15 px from its centre, and a position is a step of one pixel.
As published, the first and the last orientation are a full turn apart and draw the same shape.

Reference: Matthey et al., dSprites, 2017, github.com/google-deepmind/dsprites-dataset.
"""

import hashlib
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from gallery.curation.problems import SourceError
from gallery.errors import ConfigError
from gallery.generative.data import DATASETS, DataSet, Indices, UInt8

FACTORS = ("shape", "scale", "orientation", "x", "y")
"""The factors that vary; the sixth, colour, is always white."""
N_VALUES = (3, 6, 40, 32, 32)
SIZE = 64
N = int(np.prod(N_VALUES))
_SHAPES = ("square", "ellipse", "heart")
_REACH = 15.0
"""Pixels from the centre of a sprite of scale 1 to its farthest point, at most."""
_BOX = 32
"""Side of the window a sprite is drawn in."""
_ROWS = 4096
"""Pictures read from the published file at a time."""


@dataclass(frozen=True)
class Sprites:
    """Pictures drawn here, each from a window that is moved by whole pixels.

    Attributes:
        windows: (720, 32, 32) uint8 in {0, 1}: every shape, scale and orientation.
    """

    windows: UInt8
    size: int = SIZE
    channels: int = 1

    @property
    def digest(self) -> str:
        """Return the SHA-256 hex of the windows."""
        return hashlib.sha256(b"dsprites drawn" + self.windows.tobytes()).hexdigest()

    def __len__(self) -> int:
        """Return 737,280."""
        return N

    def take(self, indices: Indices) -> UInt8:
        """Return some, (B, 1, 64, 64), 0 or 255."""
        form, x, y = np.unravel_index(indices, (len(self.windows), *N_VALUES[3:]))
        pixels = np.zeros((len(indices), 1, SIZE, SIZE), dtype=np.uint8)
        for picture, i, left, top in zip(pixels, form, x, y, strict=True):
            picture[0, top : top + _BOX, left : left + _BOX] = self.windows[i] * 255
        return pixels


@dataclass(frozen=True)
class Published:
    """The published pictures, eight pixels to a byte.

    Attributes:
        bits: (737280, 512) uint8.
        digest: SHA-256 hex of ``bits``.
    """

    bits: UInt8
    digest: str
    size: int = SIZE
    channels: int = 1

    def __len__(self) -> int:
        """Return how many."""
        return len(self.bits)

    def take(self, indices: Indices) -> UInt8:
        """Return some, (B, 1, 64, 64), 0 or 255."""
        return np.unpackbits(self.bits[indices], axis=1).reshape(-1, 1, SIZE, SIZE) * np.uint8(255)


@DATASETS.register("dsprites", title="dSprites", reference='"dsprites:"', is_path=True)
def dsprites(argument: str, size: int) -> DataSet:
    """Draw the pictures, or read the published ones.

    Raises:
        ConfigError: If ``size`` is not 64.
        CurationError: If the file is not the published one.
    """
    if size != SIZE:
        raise ConfigError(f"dsprites: size is {size}; the pictures are {SIZE} x {SIZE}. Give --size {SIZE}.")
    if argument:
        origin = "dSprites (Matthey et al. 2017), read from the published file"
        return DataSet("dSprites", origin, read_published(Path(argument)))
    origin = "drawn from the published list of factors of dSprites (Matthey et al. 2017); not the same pixels"
    return DataSet("dSprites, drawn anew", origin, Sprites(draw_windows()))


def factors_of(indices: Indices) -> NDArray[np.int64]:
    """Return the values of the factors of pictures, (B, 5), as numbers from 0."""
    return np.stack(np.unravel_index(indices, N_VALUES), axis=1).astype(np.int64)


def indices_of(factors: NDArray[np.int64]) -> Indices:
    """Return the places of pictures with given factors, (B, 5) -> (B,)."""
    return np.asarray(np.ravel_multi_index(tuple(factors.T), N_VALUES), dtype=np.int64)


def draw_windows() -> UInt8:
    """Draw every shape, scale and orientation, (720, 32, 32): 1 where a pixel's centre is inside."""
    offsets = np.arange(_BOX) + 0.5 - _BOX / 2
    y, x = np.meshgrid(offsets, offsets, indexing="ij")
    windows = []
    for shape in _SHAPES:
        for scale in np.linspace(0.5, 1, N_VALUES[1]):
            for angle in np.linspace(0, 2 * np.pi, N_VALUES[2]):
                u = (np.cos(angle) * x + np.sin(angle) * y) / (_REACH * scale)
                v = (np.cos(angle) * y - np.sin(angle) * x) / (_REACH * scale)
                windows.append(_is_inside(shape, u, v))
    return np.stack(windows).astype(np.uint8)


def _is_inside(shape: str, u: NDArray[np.float64], v: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which points are inside a shape that reaches 1 from its centre; u to the right, v down."""
    if shape == "square":
        return np.asarray(np.maximum(np.abs(u), np.abs(v)) <= np.sqrt(0.5))
    if shape == "ellipse":
        return u**2 + (2 * v) ** 2 <= 1
    a, b = 1.29 * u, 0.2 - 1.29 * v  # the heart (a^2 + b^2 - 1)^3 = a^2 b^3, about 2.3 wide and high
    return (a**2 + b**2 - 1) ** 3 - a**2 * b**3 <= 0


def read_published(path: Path) -> Published:
    """Read the published file, a few thousand pictures at a time; takes 380 MB, not the 3 GB of the array.

    Its factors must be in the published order, which is checked; its pickled metadata is not read.

    Raises:
        SourceError: If the file is missing, damaged or another one.
    """
    where = str(path)
    fix = "Give dsprites_ndarray_co1sh3sc6or40x32y32_64x64.npz, or leave the file out to have pictures drawn."
    if not path.is_file():
        raise SourceError(where, "There is no such file.", fix)
    try:
        with np.load(path, allow_pickle=False) as file:
            classes = file["latents_classes"]
        with zipfile.ZipFile(path) as archive, archive.open("imgs.npy") as member:
            bits = _packed(member, len(classes))
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise SourceError(where, f"It cannot be read ({error}).", fix) from error
    if classes.shape != (N, 6) or not np.array_equal(classes[:, 1:], factors_of(np.arange(N))):
        raise SourceError(where, "Its factors are not in the published order.", fix)
    return Published(bits, hashlib.sha256(bits.tobytes()).hexdigest())


def _packed(member: IO[bytes], n: int) -> UInt8:
    """Return the pictures of an open imgs.npy as bits.

    Raises:
        ValueError: If it is no array of n binary pictures.
    """
    if np.lib.format.read_magic(member) != (1, 0):
        raise ValueError("imgs.npy is of an unknown version")
    shape, is_fortran, dtype = np.lib.format.read_array_header_1_0(member)
    if shape != (n, SIZE, SIZE) or is_fortran or dtype != np.uint8:
        raise ValueError(f"imgs.npy is {shape} {dtype}, not ({n}, {SIZE}, {SIZE}) uint8")
    bits = np.empty((n, SIZE * SIZE // 8), dtype=np.uint8)
    for start in range(0, n, _ROWS):
        count = min(_ROWS, n - start)
        rows = np.frombuffer(member.read(count * SIZE * SIZE), dtype=np.uint8).reshape(count, -1)
        if rows.max(initial=0) > 1:
            raise ValueError("imgs.npy is not binary")
        bits[start : start + count] = np.packbits(rows, axis=1)
    return bits
