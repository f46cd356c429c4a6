"""Small pictures: a scale that is given, outlines, strips."""

from io import BytesIO
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from gallery.errors import RenderError
from gallery.render.figures.anomaly import outline_svg, picture_webp, shared_png


def test_a_shared_scale_begins_at_zero_and_is_cut_at_its_end() -> None:
    values = np.array([[0.0, 1.0], [2.0, 9.0]], dtype=np.float32)
    levels = np.asarray(Image.open(BytesIO(shared_png(values, 2.0))))
    assert levels.tolist() == [[0, 128], [255, 255]]
    assert not np.asarray(Image.open(BytesIO(shared_png(values, 0.0)))).any()


@pytest.mark.parametrize("value", [-0.1, np.nan, np.inf])
def test_values_that_no_map_has_are_refused(value: float) -> None:
    with pytest.raises(RenderError, match="negative values"):
        shared_png(np.array([[value]], dtype=np.float32), 1.0)


def test_an_outline_runs_around_the_mask() -> None:
    mask = np.zeros((6, 8), dtype=bool)
    mask[1:3, 2:5] = True
    root = ElementTree.fromstring(outline_svg(mask))
    assert root.get("viewBox") == "0 0 8 6"
    corners = {"2 1", "5 1", "5 3", "2 3"}
    for path in root:
        assert path.get("fill") == "none"
        assert set(path.get("d", "").strip("MZ").split("L")) == corners


def test_pictures_stand_side_by_side_in_colour_or_grey() -> None:
    grey = [np.full((1, 8, 8), value, dtype=np.uint8) for value in (0, 255)]
    with Image.open(BytesIO(picture_webp(grey))) as strip:
        assert strip.size == (18, 8)
        pixels = np.asarray(strip.convert("L"))
    assert pixels[4, 2] < 30
    assert pixels[4, 15] > 225
    red = np.zeros((3, 8, 8), dtype=np.uint8)
    red[0] = 255
    with Image.open(BytesIO(picture_webp([red]))) as one:
        first, *others = one.convert("RGB").getpixel((4, 4))  # type: ignore[misc]
    assert first > 200
    assert max(others) < 60
