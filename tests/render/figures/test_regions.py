"""Outlined and replaced regions, pixel by pixel."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from gallery.errors import ShapeError
from gallery.records import Float32, UInt8
from gallery.render.figures.regions import outlined, region_area, replaced, replaced_view

VIEW = np.full((60, 60, 3), 128, np.uint8)


def box(top: int, left: int, bottom: int, right: int, side: int = 30) -> Float32:
    plane = np.zeros((side, side), np.float32)
    plane[top:bottom, left:right] = 1
    return plane


def pixels(data: bytes) -> UInt8:
    return np.asarray(Image.open(BytesIO(data)).convert("RGB"))


def test_a_region_has_the_size_of_the_picture_it_is_drawn_on() -> None:
    area = region_area(box(5, 10, 20, 25), (60, 60))
    assert area[10:40, 20:50].all()
    assert area.sum() == 30 * 30


def test_a_region_smaller_than_a_pixel_is_still_drawn() -> None:
    plane = np.zeros((30, 30), np.float32)
    plane[4, 4] = 0.2
    assert region_area(plane, (30, 30)).sum() == 1


def test_needed_is_framed_and_precluded_framed_and_hatched() -> None:
    needed, precluded = box(2, 2, 12, 12), box(16, 2, 28, 28)
    picture = pixels(outlined(VIEW, needed, precluded, quality=100)).astype(int)
    changed = np.abs(picture - 128).max(axis=2) > 30
    inside_needed, inside_precluded = changed[8:20, 8:20], changed[36:52, 8:52]
    assert not inside_needed.any()
    assert 0.05 < inside_precluded.mean() < 0.3
    frame = changed[4:24, 4:24]
    assert frame[0].all()
    assert frame[:, 0].all()
    assert not changed[:3].any()
    assert not changed[26:30].any()


def test_without_regions_the_photograph_is_left_as_it_is() -> None:
    assert np.abs(pixels(outlined(VIEW, None, None, quality=100)).astype(int) - 128).max() <= 2


def test_the_baseline_stands_where_the_region_is() -> None:
    baseline = np.zeros((30, 30, 3), np.uint8)
    picture = replaced_view(VIEW, baseline, box(0, 0, 15, 30))
    assert (picture[:28] == 0).all()
    assert (picture[32:] == 128).all()
    half = replaced_view(VIEW, baseline, np.full((30, 30), 0.5, np.float32))
    assert (half == 64).all()


def test_pictures_shrink_but_never_grow_and_are_the_same_every_time() -> None:
    plane = box(0, 0, 15, 30)
    small = replaced(VIEW, VIEW, plane, side=20)
    assert pixels(small).shape == (20, 20, 3)
    assert pixels(replaced(VIEW, VIEW, plane, side=500)).shape == VIEW.shape
    assert outlined(VIEW, plane, None) == outlined(VIEW, plane, None)


def test_only_photographs_are_drawn_on() -> None:
    with pytest.raises(ShapeError, match="uint8"):
        replaced(VIEW.astype(np.float32), VIEW, box(0, 0, 5, 5))
