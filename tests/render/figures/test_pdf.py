import re
import subprocess
import zlib
from pathlib import Path as FilePath
from shutil import which

import numpy as np
import pytest
from PIL import Image

from gallery.records import UInt8
from gallery.render.figures.canvas import Box, Drawing, Group, Item, Path, Picture, Text
from gallery.render.figures.pdf import pdf_file
from gallery.render.figures.photo import photo_jpeg

needs_poppler = pytest.mark.skipif(which("pdftoppm") is None, reason="poppler-utils is not installed")
SQUARE = (((10.0, 10.0), (30.0, 10.0), (30.0, 30.0), (10.0, 30.0)),)


def content(data: bytes) -> str:
    """Return the page's drawing instructions."""
    streams = re.findall(rb"<< /Filter /FlateDecode [^>]*>>\nstream\n(.*?)\nendstream", data, re.DOTALL)
    return zlib.decompress(streams[-1]).decode("ascii")


def test_offsets_of_the_cross_reference_table_are_right(view: UInt8) -> None:
    data = pdf_file(Drawing(50, 40, [Picture(0, 0, 50, 40, photo_jpeg(view), 0.5)], "t", "d"))
    start = int(data.rsplit(b"startxref\n", 1)[1].split()[0])
    assert data[start:].startswith(b"xref\n")
    offsets = [int(line[:10]) for line in data[start:].split(b"\n") if line.endswith(b" n ")]
    for number, offset in enumerate(offsets, start=1):
        assert data[offset:].startswith(b"%d 0 obj\n" % number)


def test_same_bytes_and_no_dates() -> None:
    drawing = Drawing(50, 40, [Text(1, 10, "a")], "t")
    assert pdf_file(drawing) == pdf_file(drawing)
    assert b"Date" not in pdf_file(drawing)


def test_text_outside_the_repertoire_is_replaced_but_kept_in_the_information() -> None:
    data = pdf_file(Drawing(50, 40, [Text(1, 10, "e\u0301 \u732b \u2212(")], "\u732b"))
    shown = "\u00e9 ? \u2013(".encode("cp1252").hex()
    assert f"<{shown}>" in content(data)
    assert "\ufeff\u732b".encode("utf-16-be").hex().encode() in data


@needs_poppler
def test_poppler_draws_what_was_asked_for(tmp_path: FilePath) -> None:
    drawing = Drawing(
        60,
        40,
        [
            Box(0, 0, 60, 40, fill="#0000ff"),
            Path(SQUARE, closed=True, fill="#ff0000"),
            Group((Box(40, 10, 15, 20, fill="#00ff00", radius=4),)),
        ],
        "Title (1)",
        "Subject",
        {"image": "id"},
    )
    (tmp_path / "a.pdf").write_bytes(pdf_file(drawing))
    done = subprocess.run(
        ["pdftoppm", "-r", "72", "-png", "a.pdf", "a"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stderr == ""
    pixels = np.asarray(Image.open(tmp_path / "a-1.png").convert("RGB"))
    assert pixels.shape == (40, 60, 3)
    assert pixels[5, 5].tolist() == [0, 0, 255]
    assert pixels[20, 20].tolist() == [255, 0, 0]
    assert pixels[20, 47].tolist() == [0, 255, 0]
    assert pixels[10, 40].tolist() == [0, 0, 255]
    told = subprocess.run(
        ["pdfinfo", "a.pdf"], cwd=tmp_path, check=True, capture_output=True, text=True
    ).stdout
    assert re.search(r"Title:\s+Title \(1\)", told)
    assert re.search(r"Keywords:\s+image: id", told)
    assert re.search(r"Creator:\s+Explanation Gallery", told)


@needs_poppler
def test_pictures_are_clipped_and_text_is_text(view: UInt8, tmp_path: FilePath) -> None:
    items: list[Item] = [
        Picture(0, 0, 60, 40, photo_jpeg(view, 95), clip=SQUARE),
        Text(58, 38, "right end", 5, "end"),
    ]
    (tmp_path / "a.pdf").write_bytes(pdf_file(Drawing(60, 40, items, "t")))
    subprocess.run(
        ["pdftoppm", "-r", "72", "-png", "a.pdf", "a"], cwd=tmp_path, check=True, capture_output=True
    )
    pixels = np.asarray(Image.open(tmp_path / "a-1.png").convert("RGB")).astype(int)
    assert np.abs(pixels[20, 20] - view[42, 38]).max() < 12
    assert pixels[20, 50].tolist() == [255, 255, 255]
    text = subprocess.run(
        ["pdftotext", "a.pdf", "-"], cwd=tmp_path, check=True, capture_output=True, text=True
    ).stdout
    assert text.strip() == "right end"
