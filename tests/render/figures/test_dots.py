"""Numbers with their intervals as dots."""

from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from gallery.errors import RenderError
from gallery.render.figures.dots import Dot, DotGroup, Mark, dot_chart

NS = "{http://www.w3.org/2000/svg}"
ONE = Dot("Grad-CAM", 0.5, 0.25, 1.0, "0.50 (0.25 to 1.00)")
TICKS = (0.0, 0.5, 1.0)


def chart(*dots: Dot, mark: Mark | None = None) -> ET.Element:
    group = DotGroup("All <questions>", dots)
    return ET.fromstring(
        dot_chart([group], prefix="d", title="Accuracy", x_label="accuracy", ticks=TICKS, mark=mark)
    )


def rows(root: ET.Element) -> list[ET.Element]:
    return [g for g in root.iter(f"{NS}g") if g.get("class") == "dot"]


def test_the_line_reaches_from_limit_to_limit_and_the_dot_lies_on_its_value() -> None:
    root = chart(ONE)
    labels = {e.text: float(str(e.get("x"))) for e in root.iter(f"{NS}text") if e.text in {"0", "0.5", "1"}}
    line, disc = (str(p.get("d")) for p in rows(root)[0].findall(f"{NS}path"))
    quarter = (labels["0"] + labels["0.5"]) / 2
    assert float(line[1:].split()[0]) == pytest.approx(quarter, abs=0.1)
    assert float(line.partition("H")[2].partition("M")[0]) == pytest.approx(labels["1"], abs=0.1)
    assert float(disc[1:].split()[0]) - 3.4 == pytest.approx(labels["0.5"], abs=0.1)


def test_a_value_without_interval_has_no_line_and_none_has_only_text() -> None:
    bare = replace(ONE, low=None, high=None, text="0.50")
    none = Dot("RISE", None, None, None, "–")  # noqa: RUF001
    assert [len(row.findall(f"{NS}path")) for row in rows(chart(ONE, bare, none))] == [2, 1, 0]


def test_the_mark_is_drawn_and_named() -> None:
    root = chart(ONE, mark=Mark(0.5, "a guess"))
    assert "accuracy; dashed line: a guess" in [e.text for e in root.iter(f"{NS}text")]
    assert str(root.findtext(f"{NS}desc")).endswith("Dashed line: a guess.")
    assert [p for p in root.iter(f"{NS}path") if p.get("stroke") == "currentColor"]


def test_the_description_reads_like_the_chart() -> None:
    assert "All <questions>: Grad-CAM 0.50 (0.25 to 1.00)" in str(chart(ONE).findtext(f"{NS}desc"))


@pytest.mark.parametrize("bad", [replace(ONE, high=1.2), replace(ONE, value=-0.1)])
def test_what_lies_outside_the_axis_is_refused(bad: Dot) -> None:
    with pytest.raises(RenderError, match="between 0 and 1"):
        chart(bad)


def test_an_empty_chart_is_refused() -> None:
    with pytest.raises(RenderError, match="at least one dot"):
        chart()
