"""Cards that social networks and chat programs show for a link (Open Graph): 1200 x 630 PNG."""

import zlib
from collections.abc import Mapping, Sequence
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

from gallery.errors import RenderError
from gallery.records import UInt8
from gallery.render.figures.heat import require_view
from gallery.render.figures.metadata import CREATOR, png_info

_SIZE = (1200, 630)
_MARGIN = 48
_GAP = 24
_PICTURE_TOP = 176
_GROUND, _INK, _SOFT = (22, 27, 38), (255, 255, 255), (176, 187, 204)
_MAX_PICTURES = 3
_CAPTION_PX = 24


def social_card(
    view: UInt8, overlays: Sequence[tuple[str, UInt8]], *, title: str, subtitle: str, facts: Mapping[str, str]
) -> bytes:
    """Return a card with the photograph and at most two overlays side by side under a title.

    Args:
        view: (H, W, 3) uint8 photograph.
        overlays: Caption and (H, W, 3) uint8 picture of each heatmap; the first two are shown.
        title: Large, one line; shortened if too long.
        subtitle: Small, one line; shortened if too long.
        facts: Provenance by name, for the file's metadata.

    Raises:
        ShapeError: If a picture is not (H, W, 3) uint8.
        RenderError: If the title is empty.
    """
    if not title.strip():
        raise RenderError("A social card needs a title.")
    card = Image.new("RGB", _SIZE, _GROUND)
    draw = ImageDraw.Draw(card)
    width = _SIZE[0] - 2 * _MARGIN
    _line(draw, (_MARGIN, 40), title, 54, _INK, width)
    _line(draw, (_MARGIN, 112), subtitle, 30, _SOFT, width)
    pictures = [("Photograph", view), *overlays][:_MAX_PICTURES]
    room = (width - _GAP * (_MAX_PICTURES - 1)) // _MAX_PICTURES
    tall = _SIZE[1] - _PICTURE_TOP - 84
    x = _MARGIN
    for caption, pixels in pictures:
        require_view(pixels)
        factor = min(room / pixels.shape[1], tall / pixels.shape[0])
        size = (round(pixels.shape[1] * factor), round(pixels.shape[0] * factor))
        card.paste(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS), (x, _PICTURE_TOP))
        _line(draw, (x, _PICTURE_TOP + size[1] + 10), caption, _CAPTION_PX, _SOFT, room)
        x += size[0] + _GAP
    _line(draw, (_MARGIN, _SIZE[1] - 40), CREATOR, 22, _SOFT, width)
    buffer = BytesIO()
    # A palette of 256 colours would band the heatmaps; plain compression keeps the card under 1 MB.
    card.save(buffer, "PNG", pnginfo=png_info(title, subtitle, facts), compress_type=zlib.Z_RLE)
    return buffer.getvalue()


def _line(
    draw: ImageDraw.ImageDraw,
    at: tuple[int, int],
    text: str,
    size: int,
    colour: tuple[int, int, int],
    width: int,
) -> None:
    """Write one line in Pillow's own typeface, ended with dots where it would exceed ``width`` pixels."""
    font = ImageFont.load_default(size)
    shown = " ".join(text.split())
    if draw.textlength(shown, font) > width:
        while shown and draw.textlength(shown + "...", font) > width:
            shown = shown[:-1]
        shown = shown.rstrip() + "..."
    draw.text(at, shown, fill=colour, font=font)
