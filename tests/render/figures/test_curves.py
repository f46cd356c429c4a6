from xml.etree import ElementTree as ET

import numpy as np
import pytest

from gallery.errors import RenderError
from gallery.render.figures.curves import Curve, curve_chart, curve_rows

NS = "{http://www.w3.org/2000/svg}"
X = np.linspace(0, 1, 5, dtype=np.float32)


def curve(title: str = "Grad-CAM", top: float = 1.0) -> Curve:
    return Curve(title, X, top * (1 - X), top / 2)


def chart(*curves: Curve) -> str:
    return curve_chart(curves, prefix="d", title="Deletion <x>", x_label="fraction", y_label="probability")


def test_chart_is_labelled_for_readers_who_cannot_see_it() -> None:
    root = ET.fromstring(chart(curve()))
    assert root.findtext(f"{NS}title") == "Deletion <x>"
    assert "Grad-CAM goes from 1.00 to 0.00, AUC 0.500" in str(root.findtext(f"{NS}desc"))
    labels = [e.text for e in root.iter(f"{NS}text")]
    assert {"fraction", "probability", "0.25", "Grad-CAM, AUC 0.500"} <= set(labels)


def test_curve_runs_from_the_top_left_to_the_bottom_right_corner_of_the_frame() -> None:
    root = ET.fromstring(chart(curve()))
    frame = next(root.iter(f"{NS}rect"))
    x, y, width, height = (float(str(frame.get(k))) for k in ("x", "y", "width", "height"))
    group = next(g for g in root.iter(f"{NS}g") if g.get("class") == "curve")
    data = str(group.findall(f"{NS}path")[0].get("d"))
    assert data.startswith(f"M{x:g} {y:g}")
    assert data.endswith(f"{x + width:g} {y + height:g}")


def test_no_two_curves_look_the_same() -> None:
    root = ET.fromstring(chart(*(curve(f"m{i}") for i in range(14))))
    groups = [g for g in root.iter(f"{NS}g") if g.get("class") == "curve"]
    looks = [(g[1].get("stroke"), g[1].get("stroke-dasharray")) for g in groups]
    assert len(set(looks)) == 14
    assert len({dash for _, dash in looks[:7]}) == 7


def test_axis_grows_with_values_above_one() -> None:
    assert ">2<" in chart(curve(top=2.0))


def test_chart_stays_small() -> None:
    x = np.linspace(0, 1, 29, dtype=np.float32)
    curves = [Curve(f"Method {i}", x, np.exp(-x * (i + 1)), 0.3) for i in range(6)]
    assert len(chart(*curves)) < 7000


def test_rows_are_read_off_the_lines() -> None:
    header, rows = curve_rows([curve("a"), curve("b", 0.5)], 3)
    assert header == ["x", "a", "b"]
    assert rows == [[0.0, 1.0, 0.5], [0.5, 0.5, 0.25], [1.0, 0.0, 0.0]]


@pytest.mark.parametrize(
    "bad",
    [[], [Curve("a", X[:1], X[:1], 0)], [Curve("a", X, X * np.nan, 0)], [Curve("a", X[::-1], X, 0)]],
    ids=["none", "one point", "not finite", "backwards"],
)
def test_unusable_curves_are_refused(bad: list[Curve]) -> None:
    with pytest.raises(RenderError, match="curve"):
        chart(*bad)
