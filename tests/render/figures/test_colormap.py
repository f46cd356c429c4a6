import re

import matplotlib as mpl
import numpy as np
import pytest

from gallery.errors import RenderError
from gallery.render.figures.colormap import (
    COLORMAPS,
    DIVERGING,
    N_ANCHORS,
    apply,
    colour_bar_css,
    default_for,
    svg_filter,
    svg_filters,
    table,
)


@pytest.mark.parametrize("name", ["cividis", "viridis", "turbo"])
def test_tables_agree_with_matplotlib(name: str) -> None:
    published = mpl.colormaps[name](np.arange(256))[:, :3] * 255
    assert np.abs(table(name) - published).max() <= 3


def test_diverging_map_has_white_in_the_middle_and_equally_light_sides() -> None:
    lightness = table(DIVERGING) @ np.array([0.2126, 0.7152, 0.0722])
    assert lightness.argmax() in {127, 128}
    assert table(DIVERGING)[127].min() > 235
    assert np.abs(lightness - lightness[::-1]).max() < 30
    assert table(DIVERGING)[0, 2] > table(DIVERGING)[0, 0]
    assert table(DIVERGING)[255, 0] > table(DIVERGING)[255, 2]


@pytest.mark.parametrize("name", COLORMAPS)
def test_svg_filter_interpolates_to_the_table(name: str) -> None:
    text = svg_filter(name, "f")
    columns = re.findall(r'tableValues="([^"]+)"', text)
    nodes = np.array([[float(v) for v in column.split()] for column in columns])
    assert nodes.shape == (3, N_ANCHORS)
    at, known = np.linspace(0, 1, 256), np.linspace(0, 1, N_ANCHORS)
    drawn = np.stack([np.interp(at, known, column) for column in nodes], axis=1) * 255
    assert np.abs(drawn - table(name)).max() <= 1
    assert 'color-interpolation-filters="sRGB"' in text


def test_filters_have_distinct_prefixed_ids() -> None:
    assert re.findall(r'id="([^"]+)"', svg_filters("x-")) == [f"x-{name}" for name in COLORMAPS]


def test_apply_clips_and_keeps_the_shape() -> None:
    colours = apply(np.array([[-1.0, 0.0, 1.0, 2.0]]), "viridis")
    assert colours.shape == (1, 4, 3)
    assert (colours[0, 0] == colours[0, 1]).all()
    assert (colours[0, 2] == table("viridis")[255]).all()


def test_apply_refuses_what_is_not_finite() -> None:
    with pytest.raises(RenderError, match="not finite"):
        apply(np.array([np.nan]), "viridis")


def test_unknown_names_get_a_suggestion() -> None:
    with pytest.raises(RenderError, match="Did you mean 'viridis'"):
        table("virdis")
    with pytest.raises(RenderError, match="cannot be an id"):
        svg_filter("viridis", 'a"b')


def test_signed_maps_get_the_diverging_map() -> None:
    assert COLORMAPS[default_for(signed=True)].diverging
    assert default_for(signed=False) == "cividis"


def test_colour_bar_runs_from_first_to_last_colour() -> None:
    first, last = (bytes(table("turbo")[i]).hex() for i in (0, 255))
    css = colour_bar_css("turbo")
    assert css.startswith(f"linear-gradient(to right, #{first}")
    assert css.endswith(f"#{last})")
