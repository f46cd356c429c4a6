"""Deletion and insertion curves as inline SVG, and the numbers behind them as a table.

Colours are Okabe and Ito's palette without yellow (safe for colour-blind readers, visible on light and dark
ground), and every curve has a dash pattern of its own, so that none is told by colour alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from gallery.errors import RenderError
from gallery.records import Float32
from gallery.render.figures.canvas import Box, Drawing, Group, Item, Path, Text
from gallery.render.figures.patches import Point
from gallery.render.figures.pdf import text_width
from gallery.render.figures.svg import inline_svg

_WIDTH, _LEFT, _RIGHT, _TOP, _PLOT = 390.0, 40.0, 10.0, 10.0, 190.0
_AXIS_PT = 34.0
_ROW_PT = 15.0
_GRID = "#8c8c8c"
_FONT_PT = 9.0
_KEY_PT = 29.0
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#7f7f7f")
_DASHES: tuple[tuple[float, ...], ...] = (
    (),
    (6, 2.5),
    (1.8, 2),
    (7, 2, 1.8, 2),
    (3.5, 2),
    (10, 3),
    (7, 2, 1.8, 2, 1.8, 2),
)


@dataclass(frozen=True)
class Curve:
    """One method's curve.

    Attributes:
        title: Method as printed.
        x: (n,) ascending, fraction of pixels changed.
        y: (n,) probability of the target.
        value: Area under the curve, as measured.
    """

    title: str
    x: Float32
    y: Float32
    value: float


def curve_chart(
    curves: Sequence[Curve],
    *,
    prefix: str,
    title: str,
    x_label: str,
    y_label: str,
    value_label: str = "AUC",
) -> str:
    """Return curves in one chart, both axes from 0 to 1 (or to the largest value), legend below.

    Args:
        curves: At least one; drawn in order.
        prefix: Begins every id: letters, digits, "-" and "_"; unique on its page.
        title: Accessible name.
        x_label: Printed under the chart.
        y_label: Printed along the vertical axis.
        value_label: Name of ``Curve.value`` in the legend.

    Raises:
        RenderError: If there is no curve, or one is empty or not finite.
    """
    _check(curves)
    x_top, y_top = (max(1.0, *(float(axis(curve).max()) for curve in curves)) for axis in (_x_of, _y_of))
    width = _WIDTH - _LEFT - _RIGHT

    def at(x: float, y: float) -> Point:
        return (_LEFT + x / x_top * width, _TOP + (1 - y / y_top) * _PLOT)

    items: list[Item] = [Group(tuple(_axes(x_top, y_top, x_label, y_label)), css="curve-axes")]
    for index, curve in enumerate(curves):
        points = tuple(at(float(x), float(y)) for x, y in zip(curve.x, curve.y, strict=True))
        line = Path((points,), stroke=_colour(index), line=1.8, dash=_dash(index))
        items.append(Group((line,), css="curve", title=f"{curve.title}: {value_label} {curve.value:.3f}"))
    rows, legend = _legend(curves, value_label)
    items.append(Group(tuple(legend), css="curve-legend"))
    drawing = Drawing(
        width=_WIDTH,
        height=_TOP + _PLOT + _AXIS_PT + rows * _ROW_PT + 4,
        items=items,
        title=title,
        description=_describe(curves, x_label, y_label, value_label),
    )
    return inline_svg(drawing, prefix=prefix, css="curves")


def curve_rows(curves: Sequence[Curve], n_points: int = 11) -> tuple[list[str], list[list[float]]]:
    """Return the curves as a table: header, and rows at evenly spaced x.

    Values between measured points are read off the straight lines of the chart.

    Args:
        curves: At least one.
        n_points: Number of rows, at least 2.

    Raises:
        RenderError: If there is no curve, or one is empty or not finite.
    """
    _check(curves)
    grid = np.linspace(min(c.x[0] for c in curves), max(c.x[-1] for c in curves), n_points)
    columns = [np.interp(grid, curve.x, curve.y) for curve in curves]
    rows = [[float(x), *(float(column[i]) for column in columns)] for i, x in enumerate(grid)]
    return ["x", *(curve.title for curve in curves)], rows


def _axes(x_top: float, y_top: float, x_label: str, y_label: str) -> Iterator[Item]:
    """Yield frame, grid lines, tick labels and axis titles."""
    width = _WIDTH - _LEFT - _RIGHT
    bottom = _TOP + _PLOT
    lines = []
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        x, y = _LEFT + share * width, bottom - share * _PLOT
        lines += [((x, _TOP), (x, bottom)), ((_LEFT, y), (_LEFT + width, y))]
        yield Text(x, bottom + 12, f"{share * x_top:.3g}", _FONT_PT, "middle")
        yield Text(_LEFT - 5, y + 3, f"{share * y_top:.3g}", _FONT_PT, "end")
    yield Path(tuple(lines), stroke=_GRID, line=0.3)
    yield Box(_LEFT, _TOP, width, _PLOT, stroke=_GRID, line=0.8)
    yield Text(_LEFT + width / 2, bottom + 26, x_label, _FONT_PT, "middle")
    yield Text(10, _TOP + _PLOT / 2, y_label, _FONT_PT, "middle", turned=True)


def _legend(curves: Sequence[Curve], value_label: str) -> tuple[int, list[Item]]:
    """Return the number of rows and the items of a legend in two columns, or one if names are long."""
    labels = [f"{curve.title}, {value_label} {curve.value:.3f}" for curve in curves]
    room = (_WIDTH - _LEFT - _RIGHT) / 2 - _KEY_PT
    # Pages may set the text in a face up to a sixth wider than Helvetica.
    n_columns = 2 if max(text_width(label, _FONT_PT) for label in labels) * 7 / 6 <= room else 1
    column_pt = (_WIDTH - _LEFT - _RIGHT) / n_columns
    items: list[Item] = []
    for index, label in enumerate(labels):
        row, column = divmod(index, n_columns)
        x, y = _LEFT + column * column_pt, _TOP + _PLOT + _AXIS_PT + row * _ROW_PT + 8
        items.append(
            Path((((x, y - 3), (x + 24, y - 3)),), stroke=_colour(index), line=1.8, dash=_dash(index))
        )
        items.append(Text(x + _KEY_PT, y, label, _FONT_PT))
    return -(-len(curves) // n_columns), items


def _describe(curves: Sequence[Curve], x_label: str, y_label: str, value_label: str) -> str:
    parts = [
        f"{curve.title} goes from {float(curve.y[0]):.2f} to {float(curve.y[-1]):.2f}, "
        f"{value_label} {curve.value:.3f}"
        for curve in curves
    ]
    return f"Line chart of {y_label} against {x_label}. {'; '.join(parts)}."


def _check(curves: Sequence[Curve]) -> None:
    if not curves:
        raise RenderError("There is no curve to draw; measure at least one heatmap method first.")
    for curve in curves:
        finite = np.isfinite(curve.x).all() and np.isfinite(curve.y).all()
        if curve.x.ndim != 1 or curve.x.shape != curve.y.shape or curve.x.size < 2 or not finite:
            raise RenderError(
                f"The curve of {curve.title} needs two or more finite points; measure it again."
            )
        if any(a > b for a, b in pairwise(curve.x.tolist())):
            raise RenderError(f"The curve of {curve.title} runs backwards; measure it again.")


def _x_of(curve: Curve) -> Float32:
    return curve.x


def _y_of(curve: Curve) -> Float32:
    return curve.y


def _colour(index: int) -> str:
    return _COLOURS[index % len(_COLOURS)]


def _dash(index: int) -> tuple[float, ...]:
    # Colours and dashes advance together, then a further turn pairs them anew: 49 distinct looks.
    return _DASHES[(index + index // len(_COLOURS)) % len(_DASHES)]
