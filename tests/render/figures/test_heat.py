from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from gallery.errors import RenderError, ShapeError
from gallery.records import Float32, UInt8
from gallery.render.figures.colormap import table
from gallery.render.figures.heat import colour, cut_levels, grey_png, overlay


def test_grey_png_holds_every_native_value_in_few_bytes() -> None:
    native = np.arange(49, dtype=np.float32).reshape(7, 7)
    data = grey_png(native)
    assert len(data) < 160
    with Image.open(BytesIO(data)) as image:
        assert image.mode == "L"
        assert (np.asarray(image) == np.round(native / 48 * 255)).all()


def test_grey_png_puts_zero_of_a_signed_map_in_the_middle() -> None:
    with Image.open(BytesIO(grey_png(np.array([[-1.0, 0.0, 0.5]]), signed=True))) as image:
        assert np.asarray(image).tolist() == [[0, 128, 191]]


def test_overlay_mixes_photograph_and_colours(view: UInt8, heat: Float32) -> None:
    assert (overlay(view, heat, opacity=0) == view).all()
    only_heat = overlay(view, heat, colormap="viridis", opacity=1)
    assert (only_heat[0, 0] == table("viridis")[0]).all()
    assert (only_heat[-1, -1] == table("viridis")[255]).all()
    half = overlay(view, heat, colormap="viridis", opacity=0.5)
    assert np.abs(half - (view.astype(float) + only_heat) / 2).max() <= 0.5


def test_constant_map_renders(view: UInt8) -> None:
    picture = overlay(view, np.full((7, 7), 3.0), colormap="viridis", opacity=1)
    assert (picture == table("viridis")[0]).all()


def test_colour_returns_the_scale_too(heat: Float32) -> None:
    colours, scaled = colour(heat)
    assert colours.shape == (*heat.shape, 3)
    assert (scaled.minimum, scaled.maximum) == (0.25, 2.0)


def test_wrong_shapes_and_opacities_are_refused(view: UInt8, heat: Float32) -> None:
    with pytest.raises(ShapeError, match="heatmap must be"):
        grey_png(np.zeros(7))
    with pytest.raises(ShapeError, match="photograph must be"):
        overlay(view[..., :2], heat)
    with pytest.raises(RenderError, match="opacity"):
        overlay(view, heat, opacity=1.5)


@pytest.mark.parametrize("signed", [False, True])
def test_a_cut_keeps_the_share_of_pixels_asked_for(*, signed: bool) -> None:
    values = np.random.default_rng(3).normal(size=(64, 64)).astype(np.float32)
    cuts = bytes.fromhex(cut_levels(values, values, signed=signed))
    with Image.open(BytesIO(grey_png(values, signed=signed))) as image:
        levels = np.asarray(image)
    assert len(cuts) == 19
    assert list(cuts) == sorted(cuts, reverse=True)
    for i, level in enumerate(cuts):
        share = (i + 1) / 20
        assert (levels >= level).mean() >= share
        assert (levels >= level + 1).mean() < share


def test_a_map_with_ties_keeps_all_of_them() -> None:
    values = np.zeros((10, 10), np.float32)
    values[:2] = 1.0
    cuts = bytes.fromhex(cut_levels(values, values))
    assert set(cuts[:4]) == {255}  # up to 20 %, the two rows
    assert set(cuts[4:]) == {0}
    assert set(bytes.fromhex(cut_levels(values * 0, values * 0))) == {0}
