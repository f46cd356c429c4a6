"""Drawings as SVG: inline in a page (colours follow the page's theme) or as a file of its own."""

from base64 import b64encode
from collections.abc import Callable, Iterable
from html import escape
from typing import assert_never

from gallery.render.figures.canvas import (
    INK,
    NONE,
    Box,
    Drawing,
    Group,
    Item,
    Path,
    Picture,
    Text,
    is_jpeg,
    number,
    place,
)
from gallery.render.figures.metadata import printable, rdf
from gallery.render.figures.patches import Point

Runs = tuple[tuple[Point, ...], ...]

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif"
PRINT_FONT = "Helvetica, Arial, 'Liberation Sans', sans-serif"


def inline_svg(drawing: Drawing, *, prefix: str, css: str) -> str:
    """Return a drawing for a page: no fixed size, ids prefixed, ``INK`` = the page's text colour.

    Args:
        drawing: What to draw.
        prefix: Begins every id, so that several drawings can stand on one page.
        css: Class names of the ``<svg>``.
    """
    prefix = prefix.rstrip("-")
    title_id, desc_id = f"{prefix}-title", f"{prefix}-desc"
    described = f" {desc_id}" if drawing.description else ""
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="{_attr(css)}" id="{_attr(prefix)}" role="img" '
        f'aria-labelledby="{_attr(title_id + described)}" '
        f'viewBox="0 0 {number(drawing.width)} {number(drawing.height)}" font-family="{FONT}" '
        f'fill="currentColor" text-anchor="middle">'
        f'<title id="{_attr(title_id)}">{_text(drawing.title)}</title>'
    )
    if drawing.description:
        head += f'<desc id="{_attr(desc_id)}">{_text(drawing.description)}</desc>'
    return head + _Writer(prefix).body(drawing.items) + "</svg>"


def svg_file(drawing: Drawing) -> bytes:
    """Return a drawing as an SVG file with its provenance as RDF, on a white ground."""
    width, height = number(drawing.width), number(drawing.height)
    head = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}pt" height="{height}pt" '
        f'viewBox="0 0 {width} {height}" font-family="{PRINT_FONT}" color="#000000" '
        'fill="currentColor" text-anchor="middle">\n'
        f"<title>{_text(drawing.title)}</title>\n<desc>{_text(drawing.description)}</desc>\n"
        f"<metadata>{rdf(drawing.title, drawing.description, drawing.facts)}</metadata>\n"
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>\n'
    )
    return (head + _Writer("f").body(drawing.items) + "</svg>\n").encode()


def loops_data(loops: Runs) -> str:
    """Return closed loops as SVG path data, to a hundredth of a unit."""
    return "".join(_run(loop, curved=False, written=number) + "z" for loop in loops)


class _Writer:
    """Writes items; collects each distinct picture once in ``<defs>`` when it is drawn more than once."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._images: dict[bytes, str] = {}
        self._shared: set[bytes] = set()
        self._n_clips = 0

    def body(self, items: Iterable[Item]) -> str:
        """Return the elements of all items, after the definitions they need."""
        drawn = list(items)
        uses: dict[bytes, int] = {}
        _count_pictures(drawn, uses)
        self._shared = {data for data, n in uses.items() if n > 1}
        body = "".join(self._item(item) for item in drawn)
        defs = "".join(
            f'<image id="{name}" width="1" height="1" preserveAspectRatio="none" href="{_data_uri(data)}"/>'
            for data, name in self._images.items()
        )
        return (f"<defs>{defs}</defs>" if defs else "") + body

    def _item(self, item: Item) -> str:
        match item:
            case Text():
                return _write_text(item)
            case Box():
                return _write_box(item)
            case Path():
                return _write_path(item)
            case Picture():
                return self._picture(item)
            case Group():
                return self._group(item)
            case _:
                assert_never(item)

    def _group(self, group: Group) -> str:
        attributes = f' id="{_attr(self._prefix)}-{_attr(group.id)}"' if group.id else ""
        attributes += _css(group.css)
        attributes += "".join(f' data-{_attr(key)}="{_attr(value)}"' for key, value in group.data.items())
        title = f"<title>{_text(group.title)}</title>" if group.title else ""
        return f"<g{attributes}>{title}{''.join(self._item(item) for item in group.items)}</g>"

    def _picture(self, picture: Picture) -> str:
        x, y, width, height = (place(v) for v in (picture.x, picture.y, picture.width, picture.height))
        look = "" if picture.opacity == 1 else f' opacity="{number(picture.opacity)}"'
        look += "" if picture.smooth else ' style="image-rendering:pixelated"'
        if picture.data in self._shared:
            name = self._images.setdefault(picture.data, f"{self._prefix}-img{len(self._images)}")
            drawn = f'<use href="#{name}" transform="translate({x} {y}) scale({width} {height})"{look}/>'
        else:
            drawn = (
                f'<image x="{x}" y="{y}" width="{width}" height="{height}" preserveAspectRatio="none"{look} '
                f'href="{_data_uri(picture.data)}"/>'
            )
        if picture.clip is None:
            return drawn
        clip_id = f"{self._prefix}-clip{self._n_clips}"
        self._n_clips += 1
        loops = "".join(_run(loop, curved=False) + "z" for loop in picture.clip)
        clip_path = f'<clipPath id="{clip_id}"><path d="{loops}"/></clipPath>'
        return f'{clip_path}<g clip-path="url(#{clip_id})">{drawn}</g>'


def _count_pictures(items: Iterable[Item], uses: dict[bytes, int]) -> None:
    for item in items:
        if isinstance(item, Group):
            _count_pictures(item.items, uses)
        elif isinstance(item, Picture):
            uses[item.data] = uses.get(item.data, 0) + 1


def _write_text(text: Text) -> str:
    # The <svg> sets the most frequent anchor for everything below it.
    anchor = "" if text.anchor == "middle" else f' text-anchor="{text.anchor}"'
    weight = ' font-weight="600"' if text.bold else ""
    x, y = place(text.x), place(text.y)
    turn = f' transform="rotate(-90 {x} {y})"' if text.turned else ""
    return (
        f'<text x="{x}" y="{y}" font-size="{number(text.size)}"{anchor}{weight}{turn}'
        f"{_fill(text.colour)}{_css(text.css)}>{_text(text.text)}</text>"
    )


def _write_box(box: Box) -> str:
    radius = f' rx="{number(box.radius)}"' if box.radius else ""
    return (
        f'<rect x="{place(box.x)}" y="{place(box.y)}" width="{place(box.width)}" '
        f'height="{place(box.height)}"{radius}{_paint(box.fill, box.stroke, box.line, ())}{_css(box.css)}/>'
    )


def _write_path(path: Path) -> str:
    data = "".join(_run(run, curved=path.curved) + ("z" if path.closed else "") for run in path.points)
    return f'<path d="{data}"{_paint(path.fill, path.stroke, path.line, path.dash)}{_css(path.css)}/>'


def _run(run: tuple[Point, ...], *, curved: bool, written: Callable[[float], str] = place) -> str:
    """Return one run of points as path data; horizontal and vertical lines take a single number."""
    (x, y), *rest = run
    data = f"M{written(x)} {written(y)}"
    if curved:
        return f"{data}C{' '.join(f'{written(a)} {written(b)}' for a, b in rest)}"
    for to_x, to_y in rest:
        if to_y == y:
            data += f"H{written(to_x)}"
        elif to_x == x:
            data += f"V{written(to_y)}"
        else:
            data += f"L{written(to_x)} {written(to_y)}"
        x, y = to_x, to_y
    return data


def _paint(fill: str, stroke: str, line: float, dash: tuple[float, ...]) -> str:
    paint = _fill(fill)
    if stroke != NONE:
        paint += f' stroke="{_colour(stroke)}" stroke-width="{number(line)}"'
        if dash:
            paint += f' stroke-dasharray="{" ".join(number(v) for v in dash)}"'
    return paint


def _fill(colour: str) -> str:
    # The <svg> sets the text colour for everything below it.
    return "" if colour == INK else f' fill="{_attr(colour)}"'


def _colour(colour: str) -> str:
    return "currentColor" if colour == INK else _attr(colour)


def _css(names: str) -> str:
    return f' class="{_attr(names)}"' if names else ""


def _data_uri(data: bytes) -> str:
    return f"data:image/{'jpeg' if is_jpeg(data) else 'png'};base64,{b64encode(data).decode()}"


def _text(text: str) -> str:
    return escape(printable(text), quote=False)


def _attr(text: str) -> str:
    return escape(printable(text), quote=True)
