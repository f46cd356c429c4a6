"""The photograph without a deletion set."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from gallery.errors import RenderError
from gallery.records import Int16, MaskModel, UInt8
from gallery.render.figures.partition import Partition
from gallery.render.figures.photo import removed_picture

VIEW: UInt8 = np.full((224, 224, 3), (40, 90, 160), dtype=np.uint8)
BASELINE: UInt8 = np.full((56, 56, 3), (200, 200, 200), dtype=np.uint8)
GRID = Partition(MaskModel(interpolation="nearest"))


def drawn(mask: int, patches: Partition = GRID) -> UInt8:
    data = removed_picture(VIEW, BASELINE, mask, patches)
    return np.asarray(Image.open(BytesIO(data)).convert("RGB"))


def near(pixel: UInt8, colour: tuple[int, int, int]) -> bool:
    return bool(np.abs(pixel.astype(int) - colour).max() < 24)


def test_the_baseline_shows_inside_and_the_photograph_outside() -> None:
    picture = drawn(1 << 24)  # the middle patch: rows and columns 96 to 127
    assert near(picture[112, 112], (200, 200, 200))
    assert near(picture[112, 60], (40, 90, 160))
    assert near(picture[20, 112], (40, 90, 160))


def test_the_border_of_the_set_is_marked_but_not_that_between_its_patches() -> None:
    picture = drawn(1 << 24 | 1 << 25).astype(int)
    blueness = picture[..., 2] - picture[..., 0]
    assert blueness[112, 97] < -60  # yellow at the left edge
    assert blueness[112, 158] < -60  # and at the right
    assert near(picture[112, 128].astype(np.uint8), (200, 200, 200))


def test_superpixels_are_removed_along_their_own_borders() -> None:
    segments: Int16 = (np.arange(224) >= 70).astype(np.int16)[None].repeat(224, axis=0)
    picture = drawn(0b01, Partition(MaskModel(partition="slic", n_segments=2), segments))
    assert near(picture[100, 40], (200, 200, 200))
    assert near(picture[100, 80], (40, 90, 160))


def test_a_set_that_does_not_fit_is_refused() -> None:
    with pytest.raises(RenderError, match="does not fit"):
        drawn(1 << 49)
