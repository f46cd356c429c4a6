"""Comparison strips: a photograph, several heatmaps and a patch set side by side, for papers and talks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from math import ceil

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gallery.errors import RenderError
from gallery.records import UInt8
from gallery.render.figures.canvas import Box, Drawing, Item, Picture, Text
from gallery.render.figures.colormap import default_for, table
from gallery.render.figures.heat import require_view
from gallery.render.figures.helvetica import text_width
from gallery.render.figures.photo import photo_jpeg, shrink
from gallery.render.figures.printing import palette_png
from gallery.render.figures.scale import Scaled, format_number, scale

OPACITY = 0.5
_DPI = 300
_SOFT = "#404040"
_LINES = 2  # of a label, and of a note, at most


@dataclass(frozen=True)
class Look:
    """Size of a strip, points.

    Attributes:
        width: Of the page or column.
        per_row: Panels in a row, at most; rows are filled evenly.
        text: Font size; 7 is the least that journals print.
        gap: Between panels.
        height: Of the page; 0 = as much as is needed. With one, the strip is centred under its heading.
    """

    width: float
    per_row: int
    text: float = 7.0
    gap: float = 5.0
    height: float = 0.0


FULL_WIDTH = Look(495.0, 8)
"""6.875 inches: both columns of a two-column paper."""
COLUMN = Look(234.0, 4)
"""3.25 inches: one column."""
SLIDE = Look(960.0, 4, text=12.0, gap=22.0, height=540.0)
"""16:9; 1920 x 1080 pixels at 144 dpi."""
SLIDE_DPI = 144
_MARGIN_PT = 30.0
_HEADING_PT = 26.0


@dataclass(frozen=True)
class Panel:
    """One picture of a strip.

    Attributes:
        label: Above it; two lines at most.
        picture: (H, W, 3) uint8; of the same aspect in all panels.
        note: Below it, where there is no heatmap.
        values: Raw heatmap laid over the picture, or None.
        signed: Whether its scale is symmetric about zero.
    """

    label: str
    picture: UInt8
    note: str = ""
    values: NDArray[np.floating] | None = None
    signed: bool = False


@dataclass(frozen=True)
class Words:
    """Title and subtitle, printed where a look has a heading; a line at the foot; all plain text."""

    title: str
    subtitle: str
    foot: str


def strip(panels: Sequence[Panel], look: Look, words: Words) -> tuple[Sequence[Item], tuple[float, float]]:
    """Lay out panels in as few rows as the look allows.

    Args:
        panels: At least one.
        look: Of the strip.
        words: Around the panels; only looks with a height have room for them.

    Returns:
        Items, and width and height in points.

    Raises:
        RenderError: If there are no panels, or a map cannot be scaled.
        ShapeError: If a picture is not (H, W, 3) uint8.
    """
    if not panels:
        raise RenderError("A comparison strip needs at least one picture.")
    rows = ceil(len(panels) / look.per_row)
    per_row = ceil(len(panels) / rows)
    aspect = panels[0].picture.shape[0] / panels[0].picture.shape[1]
    margin = _MARGIN_PT if look.height else 0.0
    side = (look.width - 2 * margin - look.gap * (per_row - 1)) / per_row
    top = 0.0
    if look.height:
        top = margin + _HEADING_PT + 2.4 * look.text
        around = _above(look) + _below(look) + look.gap / 2
        side = min(side, ((look.height - top - margin - look.text) / rows - around) / aspect)
    left = (look.width - per_row * side - (per_row - 1) * look.gap) / 2
    items: list[Item] = list(_heading(look, words)) if look.height else []
    y = top
    for start in range(0, len(panels), per_row):
        row = panels[start : start + per_row]
        above = _above(look) if look.height else _label_height(row, side, look)
        for i, panel in enumerate(row):
            items += _panel(panel, (left + i * (side + look.gap), y + above, side, side * aspect), look)
        y += above + side * aspect + _below(look) + look.gap / 2
    return items, (look.width, look.height or y - look.gap / 2)


def strip_drawing(panels: Sequence[Panel], look: Look, words: Words, facts: dict[str, str]) -> Drawing:
    """Return a strip as a drawing with provenance; arguments and errors: see ``strip``."""
    items, (width, height) = strip(panels, look, words)
    names = ", ".join(" ".join(panel.label.split()) for panel in panels)
    return Drawing(
        width, height, items, words.title, f"{words.subtitle}. From left to right: {names}.", facts
    )


def _heading(look: Look, words: Words) -> Iterator[Item]:
    room = look.width - 2 * _MARGIN_PT
    y = _MARGIN_PT + 0.72 * _HEADING_PT
    yield Text(_MARGIN_PT, y, _fitted(words.title, _HEADING_PT, room, bold=True), _HEADING_PT, bold=True)
    size = look.text + 2
    yield Text(_MARGIN_PT, y + 1.6 * size, _fitted(words.subtitle, size, room), size, colour=_SOFT)
    size = look.text - 2
    foot = _fitted(words.foot, size, room)
    yield Text(_MARGIN_PT, look.height - _MARGIN_PT / 2, foot, size, colour=_SOFT)


def _above(look: Look) -> float:
    return 1.2 * look.text * (1 if look.height else _LINES) + 2


def _below(look: Look) -> float:
    """Return the room for colour bar and numbers, or for two lines of a note."""
    return 2 + 1.2 * look.text * _LINES + 1


def _label_height(row: Sequence[Panel], side: float, look: Look) -> float:
    lines = max(len(_wrapped(panel.label, look.text, side, bold=True)) for panel in row)
    return 1.2 * look.text * lines + 2


def _panel(panel: Panel, box: tuple[float, float, float, float], look: Look) -> Iterator[Item]:
    """Yield one picture in ``box`` with its label above and colour bar or note below."""
    require_view(panel.picture)
    x, y, width, height = box
    size = look.text
    label = _wrapped(panel.label, size, width, bold=True)
    label = [_fitted(panel.label, size, width, bold=True)] if look.height else label
    for i, line in enumerate(reversed(label)):
        yield Text(x, y - 2 - 0.2 * size - 1.2 * size * i, line, size, bold=True)
    small = shrink(panel.picture, max(224, ceil(max(width, height) / 72 * _DPI)))
    yield Picture(*box, photo_jpeg(small, 90))
    under = y + height + 2
    if panel.values is None:
        for i, line in enumerate(_wrapped(panel.note, size, width)):
            yield Text(x, under + size * (1 + 1.2 * i), line, size, colour=_SOFT)
        return
    scaled = scale(panel.values, signed=panel.signed)
    name = default_for(signed=panel.signed)
    yield Picture(*box, palette_png(scaled.values, name), opacity=OPACITY)
    bar = 0.6 * size
    yield Picture(x, under, width, bar, _ramp(name))
    yield Box(x, under, width, bar, stroke=_SOFT, line=0.3)
    yield from _numbers(scaled, (x, under + bar + 1.0 * size, width), size)


def _numbers(scaled: Scaled, at: tuple[float, float, float], size: float) -> Iterator[Item]:
    """Yield the raw values at the ends of a colour bar ``width`` wide, at its left and right."""
    x, y, width = at
    if scaled.constant:
        yield Text(x, y, _fitted(f"all {format_number(scaled.minimum)}", size, width), size, colour=_SOFT)
        return
    for share, value in ((0.0, scaled.low), (1.0, scaled.high)):
        text = format_number(value)
        if 2 * text_width(text, size) > width - 2:  # too long for two in a line: fewer digits
            text = f"{value:.0e}" if "e" in text else f"{value:.2g}"
        yield Text(x + share * width, y, text, size, "end" if share else "start", colour=_SOFT)


def _ramp(name: str) -> bytes:
    buffer = BytesIO()
    Image.fromarray(table(name)[None]).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _wrapped(text: str, size: float, width: float, *, bold: bool = False) -> list[str]:
    """Return ``text`` in at most two lines, broken at plain spaces; the last ends with dots if need be."""
    lines: list[str] = []
    rest = [word.replace("\N{NO-BREAK SPACE}", " ") for word in text.split(" ")]
    while rest and len(lines) < _LINES - 1:
        n = len(rest)
        while n > 1 and text_width(" ".join(rest[:n]), size, bold=bold) > width:
            n -= 1
        lines.append(_fitted(" ".join(rest[:n]), size, width, bold=bold))
        rest = rest[n:]
    return [*lines, _fitted(" ".join(rest), size, width, bold=bold)] if rest else lines


def _fitted(text: str, size: float, width: float, *, bold: bool = False) -> str:
    """Return ``text`` on one line, ended with dots where it would exceed ``width``."""
    if text_width(text, size, bold=bold) <= width:
        return text
    while text and text_width(text + "...", size, bold=bold) > width:
        text = text[:-1]
    return text.rstrip() + "..."
