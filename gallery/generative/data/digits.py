"""``digits:<0 to 9>``: one digit is normal, the other nine are not.

The 8 x 8 pictures of handwritten digits come with scikit-learn (test part of the UCI set by Alpaydin and
Kaynak, CC BY 4.0), enlarged bilinearly. Of the normal digit the first 60 % train, the next 20 % are for
validation, the rest for the test; of every other digit the first 8 go to validation and the next 8 to the
test. Only the kind of a whole picture is known, so there are no masks.
"""

import gzip
from importlib.machinery import PathFinder
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gallery.errors import ConfigError, CurationError
from gallery.generative.data import DATASETS, GOOD, DataSet, Held, Stack, UInt8, join

_FILE = "datasets/data/digits.csv.gz"
_PER_OTHER = 8
_WHITE = 16
"""Largest value of a pixel in the file."""


@DATASETS.register("digits", title="Digits, one of them normal", reference='"digits:3"')
def digits(argument: str, size: int) -> DataSet:
    """Divide the digits by whether they are ``argument``.

    Raises:
        ConfigError: If it is no digit.
        CurationError: If scikit-learn does not bring the pictures along.
    """
    if argument not in set("0123456789"):
        raise ConfigError(f"digits:{argument}: give one digit, as in digits:3.")
    pixels, labels = _read()
    normal = int(argument)
    own = pixels[labels == normal]
    first, second = len(own) * 6 // 10, len(own) * 8 // 10

    def held(part: slice, start: int) -> Held:
        parts = [_held(own[part], size, GOOD)]
        for digit in range(10):
            if digit != normal:
                other = pixels[labels == digit][start : start + _PER_OTHER]
                parts.append(_held(other, size, f"digit {digit}"))
        return join(parts)

    return DataSet(
        title=f"Digit {normal} against the others",
        origin="digits of scikit-learn (UCI, Alpaydin and Kaynak, CC BY 4.0): of the normal digit 60 % "
        "train, 20 % validation, 20 % test, of every other digit 8 validation and 8 test",
        train=Stack(_enlarged(own[:first], size)),
        validation=held(slice(first, second), 0),
        test=held(slice(second, None), _PER_OTHER),
    )


def _read() -> tuple[UInt8, NDArray[np.int64]]:
    """Return (N, 8, 8) pixels and the digit of each, without importing scikit-learn."""
    spec = PathFinder.find_spec("sklearn")
    for root in (spec.submodule_search_locations or []) if spec else []:
        path = Path(root) / _FILE
        if path.is_file():
            table = np.loadtxt(gzip.decompress(path.read_bytes()).decode().splitlines(), delimiter=",")
            pixels = np.round(table[:, :64] * 255 / _WHITE).astype(np.uint8)
            return pixels.reshape(-1, 8, 8), table[:, 64].astype(np.int64)
    raise CurationError(f"sklearn/{_FILE}: not found. Install it: python -m pip install scikit-learn")


def _enlarged(pixels: UInt8, size: int) -> UInt8:
    images = [Image.fromarray(one).resize((size, size), Image.Resampling.BILINEAR) for one in pixels]
    return np.stack([np.asarray(image, dtype=np.uint8)[None] for image in images])


def _held(pixels: UInt8, size: int, kind: str) -> Held:
    names = tuple(f"{kind}, {i}" for i in range(len(pixels)))
    return Held(_enlarged(pixels, size), None, (kind,) * len(pixels), names)
