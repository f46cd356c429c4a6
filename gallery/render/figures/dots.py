"""Numbers with their intervals as dots on lines, in groups, as inline SVG."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gallery.errors import RenderError
from gallery.render.figures.axes import FONT_PT, GRID, WIDER, WIDTH, Frame, colour, shortened
from gallery.render.figures.canvas import INK, Drawing, Group, Item, Path, Text
from gallery.render.figures.helvetica import text_width
from gallery.render.figures.svg import inline_svg

_TOP, _ROW_PT, _HEAD_PT, _AXIS_PT = 6.0, 17.0, 22.0, 32.0
_LABEL_PT, _PAD_PT, _DOT_PT = 132.0, 10.0, 3.4
_CIRCLE = 0.5522847498
"""Control points of a quarter circle drawn as a cubic Bezier curve, in radii."""


@dataclass(frozen=True)
class Dot:
    """One number.

    Attributes:
        label: Printed on the left.
        value: Where the dot is, or None if there is no number: then only ``text`` is printed.
        low: Left end of its interval, or None.
        high: Right end, or None.
        text: The number and its interval as printed on the right.
        series: Chooses the colour, so that a label looks the same in each group.
    """

    label: str
    value: float | None
    low: float | None
    high: float | None
    text: str
    series: int = 0


@dataclass(frozen=True)
class DotGroup:
    """Dots under a heading ("" for none)."""

    title: str
    dots: tuple[Dot, ...]


@dataclass(frozen=True)
class Mark:
    """A vertical line that numbers are compared with: where it is, and what it says."""

    value: float
    label: str


def dot_chart(
    groups: Sequence[DotGroup],
    *,
    prefix: str,
    title: str,
    x_label: str,
    ticks: Sequence[float],
    mark: Mark | None = None,
) -> str:
    """Return dots with intervals, one per row, on an axis that all groups share.

    Args:
        groups: At least one dot in all.
        prefix: Begins every id: letters, digits, "-" and "_"; unique on its page.
        title: Accessible name.
        x_label: Printed under the chart.
        ticks: Ascending, at least two; the axis reaches from the first to the last.
        mark: Line that numbers are compared with, or None.

    Raises:
        RenderError: If there is no dot, or one or an interval lies outside the axis.
    """
    dots = [dot for group in groups for dot in group.dots]
    _check(dots, ticks, mark)
    label_pt = min(_LABEL_PT, max(text_width(dot.label, FONT_PT) for dot in dots) * WIDER)
    text_pt = max(_room(dot.text) for dot in dots)
    left = label_pt + _PAD_PT
    height = sum(len(group.dots) * _ROW_PT + (_HEAD_PT if group.title else 0) for group in groups)
    frame = Frame(left, _TOP, WIDTH - left - text_pt - _PAD_PT, height + 6, (ticks[0], ticks[-1]))
    items: list[Item] = [Group(tuple(_axis(frame, ticks, x_label, mark)), css="curve-axes")]
    y = _TOP
    for group in groups:
        if group.title:
            y += _HEAD_PT
            items.append(Text(0, y - 7, group.title, FONT_PT, bold=True))
        for dot in group.dots:
            y += _ROW_PT
            items.append(Group(tuple(_row(dot, frame, y - _ROW_PT / 2 + 2, label_pt)), css="dot"))
    drawing = Drawing(WIDTH, frame.bottom + _AXIS_PT, items, title, _describe(groups, x_label, mark))
    return inline_svg(drawing, prefix=prefix, css="curves")


def _room(text: str) -> float:
    """Return the width of a number with its interval in the widest face a page may use."""
    # Signs differ more between faces than letters and digits do.
    n_signs = sum(text.count(sign) for sign in "+\N{MINUS SIGN}")
    return text_width(text, FONT_PT) * WIDER + n_signs * 0.3 * FONT_PT


def _axis(frame: Frame, ticks: Sequence[float], x_label: str, mark: Mark | None) -> Iterator[Item]:
    places = [frame.at(tick, 0)[0] for tick in ticks]
    yield Path(tuple(((x, frame.top), (x, frame.bottom)) for x in places), stroke=GRID, line=0.3)
    yield Path(
        (((frame.left, frame.bottom), (frame.left + frame.width, frame.bottom)),), stroke=GRID, line=0.8
    )
    for x, tick in zip(places, ticks, strict=True):
        yield Text(x, frame.bottom + 12, f"{tick:.3g}".replace("-", "\N{MINUS SIGN}"), FONT_PT, "middle")
    name = f"{x_label}; dashed line: {mark.label}" if mark else x_label
    # The title may be wider than the axis, but not than the drawing.
    middle = frame.left + frame.width / 2
    reach = text_width(name, FONT_PT) * WIDER / 2
    yield Text(max(min(middle, WIDTH - reach), reach), frame.bottom + 25, name, FONT_PT, "middle")
    if mark:
        x, _ = frame.at(mark.value, 0)
        yield Path((((x, frame.top), (x, frame.bottom)),), stroke=INK, line=1, dash=(3, 2.5))


def _row(dot: Dot, frame: Frame, y: float, label_pt: float) -> Iterator[Item]:
    yield Text(0, y + 3, shortened(dot.label, label_pt), FONT_PT)
    yield Text(frame.left + frame.width + _PAD_PT, y + 3, dot.text, FONT_PT)
    if dot.value is None:
        return
    paint = colour(dot.series)
    if dot.low is not None and dot.high is not None:
        (low, _), (high, _) = frame.at(dot.low, 0), frame.at(dot.high, 0)
        ends = tuple(((x, y - 3), (x, y + 3)) for x in (low, high))
        yield Path((((low, y), (high, y)), *ends), stroke=paint, line=1.6)
    yield _disc(frame.at(dot.value, 0)[0], y, paint)


def _disc(x: float, y: float, fill: str) -> Path:
    r, c = _DOT_PT, _DOT_PT * _CIRCLE
    return Path(
        (
            (
                (x + r, y), (x + r, y + c), (x + c, y + r), (x, y + r), (x - c, y + r), (x - r, y + c),
                (x - r, y), (x - r, y - c), (x - c, y - r), (x, y - r), (x + c, y - r), (x + r, y - c),
                (x + r, y),
            ),
        ),
        curved=True,
        fill=fill,
    )  # fmt: skip


def _describe(groups: Sequence[DotGroup], x_label: str, mark: Mark | None) -> str:
    parts = [
        (f"{group.title}: " if group.title else "")
        + ", ".join(f"{dot.label} {dot.text}" for dot in group.dots)
        for group in groups
    ]
    line = f" Dashed line: {mark.label}." if mark else ""
    return f"Dot chart of {x_label} with intervals. {'; '.join(parts)}.{line}"


def _check(dots: Sequence[Dot], ticks: Sequence[float], mark: Mark | None) -> None:
    if not dots or len(ticks) < 2:
        raise RenderError("A dot chart needs at least one dot and two ticks.")
    placed = [value for dot in dots for value in (dot.value, dot.low, dot.high) if value is not None]
    if mark:
        placed.append(mark.value)
    if not all(ticks[0] <= value <= ticks[-1] for value in placed):
        raise RenderError(f"Dots must lie between {ticks[0]:g} and {ticks[-1]:g}; widen the axis.")
