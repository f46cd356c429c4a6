"""Classifiers for the browser (``live = true``): where they are stored, what pages take of them; no torch."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from gallery.errors import StoreError
from gallery.pipeline.index import ResultKeys, ResultsIndex, load_entries
from gallery.pipeline.workspace import Workspace
from gallery.publish.runtime import LICENCE, VERSION, Runtime, load_runtime
from gallery.records import ClassifierCard, LiveCheck, LiveModel, MaskModel
from gallery.render.pages.live import LiveKit

MODEL, CHECK = "live_model", "live_check"
"""Kinds of results in the store."""
EXPORT = 1
"""Raised when the way of exporting or checking changes."""


def model_made_by(card: ClassifierCard) -> dict[str, Any]:
    """Return the key parts of an exported classifier."""
    return {"classifier": card.digest, "version": EXPORT}


def check_made_by(card: ClassifierCard, entry: ResultKeys, mask_model: MaskModel) -> dict[str, Any]:
    """Return the key parts of its comparison with PyTorch on one photograph."""
    return {**model_made_by(card), "inputs": entry.inputs, "mask_model": asdict(mask_model)}


def runtime_of(workspace: Workspace, given: Path | None = None) -> Runtime:
    """Return what runs classifiers in browsers; ``given`` as for ``load_runtime``.

    Raises:
        PublishError: If it cannot be had.
    """
    return load_runtime(workspace.runtime, given)


def load_kit(index: ResultsIndex, workspace: Workspace) -> LiveKit:
    """Return what pages need to run the classifiers of a finished run.

    Raises:
        StoreError: If a classifier has not been exported, or not been compared on every photograph.
        PublishError: If the runtime cannot be had.
    """
    store = workspace.store
    cards = {card.slug: card for card in index.catalogue.classifiers}
    models: dict[str, LiveModel] = {}
    for slug, card in cards.items():
        model = store.get(MODEL, model_made_by(card), LiveModel)
        if model is None:
            raise StoreError(
                f"live = true: classifier {card.id} has not been exported for browsers yet. "
                "Run `gallery build`; it computes just what is missing."
            )
        models[slug] = model
    checks = {slug: LiveCheck(0.0, 0) for slug in cards}
    for entry in load_entries(index, store):
        slug = entry.classifier
        found = store.get(CHECK, check_made_by(cards[slug], entry, index.mask_model), LiveCheck)
        if found is None:
            raise StoreError(
                f"live = true: the exported {cards[slug].id} has not been compared with PyTorch on image "
                f"{entry.image.id!r}. Run `gallery build`; it computes just what is missing."
            )
        checks[slug] = together(checks[slug], found)
    runtime = runtime_of(workspace)
    printed = f"ONNX Runtime Web {VERSION} ({LICENCE} licence)"
    return LiveKit(printed, runtime.script, runtime.wasm, models, checks)


def together(one: LiveCheck, other: LiveCheck) -> LiveCheck:
    """Return two comparisons of one classifier as one."""
    return LiveCheck(max(one.difference, other.difference), one.n_inputs + other.n_inputs)
