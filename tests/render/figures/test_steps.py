"""Shares that rise in steps."""

from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from gallery.errors import RenderError
from gallery.render.figures.steps import Steps, step_chart

NS = "{http://www.w3.org/2000/svg}"
ONE = Steps("Net <A>", [1, 2, 4], [0.0, 0.5, 0.75], [0.0, 0.25, 0.5], [0.25, 0.75, 1.0])


def chart(*series: Steps) -> ET.Element:
    return ET.fromstring(step_chart(series, prefix="s", title="Share", x_label="patches", y_label="share"))


def test_the_chart_is_labelled_for_readers_who_cannot_see_it() -> None:
    root = chart(ONE)
    assert root.get("role") == "img"
    assert root.findtext(f"{NS}title") == "Share"
    assert "Net <A> rises from 0.00 at 1 to 0.75 at 4" in str(root.findtext(f"{NS}desc"))


def test_the_line_is_level_around_each_number_and_as_high_as_its_share() -> None:
    root = chart(replace(ONE, x=[1, 2, 3]))
    frame = next(root.iter(f"{NS}rect"))
    left, top, width, height = (float(str(frame.get(k))) for k in ("x", "y", "width", "height"))
    data = str(
        next(g for g in root.iter(f"{NS}g") if g.get("class") == "curve").findall(f"{NS}path")[0].get("d")
    )
    third = width / 3
    assert data == (
        f"M{left:g} {top + height:g}H{left + third:.1f}V{top + height / 2:g}H{left + 2 * third:.1f}"
        f"V{top + height / 4:g}H{left + width:g}"
    )


def test_a_series_without_limits_has_no_band() -> None:
    bare = replace(ONE, low=[None] * 3, high=[None] * 3)
    bands = [
        [p for p in chart(one).iter(f"{NS}path") if p.get("class") == "chart-band"] for one in (ONE, bare)
    ]
    assert [len(found) for found in bands] == [1, 0]


def test_a_shorter_series_runs_on_to_the_end() -> None:
    short = Steps("B", [1], [1.0], [None], [None])
    lines = [
        g.findall(f"{NS}path")[0].get("d")
        for g in chart(ONE, short).iter(f"{NS}g")
        if g.get("class") == "curve"
    ]
    assert str(lines[0]).rpartition("H")[2] == str(lines[1]).rpartition("H")[2]


@pytest.mark.parametrize(
    ("series", "reason"),
    [
        ([], "no series"),
        ([replace(ONE, x=[2, 1, 3])], "backwards"),
        ([replace(ONE, y=[0.0, 0.5, 1.5])], "outside 0 to 1"),
        ([replace(ONE, y=[0.0])], "as many shares"),
        ([Steps("C", [], [], [], [])], "at least one"),
    ],
)
def test_unusable_series_are_refused(series: list[Steps], reason: str) -> None:
    with pytest.raises(RenderError, match=reason):
        chart(*series)
