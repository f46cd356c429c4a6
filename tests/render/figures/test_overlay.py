"""Superpixels as a transparent picture."""

import io

import numpy as np
import pytest
from PIL import Image

from gallery.errors import RenderError
from gallery.records import MaskModel
from gallery.render.figures.overlay import superpixel_overlay
from gallery.render.figures.partition import Partition

_SEGMENTS = np.repeat(np.arange(4, dtype=np.int16), 12)[None].repeat(30, axis=0)
PATCHES = Partition(MaskModel(partition="slic", n_segments=4), _SEGMENTS)


def test_the_set_is_clear_its_border_drawn_and_the_rest_dark() -> None:
    with Image.open(io.BytesIO(superpixel_overlay(0b0110, PATCHES))) as image:
        pixels = np.asarray(image.convert("RGBA"))
    assert pixels.shape == (60, 96, 4)
    row = pixels[30]
    assert row[48, 3] == 0  # between the two superpixels of the set there is no border
    assert tuple(row[24]) == (255, 225, 74, 255)
    assert tuple(row[10]) == (0, 0, 0, 128)
    assert row[28, 3] == 0
    assert len(superpixel_overlay(0b0110, PATCHES)) < 400


def test_foreign_superpixels_are_refused() -> None:
    with pytest.raises(RenderError, match="does not fit 4 superpixels"):
        superpixel_overlay(0b10000, PATCHES)
