"""Bars of whole numbers."""

from xml.etree import ElementTree as ET

import pytest

from gallery.errors import RenderError
from gallery.render.figures.bars import Bars, bar_panels

NS = "{http://www.w3.org/2000/svg}"


def chart(*series: Bars) -> ET.Element:
    return ET.fromstring(bar_panels(series, prefix="b", title="Sizes", x_label="patches", y_label="sets"))


def bars(root: ET.Element) -> list[dict[str, float]]:
    groups = [g for g in root.iter(f"{NS}g") if g.get("class") == "bar"]
    boxes = [g.findall(f"{NS}rect")[0] for g in groups]
    return [{k: float(str(box.get(k))) for k in ("x", "y", "width", "height")} for box in boxes]


def test_heights_are_proportional_to_counts_and_bars_stand_on_one_line() -> None:
    low, high = bars(chart(Bars("A", {3: 4, 5: 8})))
    assert high["height"] == pytest.approx(2 * low["height"], abs=0.2)
    assert low["y"] + low["height"] == pytest.approx(high["y"] + high["height"], abs=0.2)
    # One number between them occurs never: a gap of one whole step.
    assert high["x"] - low["x"] > 1.9 * low["width"]


def test_panels_share_the_horizontal_axis() -> None:
    first, second = bars(chart(Bars("A", {4: 1}), Bars("B", {4: 100, 9: 1})))[:2]
    assert first["x"] == second["x"]
    assert second["y"] > first["y"]


def test_the_description_holds_every_number() -> None:
    root = chart(Bars("A", {3: 4, 5: 8}, 4.3, "mean 4.3"), Bars("B", {}))
    text = str(root.findtext(f"{NS}desc"))
    assert "A: 3 occurs 4 times, 5 occurs 8 times" in text
    assert "B: none" in text
    assert {"mean 4.3", "none found"} <= {e.text for e in root.iter(f"{NS}text")}


def test_nothing_to_draw_is_refused() -> None:
    with pytest.raises(RenderError, match="no bars"):
        chart()
    with pytest.raises(RenderError, match="leave out"):
        chart(Bars("A", {3: 0}))
