"""The threshold sweep as a drawing."""

import re
import xml.etree.ElementTree as ET

import pytest

from gallery.errors import RenderError
from gallery.records import SweepRow
from gallery.render.figures.sweep import sweep_chart

ROWS = (
    SweepRow(0.5, 3, 1, 1.5),
    SweepRow(0.7, 0, None, None),
    SweepRow(0.9, 12, 4, 4.25),
    SweepRow(0.95, 8, 5, 5.0),
)


def chart(rows: tuple[SweepRow, ...] = ROWS, own: float = 0.9) -> str:
    return sweep_chart(rows, own, prefix="p-", title="Sweep & co")


def texts(svg: str) -> list[str]:
    root = ET.fromstring(svg)
    return [node.text or "" for node in root.iter("{http://www.w3.org/2000/svg}text")]


def test_every_number_is_printed_at_its_dot() -> None:
    drawn = texts(chart())
    assert drawn[1:5] == ["3", "0", "12", "8"]
    assert drawn[6:10] == ["1", "none", "4", "5"]
    assert drawn[10:14] == ["0.5", "0.7", "0.9", "0.95"]


def test_a_gap_is_left_where_nothing_is_known() -> None:
    # The number of explanations is known everywhere; the smallest has neither line nor dot at 0.7.
    blue, orange = (len(re.findall(f'stroke="{c}"', chart())) for c in ("#0072b2", "#d55e00"))
    assert (blue, orange) == (3, 1)
    dots = [len(re.findall(f'<rect[^>]*fill="{c}"', chart())) for c in ("#0072b2", "#d55e00")]
    assert dots == [4, 3]


def test_the_searchs_own_threshold_is_marked_once_per_panel() -> None:
    assert chart().count("stroke-dasharray") == 2
    assert "dashed" in texts(chart())[-1]
    outside = chart(own=0.99)
    assert "stroke-dasharray" not in outside
    assert "dashed" not in texts(outside)[-1]


def test_the_description_has_the_numbers() -> None:
    described = re.search(r"<desc[^>]*>(.*)</desc>", chart())
    assert described is not None
    assert "At 0.5 3, the smallest of size 1; at 0.7 none; at 0.9 12, the smallest of size 4" in described[1]
    assert "Sweep &amp; co" in chart()


def test_crowded_numbers_are_left_out_and_nothing_leaves_the_drawing() -> None:
    rows = tuple(SweepRow(0.5 + i / 200, 100, 10, 10.0) for i in range(100))
    drawn = ET.fromstring(chart(rows))
    width, height = (float(v) for v in drawn.attrib["viewBox"].split()[2:])
    placed = list(drawn.iter("{http://www.w3.org/2000/svg}text"))
    assert len(placed) < 80
    assert all(0 < float(n.attrib["x"]) < width and 0 < float(n.attrib["y"]) < height for n in placed)


def test_one_threshold_is_enough() -> None:
    assert texts(chart(ROWS[:1]))[1] == "3"


@pytest.mark.parametrize("rows", [(), (ROWS[0], ROWS[0]), ROWS[::-1]])
def test_rows_must_ascend(rows: tuple[SweepRow, ...]) -> None:
    with pytest.raises(RenderError, match="ascending"):
        chart(rows)
