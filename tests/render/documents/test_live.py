"""Classifiers as scripts: what is written unpacks to what went in, and pixels are exact or refused."""

import base64
import gzip
import json
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gallery.errors import RenderError
from gallery.preprocess import preprocess
from gallery.records import ModelInput, Preprocessing
from gallery.render.documents.live import exact_pixels, input_script, pack, part_scripts

PREPROCESSING = Preprocessing((20, 30), None, "bilinear", (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
PIXELS = np.arange(20 * 30 * 3, dtype=np.uint16).reshape(20, 30, 3).astype(np.uint8)
TENSOR = preprocess(PIXELS, PREPROCESSING)
INPUTS = ModelInput(PIXELS, TENSOR, TENSOR, np.arange(600, dtype=np.int16).reshape(20, 30))


def value_of(script: bytes, table: str, key: str) -> Any:  # noqa: ANN401
    """Return the value a script assigns to ``window.<table>[<key>]``."""
    start = f'(window.{table}=window.{table}||{{}})["{key}"]='
    text = script.decode()
    assert text.startswith(start)
    return json.loads(text.removeprefix(start).removesuffix(";\n"))


def test_parts_join_to_what_went_in() -> None:
    content = np.random.default_rng(0).bytes(1000)
    scripts = part_scripts("live/x/model", pack(content), part=301)
    assert [name for name, _ in scripts] == [f"live/x/model-{i}" for i in range(1, 5)]
    pieces = [base64.b64decode(value_of(script, "egParts", name)) for name, script in scripts]
    assert gzip.decompress(b"".join(pieces)) == content
    assert pack(content) == pack(content)


def test_pixels_and_superpixels_are_exact() -> None:
    assert np.array_equal(exact_pixels(INPUTS, PREPROCESSING), PIXELS)
    value = value_of(input_script("i/a/b", INPUTS, PREPROCESSING), "egInputs", "i/a/b")
    found = {name: gzip.decompress(base64.b64decode(text)) for name, text in value.items()}
    assert found == {"pixels": PIXELS.tobytes(), "segments": INPUTS.segments.astype("<u2").tobytes()}  # type: ignore[union-attr]


def test_an_input_that_is_not_made_of_pixels_is_refused() -> None:
    moved = replace(INPUTS, tensor=TENSOR + np.float32(1e-4))
    with pytest.raises(RenderError, match=re.escape("not made by the classifier's preprocessing")):
        exact_pixels(moved, PREPROCESSING)
