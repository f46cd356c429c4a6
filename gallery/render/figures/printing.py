"""Heatmap overlays for print and slides: PNG, SVG and PDF with scale, caption and provenance."""

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gallery.records import UInt8
from gallery.render.figures.canvas import Anchor, Box, Drawing, Item, Path, Picture, Text
from gallery.render.figures.colormap import COLORMAPS, default_for, table
from gallery.render.figures.heat import colour, overlay, require_view
from gallery.render.figures.helvetica import text_width
from gallery.render.figures.metadata import png_info
from gallery.render.figures.pdf import pdf_file
from gallery.render.figures.photo import photo_jpeg
from gallery.render.figures.scale import Scaled, format_number
from gallery.render.figures.svg import svg_file

# 3.25 inches: the column of a two-column paper. 1200 pixels over 4 inches are 300 dpi.
_PICTURE_PT = 234.0
_MARGIN_PT = 9.0
_BAR_PT = 9.0
_PNG_PX = 1200
_DPI = 300


@dataclass(frozen=True)
class Provenance:
    """What a printed figure says about itself; plain text.

    Attributes:
        title: Title of the photograph.
        method: Heatmap method as printed, such as "Grad-CAM".
        image_id: Id of the photograph in the set.
        classifier: Classifier id, such as "embedded:efficientnet_lite0".
        class_name: The class explained.
        digest: SHA-256 of the classifier (architecture, weights, preprocessing).
        credit: Author and licence of the photograph, or "".
        more: Further facts for the file's metadata: source, options, gallery, address of the page.
    """

    title: str
    method: str
    image_id: str
    classifier: str
    class_name: str
    digest: str
    credit: str = ""
    more: Mapping[str, str] = field(default_factory=dict)

    @property
    def heading(self) -> str:
        """First line of the caption."""
        return f"{self.method}: {self.title}"

    @property
    def description(self) -> str:
        """What the figure shows, in words."""
        shown = f"{self.method} heatmap for class {self.class_name}"
        return f"{shown} over the photograph {self.title} ({self.image_id})."

    def facts(self, scaled: Scaled, colormap: str) -> dict[str, str]:
        """Return everything worth writing into the file, by name."""
        return {
            "image": self.image_id,
            "method": self.method,
            "class": self.class_name,
            "classifier": self.classifier,
            "classifier digest": self.digest,
            "scale": f"{scaled.low!r} to {scaled.high!r}, {scaled.rule}",
            "colour map": colormap,
            "credit": self.credit or "not stated",
            **self.more,
        }


def overlay_png(
    view: UInt8,
    values: NDArray[np.floating],
    provenance: Provenance,
    *,
    colormap: str | None = None,
    opacity: float = 0.5,
    signed: bool = False,
) -> bytes:
    """Return the overlay alone as a PNG of at least 1200 pixels at 300 dpi, with its provenance.

    Arguments and errors: see ``heat.overlay``.
    """
    require_view(view)
    factor = max(1.0, _PNG_PX / max(view.shape[:2]))
    size = (round(view.shape[1] * factor), round(view.shape[0] * factor))
    large = np.asarray(Image.fromarray(view).resize(size, Image.Resampling.BICUBIC))
    picture = overlay(large, values, colormap=colormap, opacity=opacity, signed=signed)
    _, scaled = colour(values, colormap=colormap, signed=signed)
    facts = provenance.facts(scaled, colormap or default_for(signed=signed))
    info = png_info(provenance.heading, provenance.description, facts)
    buffer = BytesIO()
    # Run lengths alone are as small as deflate's best on photographs, and several times faster.
    Image.fromarray(picture).save(buffer, "PNG", dpi=(_DPI, _DPI), pnginfo=info, compress_type=zlib.Z_RLE)
    return buffer.getvalue()


def overlay_svg(
    view: UInt8,
    values: NDArray[np.floating],
    provenance: Provenance,
    *,
    colormap: str | None = None,
    opacity: float = 0.5,
    signed: bool = False,
) -> bytes:
    """Return photograph, heat layer, colour bar with numbers and caption as an SVG file.

    The heat layer is a picture of its own with its own opacity, so that editors can change both.
    Arguments and errors: see ``heat.overlay``.
    """
    return svg_file(figure(view, values, provenance, colormap=colormap, opacity=opacity, signed=signed))


def overlay_pdf(
    view: UInt8,
    values: NDArray[np.floating],
    provenance: Provenance,
    *,
    colormap: str | None = None,
    opacity: float = 0.5,
    signed: bool = False,
) -> bytes:
    """Return photograph, heat layer, colour bar with numbers and caption as a PDF file with vector text.

    Arguments and errors: see ``heat.overlay``.
    """
    return pdf_file(figure(view, values, provenance, colormap=colormap, opacity=opacity, signed=signed))


def figure(
    view: UInt8,
    values: NDArray[np.floating],
    provenance: Provenance,
    *,
    colormap: str | None,
    opacity: float,
    signed: bool,
) -> Drawing:
    """Lay out the printed figure of one heatmap; arguments and errors: see ``heat.overlay``."""
    require_view(view)
    name = colormap or default_for(signed=signed)
    _, scaled = colour(values, colormap=name, signed=signed)
    height = _PICTURE_PT * view.shape[0] / view.shape[1]
    place = (_MARGIN_PT, _MARGIN_PT, _PICTURE_PT, height)
    items: list[Item] = [
        Picture(*place, photo_jpeg(view, 92)),
        Picture(*place, palette_png(scaled.values, name), opacity=opacity),
    ]
    bar_top = _MARGIN_PT + height + 8
    items += _colour_bar(bar_top, scaled, name)
    y = bar_top + _BAR_PT + 27
    items.append(Text(_MARGIN_PT, y, _fitted(provenance.heading, 9, bold=True), 9, bold=True))
    for line in _caption(provenance, scaled, name, opacity):
        y += 10
        items.append(Text(_MARGIN_PT, y, line, 7, colour="#404040"))
    return Drawing(
        width=_PICTURE_PT + 2 * _MARGIN_PT,
        height=y + _MARGIN_PT,
        items=items,
        title=provenance.heading,
        description=provenance.description,
        facts=provenance.facts(scaled, name),
    )


def _colour_bar(top: float, scaled: Scaled, name: str) -> Iterator[Item]:
    """Yield the colour bar with the raw values of its ends and its middle."""
    width = _PICTURE_PT
    strip = Image.fromarray(table(name)[None])
    buffer = BytesIO()
    strip.save(buffer, "PNG", optimize=True)
    yield Picture(_MARGIN_PT, top, width, _BAR_PT, buffer.getvalue())
    yield Box(_MARGIN_PT, top, width, _BAR_PT, stroke="#404040", line=0.5)
    if scaled.constant:
        label = f"constant map: {format_number(scaled.minimum)} everywhere"
        yield Text(_MARGIN_PT + width / 2, top + _BAR_PT + 10, label, 7, "middle")
        return
    ends: tuple[tuple[float, float, Anchor], ...] = (
        (0.0, scaled.low, "start"),
        (0.5, (scaled.low + scaled.high) / 2, "middle"),
        (1.0, scaled.high, "end"),
    )
    for share, value, anchor in ends:
        x = _MARGIN_PT + share * width
        yield Path((((x, top + _BAR_PT), (x, top + _BAR_PT + 2.5)),), stroke="#404040", line=0.5)
        yield Text(x, top + _BAR_PT + 10, format_number(value), 7, anchor)


def _caption(provenance: Provenance, scaled: Scaled, name: str, opacity: float) -> Iterator[str]:
    """Yield the caption's lines below its heading, each cut to the width of the figure."""
    raw_range = f"{format_number(scaled.minimum)} to {format_number(scaled.maximum)}"
    lines = [
        f"Class explained: {provenance.class_name}.",
        f"Classifier: {provenance.classifier} ({provenance.digest[:8]}).",
        f"Scale: {scaled.rule}; raw values {raw_range}.",
        f"Colours: {COLORMAPS[name].title}, {opacity * 100:.0f} % opaque. Image: {provenance.image_id}.",
    ]
    if provenance.credit:
        lines.append(f"Photograph: {provenance.credit}.")
    for line in lines:
        yield _fitted(line, 7)


def _fitted(text: str, size: float, *, bold: bool = False) -> str:
    """Return ``text``, ended with dots where it would run out of the figure; the metadata has all of it."""
    if text_width(text, size, bold=bold) <= _PICTURE_PT:
        return text
    while text and text_width(text + "...", size, bold=bold) > _PICTURE_PT:
        text = text[:-1]
    return text.rstrip() + "..."


def palette_png(values: NDArray[np.float32], name: str) -> bytes:
    """Return scaled values as a PNG with the colour map as palette: a third of an RGB file, and exact."""
    image = Image.fromarray(np.round(values * 255).astype(np.uint8))
    image.putpalette(table(name).tobytes())
    buffer = BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
