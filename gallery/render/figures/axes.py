"""What every chart shares: colours, frame, ticks and legend.

Colours are Okabe and Ito's palette without yellow (safe for colour-blind readers, visible on light and dark
ground), and every series has a dash pattern of its own, so that none is told by colour alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gallery.render.figures.canvas import Box, Item, Path, Text
from gallery.render.figures.helvetica import text_width
from gallery.render.figures.patches import Point

WIDTH = 390.0
"""Of every chart, points: two of them fill a page, one fills a phone."""
FONT_PT = 9.0
GRID = "#8c8c8c"
AXIS_PT = 34.0
"""Height of tick labels and title below a frame."""
ROW_PT = 15.0
WIDER = 7 / 6
"""Pages may set the text in a face up to a sixth wider than Helvetica."""
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
class Frame:
    """Where the values of a chart lie on the drawing.

    Attributes:
        left: Of the frame.
        top: Of the frame.
        width: Of the frame.
        height: Of the frame.
        x: Values at the left and right edge.
        y: Values at the lower and upper edge.
    """

    left: float
    top: float
    width: float
    height: float
    x: tuple[float, float] = (0.0, 1.0)
    y: tuple[float, float] = (0.0, 1.0)

    @property
    def bottom(self) -> float:
        """Lower edge of the frame."""
        return self.top + self.height

    def at(self, x: float, y: float) -> Point:
        """Return the place of a pair of values."""
        across = (x - self.x[0]) / (self.x[1] - self.x[0])
        up = (y - self.y[0]) / (self.y[1] - self.y[0])
        return (self.left + across * self.width, self.top + (1 - up) * self.height)


def colour(index: int) -> str:
    """Return the colour of a series."""
    return _COLOURS[index % len(_COLOURS)]


def dash(index: int) -> tuple[float, ...]:
    """Return the dash pattern of a series."""
    # Colours and dashes advance together, then a further turn pairs them anew: 49 distinct looks.
    return _DASHES[(index + index // len(_COLOURS)) % len(_DASHES)]


def axes(
    frame: Frame, x_ticks: Sequence[float], y_ticks: Sequence[float], x_label: str, y_label: str
) -> Iterator[Item]:
    """Yield frame, grid lines, tick labels and axis titles."""
    lines = []
    for value in x_ticks:
        x, _ = frame.at(value, frame.y[0])
        lines.append(((x, frame.top), (x, frame.bottom)))
        yield Text(x, frame.bottom + 12, _tick(value), FONT_PT, "middle")
    for value in y_ticks:
        _, y = frame.at(frame.x[0], value)
        lines.append(((frame.left, y), (frame.left + frame.width, y)))
        yield Text(frame.left - 5, y + 3, _tick(value), FONT_PT, "end")
    yield Path(tuple(lines), stroke=GRID, line=0.3)
    yield Box(frame.left, frame.top, frame.width, frame.height, stroke=GRID, line=0.8)
    yield Text(frame.left + frame.width / 2, frame.bottom + 26, x_label, FONT_PT, "middle")
    if y_label:
        yield Text(10, frame.top + frame.height / 2, y_label, FONT_PT, "middle", turned=True)


def _tick(value: float) -> str:
    return f"{value:.3g}".replace("-", "\N{MINUS SIGN}")


def legend(labels: Sequence[str], frame: Frame) -> tuple[int, list[Item]]:
    """Return the number of rows and the items of a legend below a frame: two columns, or one if long."""
    room = frame.width / 2 - _KEY_PT
    n_columns = 2 if max(text_width(label, FONT_PT) for label in labels) * WIDER <= room else 1
    column_pt = frame.width / n_columns
    items: list[Item] = []
    for index, label in enumerate(labels):
        row, column = divmod(index, n_columns)
        x, y = frame.left + column * column_pt, frame.bottom + AXIS_PT + row * ROW_PT + 8
        items.append(Path((((x, y - 3), (x + 24, y - 3)),), stroke=colour(index), line=1.8, dash=dash(index)))
        items.append(Text(x + _KEY_PT, y, label, FONT_PT))
    return -(-len(labels) // n_columns), items


def whole_ticks(low: int, high: int, at_most: int = 12) -> list[int]:
    """Return evenly spaced whole numbers from ``low`` to ``high`` at most: steps of 1, 2, 5, 10 and so on."""
    size, step = 1, 1
    while (high - low) // step + 1 > at_most:
        size, step = next((s, t) for s in (size, size * 10) for t in (s, 2 * s, 5 * s) if t > step)
    return list(range(-(-low // step) * step, high + 1, step))


def shortened(text: str, room_pt: float, size: float = FONT_PT) -> str:
    """Return ``text``, with its end replaced by an ellipsis where it is wider than ``room_pt``."""
    if text_width(text, size) * WIDER <= room_pt:
        return text
    kept = text
    while kept and text_width(kept + "…", size) * WIDER > room_pt:
        kept = kept[:-1]
    return kept.rstrip() + "…"
