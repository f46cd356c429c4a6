"""Sets to try as files: the page's script and the readers' table say what the record says."""

import csv
import io
import json
from typing import Any

import numpy as np
import pytest

from gallery.records import WhatIf
from gallery.render.documents.what_if import P_DIGITS, SCALE, what_if_csv, what_if_script

HUGE = 1 << 69 | 5
SETS = {0: 0.0, 1: 0.00004, 0b1011: 0.98765432, HUGE: 1.0}


def record(sets: dict[int, float]) -> WhatIf:
    masks = np.array([list(mask.to_bytes(9, "little")) for mask in sets], np.uint8).reshape(len(sets), 9)
    return WhatIf(masks, np.array(list(sets.values()), np.float32), len(sets), {}, 0, 0.0)


def parsed(script: bytes) -> dict[str, Any]:
    """Return what the script hands over, read as the page reads it."""
    head, _, value = script.decode().partition("]=")
    assert head == '(window.egPatches=window.egPatches||{})["i/cat/net"'
    assert value.endswith("};\n")
    data: dict[str, Any] = json.loads(value[:-2])
    return data


def unpacked(data: dict[str, Any]) -> dict[int, float]:
    width = -(-data["n"] // 4)
    text, step = data["sets"], width + P_DIGITS
    pieces = [text[i : i + step] for i in range(0, len(text), step)]
    return {int(one[:width], 16): int(one[width:], 36) / SCALE for one in pieces}


def test_the_script_holds_every_set_to_four_decimals() -> None:
    data = parsed(what_if_script("i/cat/net", 70, record(SETS), {}))
    assert set(data) == {"n", "sets"}
    assert list(unpacked(data)) == list(SETS)
    assert list(unpacked(data).values()) == [0.0, 0.0, 0.9877, 1.0]


def test_shapes_travel_with_or_without_sets() -> None:
    shapes = {"size": [4, 3], "shapes": [["M0 0H1V1z", 0.5, 0.5]]}
    assert parsed(what_if_script("i/cat/net", 70, None, shapes)) == {"n": 70, "sets": "", **shapes}
    assert parsed(what_if_script("i/cat/net", 70, record({}), shapes))["shapes"] == shapes["shapes"]


def test_no_key_ends_the_script_it_stands_in() -> None:
    script = what_if_script('"]=alert(1);//', 70, None, {}).decode()
    assert '["\\"]=alert(1);//"]={' in script


def test_the_table_has_a_row_for_every_set_with_all_digits_of_a_float32() -> None:
    rows = list(csv.DictReader(io.StringIO(what_if_csv(record(SETS)).decode(), newline="")))
    assert [int(row["mask"], 16) for row in rows] == list(SETS)
    assert [row["patches"] for row in rows] == ["", "0", "0 1 3", "0 2 69"]
    assert [int(row["n_patches"]) for row in rows] == [0, 1, 3, 3]
    assert [np.float32(row["probability"]) for row in rows] == [np.float32(p) for p in SETS.values()]


@pytest.mark.parametrize("p", [0.00005, 0.12345, 0.5, 0.99996])
def test_rounding_is_never_off_by_more_than_half_a_digit(p: float) -> None:
    data = parsed(what_if_script("i/cat/net", 70, record({1: p}), {}))
    assert abs(unpacked(data)[1] - p) <= 0.5 / SCALE + 1e-7
