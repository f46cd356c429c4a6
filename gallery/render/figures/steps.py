"""Shares that rise in steps, with a band around each: "explained by at most n patches" as inline SVG."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from gallery.errors import RenderError
from gallery.render.figures.axes import (
    AXIS_PT,
    ROW_PT,
    WIDTH,
    Frame,
    axes,
    colour,
    dash,
    legend,
    whole_ticks,
)
from gallery.render.figures.canvas import Drawing, Group, Item, Path
from gallery.render.figures.patches import Point
from gallery.render.figures.svg import inline_svg

_LEFT, _RIGHT, _TOP, _PLOT = 40.0, 10.0, 10.0, 210.0
_SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class Steps:
    """One series.

    Attributes:
        title: As printed in the legend.
        x: Ascending whole numbers; from each of them to the next the share stays the same.
        y: Share in [0, 1] at each x.
        low: Lower limit at each x, or None where there is none.
        high: Upper limit, or None.
    """

    title: str
    x: Sequence[int]
    y: Sequence[float]
    low: Sequence[float | None]
    high: Sequence[float | None]


def step_chart(series: Sequence[Steps], *, prefix: str, title: str, x_label: str, y_label: str) -> str:
    """Return all series in one chart, the vertical axis from 0 to 1, legend below.

    Args:
        series: At least one; drawn in order. Each runs on to the largest x of all.
        prefix: Begins every id: letters, digits, "-" and "_"; unique on its page.
        title: Accessible name.
        x_label: Printed under the chart.
        y_label: Printed along the vertical axis.

    Raises:
        RenderError: If there is no series, or one is empty, runs backwards or leaves [0, 1].
    """
    _check(series)
    first, last = min(one.x[0] for one in series), max(one.x[-1] for one in series)
    # Half a step on either side, so that the first and the last step are seen.
    frame = Frame(_LEFT, _TOP, WIDTH - _LEFT - _RIGHT, _PLOT, (first - 0.5, last + 0.5))
    bands: list[Item] = []
    lines: list[Item] = []
    for index, one in enumerate(series):
        bands += _band(one, frame, colour(index))
        run = _stairs(one.x, one.y, frame)
        line = Path((run,), stroke=colour(index), line=1.8, dash=dash(index))
        lines.append(Group((line,), css="curve", title=f"{one.title}: {one.y[-1]:.2f} at {one.x[-1]}"))
    rows, keys = legend([one.title for one in series], frame)
    drawing = Drawing(
        width=WIDTH,
        height=frame.bottom + AXIS_PT + rows * ROW_PT + 4,
        items=[
            Group(tuple(axes(frame, whole_ticks(first, last), _SHARES, x_label, y_label)), css="curve-axes"),
            *bands,
            *lines,
            Group(tuple(keys), css="curve-legend"),
        ],
        title=title,
        description=_describe(series, x_label, y_label),
    )
    return inline_svg(drawing, prefix=prefix, css="curves")


def _stairs(x: Sequence[int], y: Sequence[float], frame: Frame) -> tuple[Point, ...]:
    """Return a line that is level around each x and rises half-way between two."""
    edges = [x[0] - 0.5, *((a + b) / 2 for a, b in pairwise(x)), frame.x[1]]
    return tuple(
        point
        for value, (begin, end) in zip(y, pairwise(edges), strict=True)
        for point in (frame.at(begin, value), frame.at(end, value))
    )


def _band(one: Steps, frame: Frame, fill: str) -> list[Item]:
    """Return the area between the limits, if the series has any."""
    low = [value for value in one.low if value is not None]
    high = [value for value in one.high if value is not None]
    if len(low) != len(one.x) or len(high) != len(one.x):
        return []
    loop = (*_stairs(one.x, high, frame), *reversed(_stairs(one.x, low, frame)))
    return [Path((loop,), closed=True, fill=fill, css="chart-band")]


def _describe(series: Sequence[Steps], x_label: str, y_label: str) -> str:
    parts = [
        f"{one.title} rises from {one.y[0]:.2f} at {one.x[0]} to {one.y[-1]:.2f} at {one.x[-1]}"
        for one in series
    ]
    return f"Step chart of {y_label} against {x_label}. {'; '.join(parts)}."


def _check(series: Sequence[Steps]) -> None:
    if not series:
        raise RenderError("There is no series of steps to draw; explain at least one image first.")
    for one in series:
        lengths = {len(part) for part in (one.x, one.y, one.low, one.high)}
        if lengths != {len(one.x)} or not one.x:
            raise RenderError(
                f"The steps of {one.title} need as many shares and limits as places, at least one."
            )
        if any(a >= b for a, b in pairwise(one.x)):
            raise RenderError(f"The steps of {one.title} run backwards; sort them.")
        known = [value for part in (one.y, one.low, one.high) for value in part if value is not None]
        if not all(0 <= value <= 1 for value in known):
            raise RenderError(f"The steps of {one.title} hold shares outside 0 to 1.")
