"""Patch sets with their probabilities as files: a table for readers, and a compact script for the page.

The script is loaded once a visitor wants it. It is no JSON file because pages opened from a folder
(``file://``) may load scripts, but nothing else.
"""

import json
from typing import Any

from gallery.records import WhatIf, cells_of
from gallery.render.documents.numbers import number

SCALE = 10**4
"""Probabilities in the script are whole multiples of 1 / SCALE."""
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
P_DIGITS = 3


def what_if_csv(what_if: WhatIf) -> bytes:
    """Return the table as CSV: patches as in explanations.json, how many they are, probability."""
    rows = [
        f"{mask:x},{mask.bit_count()},{' '.join(map(str, cells_of(mask)))},{number(p)!r}"
        for mask, p in what_if.sets.items()
    ]
    return "".join(f"{row}\r\n" for row in ("mask,n_patches,patches,probability", *rows)).encode()


def what_if_script(key: str, n_cells: int, what_if: WhatIf | None, shapes: dict[str, Any]) -> bytes:
    """Return the script that hands the table to the page, as ``egPatches[key]``.

    Args:
        key: Of the image under one classifier.
        n_cells: Patches of the image.
        what_if: The table; None for shapes alone.
        shapes: Of superpixels, see ``patch_shapes``; empty for a grid.

    Returns:
        JavaScript. ``sets`` is one text: for each set its mask, hexadecimal with a digit for every four
        patches, then its probability times ``SCALE`` in base 36 with ``P_DIGITS`` digits.
    """
    width = (n_cells + 3) // 4
    sets = {} if what_if is None else what_if.sets
    packed = "".join(f"{mask:0{width}x}{_base36(round(p * SCALE))}" for mask, p in sets.items())
    value = json.dumps({"n": n_cells, "sets": packed, **shapes}, separators=(",", ":"))
    return f"(window.egPatches=window.egPatches||{{}})[{json.dumps(key)}]={value};\n".encode()


def _base36(value: int) -> str:
    digits = ""
    for _ in range(P_DIGITS):
        value, digit = divmod(value, 36)
        digits = _DIGITS[digit] + digits
    return digits
