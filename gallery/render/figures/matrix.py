"""Pairwise numbers from -1 to 1 as a triangle of coloured cells with the numbers in them, as inline SVG.

The name of each method stands where the diagonal would be: its row runs to the left of it, its column down
from it, and no pair is drawn twice. Cells have colours of their own with black or white numbers, whichever
is easier to read on them, so that the drawing is the same on light and dark pages.
"""

from collections.abc import Mapping, Sequence

from gallery.errors import RenderError
from gallery.render.figures.axes import FONT_PT, WIDER
from gallery.render.figures.canvas import Drawing, Item, Path, Text
from gallery.render.figures.colormap import DIVERGING, table
from gallery.render.figures.helvetica import text_width
from gallery.render.figures.svg import inline_svg

_CELL_PT, _GAP_PT, _NUMBER_PT, _PAD_PT = 21.0, 1.0, 7.5, 5.0
_LEVELS = 20
"""Colours on either side of zero."""


def triangle(
    labels: Sequence[str], values: Mapping[tuple[int, int], float | None], *, prefix: str, title: str
) -> tuple[str, float]:
    """Return a drawing of all pairs, and its natural width in points.

    Args:
        labels: At least two.
        values: (i, j) with i < j -> number in [-1, 1], or None where there is none.
        prefix: Begins every id: letters, digits, "-" and "_"; unique on its page.
        title: Accessible name.

    Raises:
        RenderError: If there are fewer than two labels, a pair is missing or a number is out of range.
    """
    pairs = [(i, j) for j in range(len(labels)) for i in range(j)]
    known = {pair: value for pair in pairs if (value := values.get(pair)) is not None}
    if not pairs or set(values) != set(pairs) or any(not -1 <= value <= 1 for value in known.values()):
        raise RenderError("A triangle needs every pair of two or more labels, from -1 to 1.")
    by_colour: dict[str, list[tuple[int, int]]] = {}
    for pair, value in known.items():
        by_colour.setdefault(fill_of(value), []).append(pair)
    items: list[Item] = [
        Path(tuple(_square(*pair) for pair in by_colour[fill]), closed=True, fill=fill)
        for fill in sorted(by_colour)
    ]
    for i, j in pairs:
        text = short(values[i, j])
        ink = ink_on(fill_of(known[i, j])) if (i, j) in known else "ink"
        x, y = (i + 0.5) * _CELL_PT, (j + 0.5) * _CELL_PT + 2.7
        items.append(Text(x, y, text, _NUMBER_PT, "middle", colour=ink))
    for i, label in enumerate(labels):
        items.append(Text(i * _CELL_PT + _PAD_PT, (i + 0.5) * _CELL_PT + 3, label, FONT_PT))
    width = max(i * _CELL_PT + _PAD_PT + text_width(label, FONT_PT) * WIDER for i, label in enumerate(labels))
    drawing = Drawing(width, len(labels) * _CELL_PT, items, title, _describe(labels, known))
    return inline_svg(drawing, prefix=prefix, css="matrix"), width


def short(value: float | None) -> str:
    """Return a number as it stands in a cell: ".73", "1", a dash if there is none."""
    if value is None:
        return "\N{EN DASH}"
    text = f"{abs(value):.2f}"
    sign = "\N{MINUS SIGN}" if value < 0 and float(text) else ""
    return sign + ("1" if text == "1.00" else text.removeprefix("0"))


def fill_of(value: float) -> str:
    """Return the colour of a cell."""
    level = round(value * _LEVELS) / _LEVELS
    return "#" + bytes(table(DIVERGING)[round((level + 1) / 2 * 255)]).hex()


def ink_on(fill: str) -> str:
    """Return black or white, whichever is easier to read on a colour."""
    return "#000000" if luminance(fill) > 0.179 else "#ffffff"


def luminance(colour: str) -> float:
    """Return the relative luminance of ``#rrggbb`` as WCAG 2 defines it, 0 to 1."""
    shares = [part / 255 for part in bytes.fromhex(colour.removeprefix("#"))]
    linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _square(i: int, j: int) -> tuple[tuple[float, float], ...]:
    x, y, side = i * _CELL_PT, j * _CELL_PT, _CELL_PT - _GAP_PT
    return ((x, y), (x + side, y), (x + side, y + side), (x, y + side))


def _describe(labels: Sequence[str], known: Mapping[tuple[int, int], float]) -> str:
    if not known:
        return f"No numbers for the pairs of {', '.join(labels)}."
    ordered = sorted(known, key=lambda pair: (known[pair], pair))
    low, high = ordered[0], ordered[-1]
    return (
        f"{len(known)} pairs of {len(labels)} methods. Least alike: {labels[low[0]]} and {labels[low[1]]}, "
        f"{known[low]:.2f}; most alike: {labels[high[0]]} and {labels[high[1]]}, {known[high]:.2f}."
    )
