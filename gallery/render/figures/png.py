"""Drawings as PNG files: the raster twin of ``pdf`` and ``svg``, for slides and word processors.

Everything is drawn at twice the resolution, where a pixel belongs to the shape that holds its centre, and
then reduced, which smooths every edge alike. Text is set in Pillow's own typeface, so that a file looks the
same wherever it is made; that face has little beyond ASCII, and a character outside it is set as its base
letter or "?", as in ``pdf``; the metadata keeps the original.
"""

import unicodedata
from collections.abc import Iterable
from functools import cache
from io import BytesIO
from math import ceil, floor
from typing import assert_never

from PIL import Image, ImageDraw, ImageFont

from gallery.errors import RenderError
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
)
from gallery.render.figures.metadata import png_info
from gallery.render.figures.patches import Point
from gallery.render.figures.raster import Runs, dashed, flat, inside, stroked

# Beyond these, viewers and word processors become slow: larger drawings get fewer dots per inch instead.
MAX_SIDE_PX = 6000
MAX_PIXELS = 8_000_000
_FINER = 2
_ANCHORS = {"start": "ls", "middle": "ms", "end": "rs"}
# Pillow's typeface has one weight: bold is drawn with a stroke of this share of the size around each letter.
_BOLD = 0.022
_SUBSTITUTES = {"\u2212": "-", "\u2013": "-", "\u2014": "-", "\u2192": ">", "\u2190": "<", "\u00d7": "x"} | {
    "\u2265": ">=",
    "\u2264": "<=",
}
_GROUND = (255, 255, 255)


def png_file(drawing: Drawing, *, dpi: int = 300) -> bytes:
    """Return a drawing as a PNG on a white ground, with its provenance as XMP and in text chunks.

    Args:
        drawing: What to draw.
        dpi: Dots per inch wanted. A drawing that would exceed ``MAX_SIDE_PX`` or ``MAX_PIXELS`` gets fewer;
            the file always says how many it has.

    Raises:
        RenderError: If the drawing has no area or ``dpi`` is not positive.
    """
    if dpi <= 0 or drawing.width <= 0 or drawing.height <= 0:
        raise RenderError(
            f"A drawing of {drawing.width:g} by {drawing.height:g} points at {dpi} dpi has no pixels; "
            "all three numbers must be positive."
        )
    scale = min(
        dpi / 72,
        MAX_SIDE_PX / max(drawing.width, drawing.height),
        (MAX_PIXELS / (drawing.width * drawing.height)) ** 0.5,
    )
    size = (max(1, floor(drawing.width * scale + 0.5)), max(1, floor(drawing.height * scale + 0.5)))
    painter = _Painter(size, scale * _FINER)
    painter.items(drawing.items)
    info = png_info(drawing.title, drawing.description, drawing.facts)
    buffer = BytesIO()
    painter.reduced().save(buffer, "PNG", dpi=(scale * 72, scale * 72), pnginfo=info, compress_level=4)
    return buffer.getvalue()


class _Painter:
    """Paints items on a sheet ``_FINER`` times as fine as the file, ``scale`` pixels to the point."""

    def __init__(self, size: tuple[int, int], scale: float) -> None:
        self._scale = scale
        self._sheet = Image.new("RGB", (size[0] * _FINER, size[1] * _FINER), _GROUND)
        self._draw = ImageDraw.Draw(self._sheet)
        self._pictures: dict[tuple[bytes, tuple[int, int], bool], Image.Image] = {}

    def reduced(self) -> Image.Image:
        """Return the sheet in the resolution of the file."""
        # Plain means: as smooth as sharper filters here, several times as fast, and no halo around letters.
        return self._sheet.reduce(_FINER)

    def items(self, items: Iterable[Item]) -> None:
        """Paint items in order."""
        for item in items:
            match item:
                case Text():
                    self._text(item)
                case Box():
                    self._box(item)
                case Path():
                    self._path(item)
                case Picture():
                    self._picture(item)
                case Group():
                    self.items(item.items)
                case _:
                    assert_never(item)

    def _text(self, text: Text) -> None:
        size = text.size * self._scale
        font = ImageFont.load_default(size)
        shown, anchor, colour = _settable(text.text), _ANCHORS[text.anchor], _rgb(text.colour)
        stroke = max(1, round(size * _BOLD)) if text.bold else 0
        x, y = text.x * self._scale, text.y * self._scale
        if not text.turned:
            self._draw.text((x, y), shown, colour, font, anchor, stroke_width=stroke)
            return
        # The baseline through the middle of a square that holds the line whichever anchor it has.
        reach = ceil(font.getlength(shown) + 2 * size)
        mask = Image.new("L", (2 * reach, 2 * reach))
        ImageDraw.Draw(mask).text((reach, reach), shown, 255, font, anchor, stroke_width=stroke)
        turned = mask.transpose(Image.Transpose.ROTATE_90)
        self._sheet.paste(colour, (round(x) - reach, round(y) - reach), turned)

    def _box(self, box: Box) -> None:
        stroked = box.stroke != NONE
        grown = box.line / 2 if stroked else 0.0
        left, top = self._pixel(box.x - grown), self._pixel(box.y - grown)
        right = self._pixel(box.x + box.width + grown) - 1
        bottom = self._pixel(box.y + box.height + grown) - 1
        if min(box.width, box.height) <= 0 or right < left or bottom < top:
            return
        radius = min(box.radius, box.width / 2, box.height / 2)
        self._draw.rounded_rectangle(
            (left, top, right, bottom),
            (radius + grown) * self._scale if radius else 0,
            fill=None if box.fill == NONE else _rgb(box.fill),
            outline=_rgb(box.stroke) if stroked else None,
            width=max(1, round(box.line * self._scale)) if stroked else 0,
        )

    def _path(self, path: Path) -> None:
        runs = tuple(self._scaled(flat(run) if path.curved else run) for run in path.points)
        if path.fill != NONE:
            self._fill(runs, _rgb(path.fill))
        if path.stroke == NONE:
            return
        dash = tuple(length * self._scale for length in path.dash)
        lines = [(*run, run[0]) if path.closed and run[0] != run[-1] else run for run in runs]
        half = path.line * self._scale / 2
        if sum(dash) > 0:
            lines = [piece for line in lines for piece in dashed(line, dash)]
        shapes = [stroked(line, half, closed=path.closed and not sum(dash)) for line in lines]
        self._fill(tuple(loop for loops in shapes for loop in loops), _rgb(path.stroke))

    def _fill(self, loops: Runs, colour: tuple[int, ...]) -> None:
        if loops:
            corner, mask = inside(loops)
            self._sheet.paste(colour, corner, mask)

    def _picture(self, picture: Picture) -> None:
        left, top = self._pixel(picture.x), self._pixel(picture.y)
        size = (
            self._pixel(picture.x + picture.width) - left,
            self._pixel(picture.y + picture.height) - top,
        )
        if picture.clip == () or min(size) <= 0:
            return
        key = (picture.data, size, picture.smooth)
        if key not in self._pictures:
            self._pictures[key] = _stretched(*key)
        mask = Image.new("L", size, 255)
        if picture.clip is not None:
            (x, y), shape = inside(tuple(self._scaled(loop) for loop in picture.clip))
            mask = Image.new("L", size)
            mask.paste(shape, (x - left, y - top))
        if picture.opacity != 1:
            mask = mask.point(lambda value: round(value * picture.opacity))
        self._sheet.paste(self._pictures[key], (left, top), mask)

    def _scaled(self, run: tuple[Point, ...]) -> tuple[Point, ...]:
        return tuple((x * self._scale, y * self._scale) for x, y in run)

    def _pixel(self, points: float) -> int:
        """Return the first pixel whose centre is not before a coordinate."""
        return ceil(points * self._scale - 0.5)


def _stretched(data: bytes, size: tuple[int, int], smooth: bool) -> Image.Image:
    """Return a picture in ``size`` pixels."""
    with Image.open(BytesIO(data)) as image:
        rule = Image.Resampling.BICUBIC if smooth else Image.Resampling.NEAREST
        return image.convert("RGB").resize(size, rule)


def _rgb(colour: str) -> tuple[int, ...]:
    return (0, 0, 0) if colour == INK else tuple(bytes.fromhex(colour.removeprefix("#")))


def _settable(text: str) -> str:
    """Return ``text`` in the repertoire of Pillow's typeface, see the module's docstring."""
    return "".join(_glyphs(character) for character in unicodedata.normalize("NFC", text))


@cache
def _glyphs(character: str) -> str:
    if _is_drawn(character):
        return character
    base = _SUBSTITUTES.get(character) or "".join(
        c for c in unicodedata.normalize("NFKD", character) if not unicodedata.combining(c)
    )
    return base if base and all(_is_drawn(c) for c in base) else "?"


@cache
def _is_drawn(character: str) -> bool:
    """Return whether Pillow's typeface has a character: all that it lacks share one shape."""
    font = ImageFont.load_default(32)
    return character == " " or (
        character.isprintable() and bytes(font.getmask(character)) != bytes(font.getmask("\uffff"))
    )
