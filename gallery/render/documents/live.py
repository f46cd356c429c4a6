"""A classifier for browsers as scripts: pages opened from a folder may load scripts, but nothing else.

Bytes travel packed with gzip and written in base64, in parts small enough for every host, as
``egParts["<name>"]``. What describes them is ``egModels["<slug>"]`` and, for a photograph, ``egInputs``.
"""

import base64
import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from gallery.errors import RenderError
from gallery.records import ClassifierCard, LiveModel, MaskModel, ModelInput, Preprocessing, UInt8

PART = 9 * 2**20
"""Packed bytes in one script, 12 MiB in base64: hosts limit the size of files, browsers that of texts."""
LEVEL = 6  # of gzip: higher levels gain nothing on weights


def pack(content: bytes) -> bytes:
    """Return bytes as browsers unpack them: gzip without a date."""
    return gzip.compress(content, LEVEL, mtime=0)


def part_scripts(name: str, packed: bytes, *, part: int = PART) -> list[tuple[str, bytes]]:
    """Return packed bytes as scripts: for each part its name, "<name>-<number>", and the script.

    Args:
        name: Of the parts in ``egParts``.
        packed: What ``pack`` returned.
        part: Packed bytes in one script, at most.
    """
    pieces = [packed[start : start + part] for start in range(0, len(packed), part)]
    return [
        (f"{name}-{i}", _assigned("egParts", f"{name}-{i}", base64.b64encode(piece).decode()))
        for i, piece in enumerate(pieces, 1)
    ]


def model_script(
    card: ClassifierCard, model: LiveModel, mask_model: MaskModel, files: Mapping[str, Sequence[str]]
) -> bytes:
    """Return the script that says how the classifier is asked.

    Args:
        card: Of the classifier.
        model: Its exported form.
        mask_model: As in the settings.
        files: "runtime" -> the runtime's scripts, "model" -> names of the model's parts, and "wasm".
    """
    prep = asdict(card.preprocessing)
    mask = {name: getattr(mask_model, name) for name in ("rows", "cols", "interpolation", "baseline")}
    mask |= {"corners": mask_model.align_corners, "blur": list(model.blur)}
    mask["partition"] = mask_model.partition
    value = {"title": card.title, "names": card.class_names, "prep": prep, "mask": mask, "files": dict(files)}
    return _assigned("egModels", card.slug, value)


def input_script(key: str, inputs: ModelInput, preprocessing: Preprocessing) -> bytes:
    """Return the script with exactly the pixels the classifier saw, and the superpixels if there are any.

    Raises:
        RenderError: If the input was not made of 8-bit pixels by ``preprocessing``.
    """
    pixels = exact_pixels(inputs, preprocessing)
    value: dict[str, Any] = {"pixels": _packed(pixels.tobytes())}
    if inputs.segments is not None:
        value["segments"] = _packed(inputs.segments.astype("<u2").tobytes())
    return _assigned("egInputs", key, value)


def exact_pixels(inputs: ModelInput, preprocessing: Preprocessing) -> UInt8:
    """Return the (H, W, 3) 8-bit pixels whose normalisation is ``inputs.tensor``, bit for bit.

    Raises:
        RenderError: If there are none.
    """
    mean, std = np.array(preprocessing.mean, np.float32), np.array(preprocessing.std, np.float32)
    tensor = inputs.tensor[0].transpose(1, 2, 0)
    pixels: UInt8 = np.clip(np.rint((tensor * std + mean) * 255), 0, 255).astype(np.uint8)
    again = (pixels.astype(np.float32) / np.float32(255) - mean) / std
    if not np.array_equal(again, tensor):
        raise RenderError(
            "live = true: a stored input was not made by the classifier's preprocessing. "
            "Remove the store's folder 'inputs' and run `gallery build` again."
        )
    return np.ascontiguousarray(pixels)


def _packed(content: bytes) -> str:
    return base64.b64encode(pack(content)).decode()


def _assigned(table: str, key: str, value: object) -> bytes:
    text = json.dumps(value, separators=(",", ":")).replace("</", "<\\/")
    return f"(window.{table}=window.{table}||{{}})[{json.dumps(key)}]={text};\n".encode()
