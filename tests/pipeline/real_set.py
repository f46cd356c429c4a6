"""A set that any process can explain, small as it is: pictures and weights on disk, and a manifest.

Nothing has to be patched, so that shards, Ray actors and benchmarks can work on it in processes of their own.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import timm
import torch
from PIL import Image
from safetensors.torch import save_file

from gallery.store.store import Store

ARCHITECTURE = "test_efficientnet"
"""0.1 million parameters, for tests of the library it comes from."""
SIDE = 32
MANIFEST = """\
title = "Small and real"
seed = 7
classifiers = [{classifiers}]
methods = {{ grad_cam = {{}} }}
perturbation = {{ rows = 2, cols = 2, baseline = "black" }}
search = {{ beam_width = 1, candidates = 2, max_mses = 2, verify_up_to = 2 }}
graph = {{ max_nodes = 10 }}
necessity = {{ max_forwards = 20, pairs = 1 }}
robustness = {{ max_forwards = 20, search_baselines = [], search_seeds = [] }}
questions = {{ n_sets = 4, n_questions = 2 }}
what_if = {{ enabled = false }}
measures = {{ names = ["sparseness"] }}
"""


def write_set(
    folder: Path,
    n_images: int,
    *,
    n_classifiers: int = 1,
    composite: bool = False,
    n_distinct: int | None = None,
) -> Path:
    """Write a set of ``n_images`` pictures, ``n_distinct`` of them different, and return its manifest."""
    folder.mkdir(parents=True, exist_ok=True)
    specs = [_write_weights(folder, seed) for seed in range(n_classifiers)]
    text = MANIFEST.format(classifiers=", ".join(json.dumps(spec) for spec in specs))
    names = [f"p{i:05d}" for i in range(n_images)]
    for i, name in enumerate(names):
        draw = np.random.default_rng(i % (n_distinct or n_images))
        coarse = draw.integers(0, 256, (4, 4, 3), dtype=np.uint8)
        Image.fromarray(coarse).resize((SIDE, SIDE)).save(folder / f"{name}.png")
        text += f'\n[[images]]\nid = "{name}"\nsource = "file:{name}.png"\n'
    if composite:
        parts = json.dumps([names[0], names[-1], names[1], names[0]])
        text += f'\n[[images]]\nid = "grid"\nsource = "composite"\nparts = {parts}\n'
    manifest = folder / "gallery.toml"
    manifest.write_text(text, encoding="utf-8")
    return manifest


def _write_weights(folder: Path, seed: int) -> str:
    """Write random weights and return the classifier they make."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = timm.create_model(ARCHITECTURE, num_classes=4)
    state = network.state_dict()
    for name, weights in state.items():
        if name.startswith("classifier.weight"):
            weights *= 20  # so that classes differ
    save_file(state, folder / f"net{seed}.safetensors")
    return f"checkpoint:net{seed}.safetensors?arch=timm:{ARCHITECTURE}&size={SIDE}&resize={SIDE}"


def records_of(store: Store) -> dict[str, Any]:
    """Return kind and key -> stored record and checksum of its arrays, without wall times and devices.

    The classifier's measured speed and lists of what shards contain are no results of images.
    """
    found = {}
    for path in store.results():
        kind = path.parent.parent.name
        if kind not in ("tuning", "shard"):
            head = json.loads(store.read(path))
            found[f"{kind}/{path.stem}"] = [_without(head["record"]), head.get("arrays_sha256")]
    return found


def _without(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, dict):
        return {name: _without(item) for name, item in value.items() if name not in ("seconds", "device")}
    return [_without(item) for item in value] if isinstance(value, list) else value
