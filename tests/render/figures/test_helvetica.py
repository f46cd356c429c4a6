"""Widths and repertoire of the typeface of figures."""

import re
from pathlib import Path

import matplotlib as mpl
import pytest

from gallery.render.figures.helvetica import encodable, text_width


@pytest.mark.parametrize(("bold", "name"), [(False, "Helvetica"), (True, "Helvetica-Bold")])
def test_widths_agree_with_the_font_metrics(*, bold: bool, name: str) -> None:
    metrics = (Path(mpl.get_data_path()) / "fonts/pdfcorefonts" / f"{name}.afm").read_text(encoding="latin-1")
    by_name = {m[2]: int(m[1]) for m in re.finditer(r"WX (\d+) ; N (\w+) ;", metrics)}
    for character, glyph in {
        "A": "A",
        "m": "m",
        " ": "space",
        "%": "percent",
        "'": "quotesingle",
        "~": "asciitilde",
    }.items():
        assert text_width(character, 1000, bold=bold) == by_name[glyph]
    assert text_width("AmA", 10, bold=bold) == pytest.approx((2 * by_name["A"] + by_name["m"]) / 100)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("e\u0301", "\u00e9"),
        ("\u0159", "r"),
        ("\u2212\u2265", "\u2013>="),
        ("\u732b\n", "??"),
        ("\u20ac", "\u20ac"),
    ],
)
def test_what_the_typeface_lacks_is_replaced(text: str, expected: str) -> None:
    assert encodable(text) == expected
    assert text_width(text, 10) == text_width(expected, 10)
