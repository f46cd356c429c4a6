"""A threshold sweep as inline SVG: number and smallest size of the explanations known at each threshold."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from gallery.errors import RenderError
from gallery.records import SweepRow
from gallery.render.figures.axes import AXIS_PT, FONT_PT, GRID, WIDTH, Frame, colour
from gallery.render.figures.canvas import INK, Box, Drawing, Group, Item, Path, Text
from gallery.render.figures.svg import inline_svg

_SIDE, _TOP, _PLOT, _TITLE, _GAP = 26.0, 6.0, 62.0, 18.0, 16.0
_DOT = 3.2
_NUMBER, _SMALLEST = "Explanations known", "Patches in the smallest"


def sweep_chart(rows: Sequence[SweepRow], own: float, *, prefix: str, title: str) -> str:
    """Return two panels over one axis of thresholds, each number printed at its dot.

    Args:
        rows: Ascending by threshold.
        own: Threshold of the search, marked by a dashed line if it lies within the sweep.
        prefix: Begins every id: letters, digits, "-" and "_"; unique on its page.
        title: Accessible name.

    Raises:
        RenderError: If there is no row, or the rows are not ascending.
    """
    if not rows or any(a.p_high >= b.p_high for a, b in pairwise(rows)):
        raise RenderError("A sweep needs at least one threshold, ascending.")
    low, high = rows[0].p_high, rows[-1].p_high
    reach = (low, high) if high > low else (low - 0.05, high + 0.05)
    series: tuple[tuple[str, list[int | None]], ...] = (
        (_NUMBER, [row.n_mses for row in rows]),
        (_SMALLEST, [row.smallest for row in rows]),
    )
    items: list[Item] = []
    top = _TOP
    for index, (name, values) in enumerate(series):
        highest = max((value for value in values if value is not None), default=0)
        frame = Frame(_SIDE, top + _TITLE, WIDTH - 2 * _SIDE, _PLOT, reach, (0.0, max(1.0, 1.3 * highest)))
        points = [(row.p_high, value) for row, value in zip(rows, values, strict=True)]
        items.append(Group(tuple(_panel(name, points, own, frame, index)), css="curve"))
        top = frame.bottom + _GAP
    items += [
        Text(x, frame.bottom + 12, f"{share:g}", FONT_PT, "middle")
        for share, x in _apart([row.p_high for row in rows], frame, 24)
    ]
    label = "threshold, as a share of the whole image's probability"
    if reach[0] <= own <= reach[1]:
        label += "; dashed: this search's"
    items.append(Text(WIDTH / 2, frame.bottom + 26, label, FONT_PT, "middle"))
    drawing = Drawing(WIDTH, frame.bottom + AXIS_PT, items, title, _describe(rows, own))
    return inline_svg(drawing, prefix=prefix, css="curves")


def _panel(
    name: str, points: Sequence[tuple[float, int | None]], own: float, frame: Frame, index: int
) -> Iterator[Item]:
    """Yield one panel: title, mark of the search's own threshold, line, dots and their numbers."""
    right = frame.left + frame.width
    yield Text(frame.left, frame.top - 6, name, FONT_PT, bold=True)
    yield Path((((frame.left, frame.bottom), (right, frame.bottom)),), stroke=GRID, line=0.8)
    if frame.x[0] <= own <= frame.x[1]:
        # Up to the dot, so that it does not cross the number above it.
        height = next((y or 0 for x, y in points if x == own), frame.y[1])
        yield Path(((frame.at(own, 0), frame.at(own, height)),), stroke=INK, line=0.9, dash=(3, 2.5))
    for (a, b), (c, d) in pairwise(points):
        # A gap is left beside a threshold at which nothing is known.
        if b is not None and d is not None:
            yield Path(((frame.at(a, b), frame.at(c, d)),), stroke=colour(index), line=1.8)
    known = dict(points)
    for x, left in _apart(list(known), frame, 17):
        text = "none" if known[x] is None else str(known[x])
        yield Text(left, frame.at(x, known[x] or 0)[1] - 6.5, text, FONT_PT, "middle")
    for x, y in points:
        if y is not None:
            left, top = frame.at(x, y)
            yield Box(left - _DOT, top - _DOT, 2 * _DOT, 2 * _DOT, fill=colour(index), radius=_DOT)


def _apart(values: Sequence[float], frame: Frame, room_pt: float) -> Iterator[tuple[float, float]]:
    """Yield values and their places, without those too close to the one before to be read."""
    last = -room_pt
    for value in values:
        left, _ = frame.at(value, 0)
        if left - last >= room_pt:
            last = left
            yield value, left


def _describe(rows: Sequence[SweepRow], own: float) -> str:
    parts = [
        f"at {row.p_high:g} "
        + (f"{row.n_mses}, the smallest of size {row.smallest}" if row.smallest is not None else "none")
        for row in rows
    ]
    return f"Explanations known by threshold; the search's own is {own:g}. {'; '.join(parts).capitalize()}."
