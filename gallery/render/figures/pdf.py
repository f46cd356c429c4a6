"""Drawings as one-page PDF files: vector text and lines, JPEGs as they are, no dates, the same bytes always.

A small writer rather than a library: Pillow's PDFs hold no vector text and carry the time of day, and dot's
(through cairo) decode every JPEG. Text is set in Helvetica, see there for its characters; the metadata keeps
the original ones.
"""

import zlib
from collections.abc import Iterable, Mapping
from io import BytesIO
from typing import assert_never

from PIL import Image

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
)
from gallery.render.figures.helvetica import encodable, text_width
from gallery.render.figures.metadata import CREATOR, facts_text, xmp
from gallery.render.figures.patches import Point

# A quarter circle as a Bezier curve: distance of its controls from the corner, as a share of the radius.
_CORNER = 1 - 0.5522847498


def pdf_file(drawing: Drawing) -> bytes:
    """Return a drawing as a PDF 1.4 file with its provenance as XMP and in the document information."""
    writer = _Writer(drawing.height)
    content = writer.items(drawing.items)
    return writer.file(drawing, content)


class _Writer:
    """Collects the page's images and opacities while the content is written."""

    def __init__(self, height: float) -> None:
        self._height = height
        self._images: dict[tuple[bytes, bool], str] = {}
        self._opacities: dict[str, str] = {}

    def items(self, items: Iterable[Item]) -> str:
        """Return the content stream of all items."""
        return "\n".join(self._item(item) for item in items)

    def _item(self, item: Item) -> str:
        match item:
            case Text():
                return self._text(item)
            case Box():
                return self._box(item)
            case Path():
                return self._path(item)
            case Picture():
                return self._picture(item)
            case Group():
                return self.items(item.items)
            case _:
                assert_never(item)

    def _text(self, text: Text) -> str:
        width = text_width(text.text, text.size, bold=text.bold)
        back = {"start": 0.0, "middle": width / 2, "end": width}[text.anchor]
        if text.turned:
            matrix = f"0 1 -1 0 {number(text.x)} {number(self._height - text.y - back)}"
        else:
            matrix = f"1 0 0 1 {number(text.x - back)} {number(self._height - text.y)}"
        font = "F2" if text.bold else "F1"
        encoded = encodable(text.text).encode("cp1252").hex()
        return f"BT {_rgb(text.colour)} rg /{font} {number(text.size)} Tf {matrix} Tm <{encoded}> Tj ET"

    def _box(self, box: Box) -> str:
        x, y = box.x, self._height - box.y - box.height
        right, top, radius = x + box.width, y + box.height, min(box.radius, box.width / 2, box.height / 2)
        if not radius:
            shape = f"{number(x)} {number(y)} {number(box.width)} {number(box.height)} re"
        else:
            near = radius * _CORNER
            corners = (
                ("m", ((x + radius, y),)),
                ("l", ((right - radius, y),)),
                ("c", ((right - near, y), (right, y + near), (right, y + radius))),
                ("l", ((right, top - radius),)),
                ("c", ((right, top - near), (right - near, top), (right - radius, top))),
                ("l", ((x + radius, top),)),
                ("c", ((x + near, top), (x, top - near), (x, top - radius))),
                ("l", ((x, y + radius),)),
                ("c", ((x, y + near), (x + near, y), (x + radius, y))),
            )
            shape = " ".join(
                " ".join(f"{number(a)} {number(b)}" for a, b in at) + f" {op}" for op, at in corners
            )
            shape += " h"
        return _painted(shape, box.fill, box.stroke, box.line, ())

    def _path(self, path: Path) -> str:
        shape = self._shape(path.points, curved=path.curved, closed=path.closed)
        return _painted(shape, path.fill, path.stroke, path.line, path.dash)

    def _shape(self, runs: tuple[tuple[Point, ...], ...], *, curved: bool, closed: bool) -> str:
        shape = []
        for run in runs:
            at = [f"{number(x)} {number(self._height - y)}" for x, y in run]
            shape.append(f"{at[0]} m")
            if curved:
                shape += [f"{' '.join(at[i : i + 3])} c" for i in range(1, len(at) - 2, 3)]
            else:
                shape += [f"{point} l" for point in at[1:]]
            if closed:
                shape.append("h")
        return " ".join(shape)

    def _picture(self, picture: Picture) -> str:
        key = (picture.data, picture.smooth)
        name = self._images.setdefault(key, f"Im{len(self._images)}")
        if picture.clip == ():
            return ""
        look = ""
        if picture.opacity != 1:
            look = f"/{self._opacities.setdefault(number(picture.opacity), f'G{len(self._opacities)}')} gs "
        clip = f"{self._shape(picture.clip, curved=False, closed=True)} W n " if picture.clip else ""
        place = (
            f"{number(picture.width)} 0 0 {number(picture.height)} "
            f"{number(picture.x)} {number(self._height - picture.y - picture.height)} cm"
        )
        return f"q {clip}{look}{place} /{name} Do Q"

    def file(self, drawing: Drawing, content: str) -> bytes:
        """Return the whole file: catalogue, page, fonts, images, content and document information."""
        objects: list[bytes] = [
            b"",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            b"",
        ]
        fonts = []
        for name, face in (("F1", "Helvetica"), ("F2", "Helvetica-Bold")):
            objects.append(
                f"<< /Type /Font /Subtype /Type1 /BaseFont /{face} /Encoding /WinAnsiEncoding >>".encode()
            )
            fonts.append(f"/{name} {len(objects)} 0 R")
        images = []
        for (data, smooth), name in self._images.items():
            objects.append(_image_object(data, smooth=smooth))
            images.append(f"/{name} {len(objects)} 0 R")
        states = [f"/{name} << /ca {value} >>" for value, name in self._opacities.items()]
        objects.append(_stream({}, zlib.compress(content.encode("ascii"), 9), "/FlateDecode"))
        objects[2] = (
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {number(drawing.width)} {number(drawing.height)}] "
            f"/Resources << /Font << {' '.join(fonts)} >> /XObject << {' '.join(images)} >> "
            f"/ExtGState << {' '.join(states)} >> >> /Contents {len(objects)} 0 R "
            "/Group << /S /Transparency /CS /DeviceRGB >> >>"
        ).encode()
        objects.append(_metadata_stream(drawing))
        objects[0] = f"<< /Type /Catalog /Pages 2 0 R /Metadata {len(objects)} 0 R >>".encode()
        return _assemble(objects, _information(drawing))


def _information(drawing: Drawing) -> bytes:
    """Return the document information, which older programs read instead of the XMP packet."""
    info = {
        "Title": drawing.title,
        "Author": drawing.facts.get("authors", ""),
        "Creator": drawing.facts.get("software") or CREATOR,
        "Subject": drawing.description,
        "Keywords": facts_text(drawing.facts),
    }
    entries = " ".join(f"/{name} {_info_text(text)}" for name, text in info.items() if text)
    return f"<< {entries} >>".encode()


def _assemble(objects: list[bytes], information: bytes) -> bytes:
    """Return objects, numbered from 1, as a file with header, cross-references and trailer."""
    objects = [*objects, information]
    out = BytesIO()
    out.write(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for index, body in enumerate(objects, start=1):
        offsets.append(out.tell())
        out.write(b"%d 0 obj\n%s\nendobj\n" % (index, body))
    start = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    out.write(b"".join(b"%010d 00000 n \n" % offset for offset in offsets))
    out.write(b"trailer\n<< /Size %d /Root 1 0 R /Info %d 0 R >>\n" % (len(objects) + 1, len(objects)))
    out.write(b"startxref\n%d\n%%%%EOF\n" % start)
    return out.getvalue()


def _image_object(data: bytes, *, smooth: bool) -> bytes:
    """Return an image XObject: a JPEG as it is, a PNG as (indexed) pixels."""
    with Image.open(BytesIO(data)) as image:
        entries = {
            "Type": "/XObject",
            "Subtype": "/Image",
            "Width": str(image.width),
            "Height": str(image.height),
            "BitsPerComponent": "8",
            "Interpolate": "true" if smooth else "false",
        }
        if is_jpeg(data):
            entries["ColorSpace"] = "/DeviceGray" if image.mode == "L" else "/DeviceRGB"
            return _stream(entries, data, "/DCTDecode")
        if image.mode == "P":
            palette = bytes(image.getpalette() or [])
            entries["ColorSpace"] = f"[/Indexed /DeviceRGB {len(palette) // 3 - 1} <{palette.hex()}>]"
            return _stream(entries, zlib.compress(image.tobytes(), 9), "/FlateDecode")
        entries["ColorSpace"] = "/DeviceRGB"
        return _stream(entries, zlib.compress(image.convert("RGB").tobytes(), 9), "/FlateDecode")


def _metadata_stream(drawing: Drawing) -> bytes:
    """Return the XMP packet as a stream; as it is, so that programs find it without reading the PDF."""
    packet = xmp(drawing.title, drawing.description, drawing.facts).encode()
    head = f"<< /Type /Metadata /Subtype /XML /Length {len(packet)} >>\nstream\n"
    return head.encode("ascii") + packet + b"\nendstream"


def _stream(entries: Mapping[str, str], data: bytes, encoding: str) -> bytes:
    described = "".join(f"/{name} {value} " for name, value in entries.items())
    head = f"<< {described}/Filter {encoding} /Length {len(data)} >>\nstream\n"
    return head.encode("ascii") + data + b"\nendstream"


def _painted(shape: str, fill: str, stroke: str, line: float, dash: tuple[float, ...]) -> str:
    if fill == NONE and stroke == NONE:
        return ""
    setup = "" if fill == NONE else f"{_rgb(fill)} rg "
    if stroke != NONE:
        setup += f"{_rgb(stroke)} RG {number(line)} w 1 j [{' '.join(number(v) for v in dash)}] 0 d "
    operator = "B" if fill != NONE and stroke != NONE else "f" if fill != NONE else "S"
    return f"{setup}{shape} {operator}"


def _rgb(colour: str) -> str:
    if colour == INK:
        return "0 0 0"
    return " ".join(f"{channel / 255:.3f}" for channel in bytes.fromhex(colour.removeprefix("#")))


def _info_text(text: str) -> str:
    """Return a document information string: UTF-16 with byte order mark, in hexadecimal."""
    encoded = text.encode("utf-16-be", "replace")
    return f"<{(bytes((0xFE, 0xFF)) + encoded).hex()}>"
