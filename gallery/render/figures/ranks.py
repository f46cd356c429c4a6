"""Average ranks with the groups they do not tell apart, as inline SVG: a critical difference diagram.

Demsar's diagram (JMLR 7, 2006, section 3.2.4) turned by a quarter: one row per method, the best on top, so
that names of any number of methods can be read; the bars that join methods not significantly different stand
upright on the right, and the critical difference is drawn to scale above the axis.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gallery.errors import RenderError
from gallery.render.figures.axes import FONT_PT, GRID, WIDER, WIDTH, Frame, colour, shortened, whole_ticks
from gallery.render.figures.canvas import INK, Box, Drawing, Group, Item, Path, Text
from gallery.render.figures.helvetica import text_width
from gallery.render.figures.svg import inline_svg

_TOP, _ROW_PT, _AXIS_PT = 20.0, 15.0, 30.0
_LABEL_PT, _PAD_PT, _BAR_PT, _BAR, _DOT = 150.0, 9.0, 7.0, 2.6, 3.2
_SQUEEZED = 90.0
"""Least width of the plot: with many bars these stand closer instead."""


@dataclass(frozen=True)
class RankRow:
    """One method: name as printed and average rank."""

    label: str
    rank: float


def rank_chart(
    rows: Sequence[RankRow], groups: Sequence[Sequence[int]], critical: float, *, prefix: str, title: str
) -> str:
    """Return the ranks of methods, one per row, with bars that join those not told apart.

    Args:
        rows: By ascending rank, at least two.
        groups: Indices of rows, consecutive, at least two in each.
        critical: Critical difference of ranks.
        prefix: Begins every id: letters, digits, "-" and "_"; unique on its page.
        title: Accessible name.

    Raises:
        RenderError: If there are fewer than two rows, they are not ascending, or a group is not consecutive.
    """
    _check(rows, groups)
    columns = _columns(groups)
    n_columns = max(columns, default=-1) + 1
    label_pt = min(_LABEL_PT, max(text_width(row.label, FONT_PT) for row in rows) * WIDER)
    number_pt = text_width(f"{len(rows)}.00", FONT_PT) * WIDER
    left = label_pt + _PAD_PT
    room = WIDTH - left - number_pt - 2 * _PAD_PT
    bar_pt = min(_BAR_PT, (room - _SQUEEZED) / max(1, n_columns))
    height = len(rows) * _ROW_PT
    frame = Frame(left, _TOP, room - n_columns * bar_pt, height, (1.0, float(len(rows))))
    items: list[Item] = [Group(tuple(_axis(frame, len(rows), critical)), css="curve-axes")]
    for i, row in enumerate(rows):
        y = _TOP + (i + 0.5) * _ROW_PT
        x, _ = frame.at(row.rank, 0)
        items += [
            Text(0, y + 3, shortened(row.label, label_pt), FONT_PT),
            Box(x - _DOT, y - _DOT, 2 * _DOT, 2 * _DOT, fill=colour(0), radius=_DOT),
            Text(frame.left + frame.width + _PAD_PT, y + 3, f"{row.rank:.2f}", FONT_PT),
        ]
    start = frame.left + frame.width + number_pt + 2 * _PAD_PT
    bars = tuple(_bar(start + column * bar_pt, group) for column, group in zip(columns, groups, strict=True))
    if bars:
        items.append(Path(bars, stroke=INK, line=min(_BAR, bar_pt / 2)))
    drawing = Drawing(WIDTH, frame.bottom + _AXIS_PT, items, title, _describe(rows, groups, critical))
    return inline_svg(drawing, prefix=prefix, css="curves")


def _axis(frame: Frame, n: int, critical: float) -> Iterator[Item]:
    ticks = sorted({1, *(tick for tick in whole_ticks(1, n, 8) if tick > 1)})
    places = [frame.at(tick, 0)[0] for tick in ticks]
    yield Path(tuple(((x, frame.top), (x, frame.bottom)) for x in places), stroke=GRID, line=0.3)
    ends = (frame.left, frame.left + frame.width)
    yield Path((((ends[0], frame.bottom), (ends[1], frame.bottom)),), stroke=GRID, line=0.8)
    for x, tick in zip(places, ticks, strict=True):
        yield Text(x, frame.bottom + 12, str(tick), FONT_PT, "middle")
    yield Text(sum(ends) / 2, frame.bottom + 25, "average rank, 1 is best", FONT_PT, "middle")
    # Longer than the axis, it could not be drawn to scale; then no difference of ranks reaches it anyway.
    reach = frame.width * critical / (n - 1)
    if reach <= frame.width:
        x, y = frame.left, 12.0
        ruler = (((x, y), (x + reach, y)), ((x, y - 3), (x, y + 3)), ((x + reach, y - 3), (x + reach, y + 3)))
        yield Path(ruler, stroke=INK, line=1.2)
        beside = x + reach + 5
        text = f"CD = {critical:.2f}"
        if beside + text_width(text, FONT_PT) * WIDER <= WIDTH:
            yield Text(beside, y + 3, text, FONT_PT)
            return
        yield Text(x - 5, y + 3, text, FONT_PT, "end")
        return
    yield Text(frame.left, 15.0, f"CD = {critical:.2f}, more than the axis is long", FONT_PT)


def _bar(x: float, group: Sequence[int]) -> tuple[tuple[float, float], tuple[float, float]]:
    return (x, _TOP + (group[0] + 0.2) * _ROW_PT), (x, _TOP + (group[-1] + 0.8) * _ROW_PT)


def _columns(groups: Sequence[Sequence[int]]) -> list[int]:
    """Return the column of every bar: the first in which it touches no bar before it."""
    ends: list[int] = []
    columns = []
    for group in groups:
        column = next((i for i, end in enumerate(ends) if end < group[0]), len(ends))
        ends[column : column + 1] = [group[-1]]
        columns.append(column)
    return columns


def _describe(rows: Sequence[RankRow], groups: Sequence[Sequence[int]], critical: float) -> str:
    ranks = ", ".join(f"{row.label} {row.rank:.2f}" for row in rows)
    joined = "; ".join(f"{rows[group[0]].label} to {rows[group[-1]].label}" for group in groups)
    return (
        f"Average ranks, best first: {ranks}. Critical difference {critical:.2f}. "
        f"Not told apart: {joined or 'none'}."
    )


def _check(rows: Sequence[RankRow], groups: Sequence[Sequence[int]]) -> None:
    ranks = [row.rank for row in rows]
    if len(rows) < 2 or ranks != sorted(ranks):
        raise RenderError("A rank chart needs at least two methods by ascending rank.")
    if any(list(group) != list(range(group[0], group[0] + len(group))) or len(group) < 2 for group in groups):
        raise RenderError("A group of a rank chart must hold two or more consecutive methods.")
