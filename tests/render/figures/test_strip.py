"""Comparison strips for papers and slides."""

import re
import subprocess
from dataclasses import replace
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from shutil import which
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from PIL import Image

from gallery.errors import RenderError
from gallery.records import Float32, UInt8
from gallery.render.figures.canvas import Item, Picture, Text
from gallery.render.figures.helvetica import text_width
from gallery.render.figures.pdf import pdf_file
from gallery.render.figures.png import png_file
from gallery.render.figures.strip import (
    COLUMN,
    FULL_WIDTH,
    SLIDE,
    SLIDE_DPI,
    Look,
    Panel,
    Words,
    strip,
    strip_drawing,
)
from gallery.render.figures.svg import svg_file

WORDS = Words("Tom <b> & Jerry", "cat, p = 0.9 (Net)", "Photograph: Ada")
LOOKS = {"full": FULL_WIDTH, "column": COLUMN, "slide": SLIDE}


def panels(view: UInt8, heat: Float32, n_maps: int = 6) -> list[Panel]:
    names = ["Grad-CAM", "SmoothGrad-CAM++", "RISE", "Attention-guided CAM", "MSE coverage", "I-GOS++"]
    maps = [Panel(names[i], view, values=heat * 10.0 ** (-3 * i), signed=bool(i % 2)) for i in range(n_maps)]
    return [
        Panel("Photograph", view, "a class of a name too long for a line, p = 0.9"),
        *maps,
        Panel("Patches", view, "4 of 49"),
    ]


def _texts(items: list[Item]) -> list[Text]:
    return [item for item in items if isinstance(item, Text)]


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
@pytest.mark.parametrize("n_maps", [0, 1, 3, 6])
def test_everything_lies_within_the_page_and_no_text_is_too_small(
    look: Look, n_maps: int, view: UInt8, heat: Float32
) -> None:
    items, (width, height) = strip(panels(view, heat, n_maps), look, WORDS)
    assert width == look.width
    assert height > 0
    for item in items:
        if isinstance(item, Text):
            length = text_width(item.text, item.size, bold=item.bold)
            left = item.x - {"start": 0.0, "middle": length / 2, "end": length}[item.anchor]
            assert item.size >= 7
            assert left >= -0.01
            assert left + length <= width + 0.01, item.text
            assert item.size * 0.7 <= item.y <= height
        elif isinstance(item, Picture):
            assert item.x >= -0.01
            assert item.x + item.width <= width + 0.01
            assert item.y + item.height <= height + 0.01


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
def test_numbers_at_the_ends_of_a_colour_bar_do_not_touch(look: Look, view: UInt8, heat: Float32) -> None:
    items, _ = strip(panels(view, heat), look, WORDS)
    texts = _texts(list(items))
    for left, right in pairwise(texts):
        if left.y == right.y and right.anchor == "end":
            assert left.x + text_width(left.text, left.size) < right.x - text_width(right.text, right.size)


def test_sizes_are_those_of_a_paper_and_of_a_slide(view: UInt8, heat: Float32) -> None:
    full, column, slide = (strip_drawing(panels(view, heat), look, WORDS, {}) for look in LOOKS.values())
    assert (full.width / 72, column.width / 72) == (6.875, 3.25)
    assert full.height < 2 * 72
    assert column.height < 4 * 72
    with Image.open(BytesIO(png_file(slide, dpi=SLIDE_DPI))) as image:
        assert image.size == (1920, 1080)
    with Image.open(BytesIO(png_file(full))) as image:
        assert image.width == pytest.approx(6.875 * 300, abs=1)
        assert round(image.info["dpi"][0]) == 300


def test_rows_are_filled_evenly_and_in_order(view: UInt8, heat: Float32) -> None:
    items, _ = strip(panels(view, heat, 3), COLUMN, WORDS)
    tops = [item.y for item in items if isinstance(item, Picture) and item.height > 20]
    assert len(set(tops)) == 2  # five panels: three and two, not four and one
    assert tops == sorted(tops)
    bold = [item.text for item in _texts(list(items)) if item.bold]
    assert bold[0] == "Photograph"
    assert bold[-1] == "Patches"


def test_raw_values_stand_at_the_colour_bar_and_signed_ones_are_symmetric(view: UInt8) -> None:
    values = np.array([[-2.0, 1.0]], dtype=np.float32)
    flat = np.zeros((7, 7), np.float32)
    given = [Panel("a", view, values=values, signed=True), Panel("b", view, values=flat)]
    texts = [text.text for text in _texts(list(strip(given, FULL_WIDTH, WORDS)[0]))]
    assert {"-2.00", "2.00", "all 0"} <= set(texts)


def test_hostile_words_stay_words(view: UInt8, heat: Float32) -> None:
    hostile = "</text><script>alert(1)</script> & \"'"
    given = [replace(panel, label=hostile) for panel in panels(view, heat, 1)]
    drawing = strip_drawing(given, SLIDE, Words(hostile, hostile, hostile), {"credit": hostile})
    root = ET.fromstring(svg_file(drawing))
    assert not [element for element in root.iter() if element.tag.endswith("script")]
    assert hostile in [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]


@pytest.mark.skipif(which("pdftotext") is None, reason="poppler-utils is not installed")
def test_the_pdf_holds_vector_text(view: UInt8, heat: Float32, tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(pdf_file(strip_drawing(panels(view, heat), FULL_WIDTH, WORDS, {})))
    done = subprocess.run(
        ["pdftotext", "-layout", "a.pdf", "-"], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    assert done.stderr == ""
    assert re.search(r"Photograph\s+Grad-CAM", done.stdout)


def test_no_panels_are_refused() -> None:
    with pytest.raises(RenderError, match="at least one picture"):
        strip([], COLUMN, WORDS)
