"""Helvetica, the typeface of every figure's text: how wide lines are, and which characters it has in a PDF.

Every PDF reader has it, so no font is embedded. Its repertoire there is Windows-1252; a character outside it
is set as its base letter or "?".
"""

import unicodedata
from functools import cache

# Advance widths of the characters 32 to 126 in 1/1000 of the size: Adobe's font metrics for Helvetica.
_WIDTHS = """
278 278 355 556 556 889 667 191 333 333 389 584 278 333 278 278 556 556 556 556 556 556 556 556 556 556 278
278 584 584 584 556 1015 667 667 722 722 667 611 778 722 278 500 667 556 833 722 778 667 778 722 667 611 722
667 944 667 667 611 278 278 278 469 556 333 556 556 500 556 556 278 556 556 222 222 500 222 833 556 556 556
556 333 500 278 556 500 722 500 500 500 334 260 334 584
"""
_BOLD_WIDTHS = """
278 333 474 556 556 889 722 238 333 333 389 584 278 333 278 278 556 556 556 556 556 556 556 556 556 556 333
333 584 584 584 611 975 722 722 722 722 667 611 778 722 278 556 722 611 833 722 778 667 778 722 667 611 722
667 944 667 667 611 333 278 333 584 556 333 556 611 556 611 556 333 611 611 278 278 556 278 889 611 611 611
611 389 556 333 611 556 778 556 556 500 389 280 389 584
"""
_SUBSTITUTES = {"\u2212": "\u2013", "\u2192": ">", "\u2190": "<", "\u2265": ">=", "\u2264": "<="}


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """Return the width in points of a line of Helvetica."""
    widths = _widths(bold=bold)
    total = 0
    for character in encodable(text):
        base = unicodedata.normalize("NFKD", character)[0]
        total += widths.get(ord(base), 556)
    return total * size / 1000


def encodable(text: str) -> str:
    """Return ``text`` in the repertoire of Windows-1252."""
    out = []
    for character in unicodedata.normalize("NFC", text):
        wanted = _SUBSTITUTES.get(character, character)
        if not _in_cp1252(wanted):
            base = "".join(c for c in unicodedata.normalize("NFKD", wanted) if not unicodedata.combining(c))
            wanted = base if base and _in_cp1252(base) else "?"
        out.append(wanted)
    return "".join(out)


def _in_cp1252(text: str) -> bool:
    try:
        text.encode("cp1252")
    except UnicodeEncodeError:
        return False
    return text.isprintable()


@cache
def _widths(*, bold: bool) -> dict[int, int]:
    numbers = (_BOLD_WIDTHS if bold else _WIDTHS).split()
    return {code: int(width) for code, width in enumerate(numbers, start=32)}
