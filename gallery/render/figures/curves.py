"""Curves of measures as inline SVG, and the numbers behind them as a table."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from gallery.errors import RenderError
from gallery.records import Float32
from gallery.render.figures.axes import AXIS_PT, ROW_PT, WIDTH, Frame, axes, colour, dash, legend
from gallery.render.figures.canvas import Drawing, Group, Item, Path
from gallery.render.figures.svg import inline_svg

_LEFT, _RIGHT, _TOP, _PLOT = 40.0, 10.0, 10.0, 190.0
_TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class Curve:
    """One method's curve.

    Attributes:
        title: Method as printed.
        x: (n,) ascending, such as the fraction of pixels changed.
        y: (n,) such as the probability of the target.
        value: What the measure makes of the curve; None if nothing.
    """

    title: str
    x: Float32
    y: Float32
    value: float | None


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

    With negative values the vertical axis starts at -1 (or at the smallest value).

    Args:
        curves: At least one; drawn in order.
        prefix: Begins every id: letters, digits, "-" and "_"; unique on its page.
        title: Accessible name.
        x_label: Printed under the chart.
        y_label: Printed along the vertical axis.
        value_label: Name of ``Curve.value`` in the legend, or "".

    Raises:
        RenderError: If there is no curve, or one is empty or not finite.
    """
    _check(curves)
    x_top, y_top = (max(1.0, *(float(axis(curve).max()) for curve in curves)) for axis in (_x_of, _y_of))
    lowest = min(float(curve.y.min()) for curve in curves)
    y_low = 0.0 if lowest >= 0 else min(-1.0, lowest)
    frame = Frame(_LEFT, _TOP, WIDTH - _LEFT - _RIGHT, _PLOT, (0.0, x_top), (y_low, y_top))
    x_ticks, y_ticks = (
        [low + share * (top - low) for share in _TICKS] for low, top in ((0.0, x_top), (y_low, y_top))
    )
    items: list[Item] = [Group(tuple(axes(frame, x_ticks, y_ticks, x_label, y_label)), css="curve-axes")]
    for index, curve in enumerate(curves):
        points = tuple(frame.at(float(x), float(y)) for x, y in zip(curve.x, curve.y, strict=True))
        line = Path((points,), stroke=colour(index), line=1.8, dash=dash(index))
        items.append(Group((line,), css="curve", title=_named(curve, ": ", value_label)))
    rows, keys = legend([_named(curve, ", ", value_label) for curve in curves], frame)
    items.append(Group(tuple(keys), css="curve-legend"))
    drawing = Drawing(
        width=WIDTH,
        height=frame.bottom + AXIS_PT + rows * ROW_PT + 4,
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


def _named(curve: Curve, mark: str, value_label: str) -> str:
    """Return a curve's method with its value, if it has one."""
    if curve.value is None:
        return curve.title
    value = f"{curve.value:.3f}".replace("-", "\N{MINUS SIGN}")
    return f"{curve.title}{mark}{value_label} {value}" if value_label else f"{curve.title}{mark}{value}"


def _describe(curves: Sequence[Curve], x_label: str, y_label: str, value_label: str) -> str:
    parts = [
        f"{curve.title} goes from {float(curve.y[0]):.2f} to {float(curve.y[-1]):.2f}"
        + _named(replace(curve, title=""), ", ", value_label)
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
