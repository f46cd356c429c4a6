"""Reading pictures and masks of data sets on disk, square and at one size."""

from pathlib import Path

import numpy as np
from PIL import Image

from gallery.curation.decode import read_photograph
from gallery.curation.problems import SourceError
from gallery.generative.data import Bool, UInt8

_MASK_FROM = 128
"""Pixel value from which a mask is set."""


def read_picture(path: Path, size: int, *, grey: bool) -> UInt8:
    """Read a picture, (C, size, size) uint8, stretched to a square with an area-weighted bilinear filter.

    Raises:
        CurationError: If it cannot be read.
    """
    image = Image.fromarray(read_photograph(path, str(path)).pixels)
    image = (image.convert("L") if grey else image).resize((size, size), Image.Resampling.BILINEAR)
    pixels = np.asarray(image, dtype=np.uint8)
    return pixels[None] if grey else np.ascontiguousarray(pixels.transpose(2, 0, 1))


def read_mask(path: Path, size: int) -> Bool:
    """Read a mask, (size, size), white where the defect is; the nearest pixel is taken, nothing is blended.

    Raises:
        CurationError: If it cannot be read.
    """
    image = Image.fromarray(read_photograph(path, str(path)).pixels).convert("L")
    return np.asarray(image.resize((size, size), Image.Resampling.NEAREST)) >= _MASK_FROM


def listed(folder: Path, suffixes: tuple[str, ...], what: str) -> list[Path]:
    """Return the files of a folder with one of ``suffixes``, by name.

    Raises:
        SourceError: If there is no such folder, or no such file in it.
    """
    files = sorted(p for p in folder.glob("*") if p.suffix.lower() in suffixes) if folder.is_dir() else []
    if not files:
        reason = f"holds no {what} ({', '.join(suffixes)})" if folder.is_dir() else "is no folder"
        raise SourceError(str(folder), f"It {reason}.", "Name the folder that the data set unpacks to.")
    return files


def folders(folder: Path, pattern: str, what: str) -> list[Path]:
    """Return the sub-folders matching ``pattern``, by name.

    Raises:
        SourceError: If there is none.
    """
    found = sorted(p for p in folder.glob(pattern) if p.is_dir())
    if not found:
        raise SourceError(
            str(folder), f"It has no {what} ({pattern}).", "Name the folder that the data set unpacks to."
        )
    return found
