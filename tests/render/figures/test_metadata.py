"""What a figure's file says about itself, read back from the file."""

import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from io import BytesIO
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from PIL import Image

from gallery.records import Float32, MaskModel, UInt8
from gallery.render.figures.canvas import Drawing, Text
from gallery.render.figures.metadata import FACTS, PNG_XMP, rdf, xmp
from gallery.render.figures.partition import Partition
from gallery.render.figures.pdf import pdf_file
from gallery.render.figures.photo import mse_picture, removed_picture
from gallery.render.figures.png import png_file
from gallery.render.figures.printing import Provenance, overlay_pdf, overlay_png, overlay_svg
from gallery.render.figures.social import social_card
from gallery.render.figures.svg import svg_file

RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
DC = "{http://purl.org/dc/elements/1.1/}"
EG = f"{{{FACTS}}}"
HOSTILE = "</rdf:RDF><script>alert(1)</script> ]]> & \"q\" 'q' {{7}} \u202eabc \U0001f408 \x0c end"
FACTS_GIVEN = {
    "image": "tom",
    "credit": HOSTILE,
    "classifier digest": "ab" * 32,
    "options": "n = 4, layer = automatic",
    "permalink": "https://example.org/i/tom.html",
    "source": "package:x/y.png",
    "gallery": "A & B, version 1.0",
    "authors": "Curie, Ada; Group",
    "software": "Explanation Gallery 9",
}


def _of_svg(data: bytes) -> ET.Element:
    found = ET.fromstring(data).find(f".//{RDF}RDF")
    assert found is not None
    return found


def _packet(data: bytes) -> ET.Element:
    start, end = data.index(b"<x:xmpmeta"), data.index(b"</x:xmpmeta>")
    found = ET.fromstring(data[start : end + len(b"</x:xmpmeta>")]).find(f"{RDF}RDF")
    assert found is not None
    return found


def _of_png(data: bytes) -> ET.Element:
    with Image.open(BytesIO(data)) as image:
        return _packet(str(image.info[PNG_XMP]).encode())


READERS: dict[str, Callable[[bytes], ET.Element]] = {"svg": _of_svg, "pdf": _packet, "png": _of_png}


def _said(statements: ET.Element, name: str) -> str:
    element = statements.find(f"{RDF}Description/{name}")
    assert element is not None, name
    return "".join(element.itertext())


@pytest.mark.parametrize("kind", READERS)
def test_every_format_says_the_same_and_hostile_text_stays_text(kind: str) -> None:
    drawing = Drawing(60, 40, [Text(1, 10, "a")], HOSTILE, "What it shows.", FACTS_GIVEN)
    data = {"svg": svg_file, "pdf": pdf_file, "png": png_file}[kind](drawing)
    said = READERS[kind](data)
    kept = HOSTILE.replace("\x0c", "").replace("\u202e", "")
    assert _said(said, f"{DC}title") == kept
    assert _said(said, f"{DC}rights") == kept
    assert _said(said, f"{DC}creator") == "Curie, Ada; Group"
    assert _said(said, f"{DC}identifier") == "https://example.org/i/tom.html"
    assert _said(said, f"{DC}source") == "package:x/y.png"
    assert _said(said, f"{DC}publisher") == "A & B, version 1.0"
    assert _said(said, f"{EG}classifierDigest") == "ab" * 32
    assert _said(said, f"{EG}options") == "n = 4, layer = automatic"
    assert said.find(".//script") is None


@pytest.mark.parametrize("kind", READERS)
def test_a_heatmaps_files_carry_its_provenance(
    kind: str, view: UInt8, heat: Float32, provenance: Provenance
) -> None:
    about = replace(provenance, more={"options": "layer = automatic", "permalink": "https://example.org/x"})
    draw = {"svg": overlay_svg, "pdf": overlay_pdf, "png": overlay_png}[kind]
    data = draw(view, heat, about)
    said = READERS[kind](data)
    assert _said(said, f"{DC}title") == about.heading
    assert _said(said, f"{EG}method") == "Grad-CAM"
    assert _said(said, f"{EG}image") == "tom"
    assert _said(said, f"{EG}options") == "layer = automatic"
    assert _said(said, f"{DC}rights") == "Zo\u00eb, CC0-1.0"
    assert data == draw(view, heat, about)
    assert not re.search(rb"(Create|Modify|Metadata)Date|CreationDate|ModDate", data)


def test_the_card_for_networks_says_where_it_comes_from(view: UInt8) -> None:
    said = _of_png(social_card(view, [], title="Tom", subtitle="cat, p = 0.9", facts=FACTS_GIVEN))
    assert _said(said, f"{DC}title") == "Tom"
    assert _said(said, f"{DC}description") == "cat, p = 0.9"
    assert _said(said, f"{EG}image") == "tom"


@pytest.mark.parametrize("draw", [mse_picture, partial(removed_picture, np.zeros((4, 4, 3), np.uint8))])
def test_pictures_of_patches_carry_a_packet_and_the_same_pixels(
    draw: Callable[..., bytes], view: UInt8
) -> None:
    def picture(about: str) -> Image.Image:
        return Image.open(BytesIO(draw(view, 0b11, Partition(MaskModel(3, 4)), about=about)))

    said, plain = picture(xmp("MSE 1", "Two patches.", FACTS_GIVEN)), picture("")
    assert said.tobytes() == plain.tobytes()
    assert _said(_packet(said.info["xmp"]), f"{EG}image") == "tom"
    assert "xmp" not in plain.info


def test_a_pngs_text_chunks_name_author_rights_and_address() -> None:
    data = png_file(Drawing(60, 40, [], "t", "d", FACTS_GIVEN))
    with Image.open(BytesIO(data)) as image:
        assert image.info["Author"] == "Curie, Ada; Group"
        assert image.info["Source"] == "https://example.org/i/tom.html"
        assert image.info["Software"] == "Explanation Gallery 9"
        assert image.info["Copyright"] == HOSTILE


def test_names_of_facts_become_xml_names_and_empty_facts_are_left_out() -> None:
    text = rdf("t", "", {"colour map": "cividis", "left-out": "", "mask model": "7 x 7"})
    assert "<eg:colourMap>cividis</eg:colourMap>" in text
    assert "<eg:maskModel>7 x 7</eg:maskModel>" in text
    assert "leftOut" not in text
    assert "dc:description" not in text
