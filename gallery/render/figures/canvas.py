"""Drawings as plain records: a few primitives that ``svg`` and ``pdf`` turn into the same picture.

Coordinates are points (1/72 inch), x to the right, y downwards from the top left corner.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from gallery.render.figures.patches import Point

# The colour of text and axes: black on paper, the text colour of the page in inline SVG.
INK = "ink"
NONE = "none"
Anchor = Literal["start", "middle", "end"]


@dataclass(frozen=True)
class Text:
    """One line of text.

    Attributes:
        x: Where ``anchor`` is.
        y: Baseline.
        text: Plain text.
        size: Font size.
        anchor: Which end of the line ``x`` is.
        bold: Weight.
        colour: ``INK`` or ``#rrggbb``.
        turned: Whether it reads upwards (rotated by 90 degrees about its anchor).
        css: Class names for inline SVG.
    """

    x: float
    y: float
    text: str
    size: float = 8
    anchor: Anchor = "start"
    bold: bool = False
    colour: str = INK
    turned: bool = False
    css: str = ""


@dataclass(frozen=True)
class Box:
    """A rectangle with rounded corners of ``radius``, filled and stroked with colours or ``NONE``."""

    x: float
    y: float
    width: float
    height: float
    fill: str = NONE
    stroke: str = NONE
    line: float = 1
    radius: float = 0
    css: str = ""


@dataclass(frozen=True)
class Path:
    """Polylines, or one cubic Bezier spline.

    Attributes:
        points: Runs of points. A curved run has 3 n + 1 points: start, then two controls and an end each.
        curved: Whether runs are cubic Bezier splines.
        closed: Whether each run returns to its first point.
        fill: Colour or ``NONE``.
        stroke: Colour or ``NONE``.
        line: Stroke width.
        dash: Lengths of dashes and gaps; empty = solid.
        css: Class names for inline SVG.
    """

    points: tuple[tuple[Point, ...], ...]
    curved: bool = False
    closed: bool = False
    fill: str = NONE
    stroke: str = NONE
    line: float = 1
    dash: tuple[float, ...] = ()
    css: str = ""


@dataclass(frozen=True)
class Picture:
    """A JPEG or PNG stretched over a rectangle; drawing the same bytes again costs nothing.

    Attributes:
        x: Left.
        y: Top.
        width: On the drawing.
        height: On the drawing.
        data: File content, JPEG or PNG.
        opacity: 0 to 1.
        clip: Only the region within these closed loops shows the picture; None = all of it.
        smooth: Whether pixels are blended when enlarged.
    """

    x: float
    y: float
    width: float
    height: float
    data: bytes
    opacity: float = 1
    clip: tuple[tuple[Point, ...], ...] | None = None
    smooth: bool = True


@dataclass(frozen=True)
class Group:
    """Items that belong together.

    Attributes:
        items: Drawn in order.
        id: Element id, without the drawing's prefix; "" = none.
        css: Class names.
        data: ``data-<key>`` attributes.
        title: Tooltip and accessible name.
    """

    items: "Sequence[Item]"
    id: str = ""
    css: str = ""
    data: Mapping[str, str] = field(default_factory=dict)
    title: str = ""


Item = Text | Box | Path | Picture | Group


@dataclass(frozen=True)
class Drawing:
    """A finished drawing.

    Attributes:
        width: Points.
        height: Points.
        items: Drawn in order.
        title: Of the document.
        description: What it shows, in words.
        facts: Provenance as name -> text, written into the file.
    """

    width: float
    height: float
    items: Sequence[Item]
    title: str
    description: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)


def is_jpeg(data: bytes) -> bool:
    """Return whether ``data`` begins as a JPEG file."""
    return data[:2] == b"\xff\xd8"


def number(value: float) -> str:
    """Return a size or share with at most two decimals: ``12``, ``0.5``, ``-3.25``."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text in {"", "-0"} else text


def place(value: float) -> str:
    """Return a coordinate in tenths of a point, finer than any screen or printer shows: ``12``, ``-3.3``."""
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text
