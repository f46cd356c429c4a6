"""How often whole numbers occur, as bars: one panel per series, all on one horizontal axis, as inline SVG."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from gallery.errors import RenderError
from gallery.render.figures.axes import FONT_PT, GRID, WIDTH, Frame, colour, shortened, whole_ticks
from gallery.render.figures.canvas import Box, Drawing, Group, Item, Path, Text
from gallery.render.figures.svg import inline_svg

_LEFT, _RIGHT, _TOP, _PLOT = 40.0, 10.0, 10.0, 86.0
_TITLE_PT = 18.0
_GAP_PT = 14.0
_SHARE = 0.78
"""Part of a step that its bar fills."""


@dataclass(frozen=True)
class Bars:
    """One series.

    Attributes:
        title: Printed above its panel.
        counts: Number -> how often it occurs, at least 1.
        mark: Value marked by a line, such as the mean, or None.
        note: Printed after the title, such as "mean 4.1 patches".
    """

    title: str
    counts: Mapping[int, int]
    mark: float | None = None
    note: str = ""


def bar_panels(series: Sequence[Bars], *, prefix: str, title: str, x_label: str, y_label: str) -> str:
    """Return one panel of bars per series, one below the other; each has its own vertical axis.

    Args:
        series: At least one; one without counts says so.
        prefix: Begins every id: letters, digits, "-" and "_"; unique on its page.
        title: Accessible name.
        x_label: Printed under the last panel.
        y_label: What is counted.

    Raises:
        RenderError: If there is no series, or a count is below 1.
    """
    if not series:
        raise RenderError("There are no bars to draw; explain at least one image first.")
    if any(count < 1 for one in series for count in one.counts.values()):
        raise RenderError("Bars count what occurs; leave out what does not.")
    numbers = sorted({number for one in series for number in one.counts}) or [0, 1]
    reach = (numbers[0] - 0.5, numbers[-1] + 0.5)
    items: list[Item] = []
    top = _TOP
    for index, one in enumerate(series):
        highest = max(one.counts.values(), default=1)
        frame = Frame(
            _LEFT, top + _TITLE_PT, WIDTH - _LEFT - _RIGHT, _PLOT, reach, (0.0, float(_top_of(highest)))
        )
        items += _panel(one, frame, index)
        top = frame.bottom + _GAP_PT
    bottom = top - _GAP_PT
    items += [
        Text(frame.at(number, 0)[0], bottom + 12, str(number), FONT_PT, "middle")
        for number in whole_ticks(numbers[0], numbers[-1])
    ]
    items.append(Text(_LEFT + frame.width / 2, bottom + 26, x_label, FONT_PT, "middle"))
    items.append(Text(10, (_TOP + bottom) / 2, y_label, FONT_PT, "middle", turned=True))
    drawing = Drawing(WIDTH, bottom + 34, items, title, _describe(series, x_label, y_label))
    return inline_svg(drawing, prefix=prefix, css="curves")


def _panel(one: Bars, frame: Frame, index: int) -> Iterator[Item]:
    right = frame.left + frame.width
    name = shortened(one.title, frame.width * (0.6 if one.note else 1))
    yield Text(frame.left, frame.top - 6, name, FONT_PT, bold=True)
    if one.note:
        yield Text(right, frame.top - 6, one.note, FONT_PT, "end")
    ticks = sorted({0, int(frame.y[1]) // 2, int(frame.y[1])})
    levels = [(frame.at(frame.x[0], tick)[1], tick) for tick in ticks]
    yield Path(tuple(((frame.left, y), (right, y)) for y, _ in levels), stroke=GRID, line=0.3)
    for y, tick in levels:
        yield Text(frame.left - 5, y + 3, str(tick), FONT_PT, "end")
    for number, count in sorted(one.counts.items()):
        x, y = frame.at(number - _SHARE / 2, count)
        width = frame.at(number + _SHARE / 2, count)[0] - x
        bar = Box(x, y, width, frame.bottom - y, fill=colour(index))
        yield Group((bar,), css="bar", title=f"{number}: {count}")
    if one.mark is not None:
        x, _ = frame.at(one.mark, 0)
        yield Path((((x, frame.top), (x, frame.bottom)),), stroke="ink", line=1.2, dash=(3, 2.5))
    if not one.counts:
        yield Text(frame.left + frame.width / 2, frame.top + _PLOT / 2, "none found", FONT_PT, "middle")
    yield Path((((frame.left, frame.bottom), (right, frame.bottom)),), stroke=GRID, line=0.8)


def _top_of(count: int) -> int:
    """Return the end of an axis that reaches ``count``: an even number with few digits."""
    size = 1
    while True:
        for step in (2, 4, 6, 8, 10, 12, 16):
            if step * size >= count:
                return step * size
        size *= 10


def _describe(series: Sequence[Bars], x_label: str, y_label: str) -> str:
    parts = [
        f"{one.title}: "
        + (", ".join(f"{n} occurs {c} times" for n, c in sorted(one.counts.items())) or "none")
        for one in series
    ]
    return f"Bar chart of {y_label} by {x_label}. {'; '.join(parts)}."
