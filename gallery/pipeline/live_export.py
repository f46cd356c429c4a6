"""Exporting the classifiers of a set for the browser (``live = true``), and comparing each with PyTorch."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from gallery.classifier.onnx import Comparison, export_onnx, require_export
from gallery.config import SetSettings
from gallery.errors import StoreError
from gallery.interfaces import Classifier
from gallery.perturbation import basis_of, bits_of, compose
from gallery.pipeline.index import ResultKeys, ResultsIndex, load_entries
from gallery.pipeline.live import CHECK, MODEL, check_made_by, model_made_by, runtime_of, together
from gallery.pipeline.progress import Reporter
from gallery.pipeline.workspace import Workspace
from gallery.records import LiveCheck, LiveModel, MaskModel, ModelInput
from gallery.store.store import Store


def prepare_live(settings: SetSettings, folder: Path, workspace: Workspace) -> None:
    """Have everything at hand that live pages need, before hours are spent on explaining.

    Args:
        settings: Of the set, with ``live = true``.
        folder: The manifest's, which ``live_runtime`` is relative to.
        workspace: Keeps the runtime.

    Raises:
        ClassifierError: If packages are missing.
        PublishError: If the runtime cannot be had.
    """
    require_export()
    runtime_of(workspace, folder / settings.live_runtime if settings.live_runtime else None)


def export_live(
    index: ResultsIndex, classifiers: Sequence[Classifier], workspace: Workspace, reporter: Reporter
) -> None:
    """Export every classifier that has not been, and compare it with PyTorch on every photograph.

    Raises:
        ClassifierError: If a classifier cannot be exported, or its answers differ too much.
        StoreError: If a stored input is missing.

    Cost:
        Once per classifier some seconds; once per photograph three passes in PyTorch and three in ONNX
        Runtime.
    """
    for classifier in classifiers:
        model = _exported(classifier, workspace.store)
        check = _compared(classifier, model, index, workspace.store)
        reporter.note(
            f"{classifier.card.title}: for browsers {model.onnx.size / 1e6:.1f} MB, differs from PyTorch "
            f"by at most {check.difference:.1g} in a probability ({check.n_inputs} inputs)"
        )


def _exported(classifier: Classifier, store: Store) -> LiveModel:
    """Return the exported classifier from the store, or export it."""
    made_by = model_made_by(classifier.card)
    model = store.get(MODEL, made_by, LiveModel)
    if model is None:
        model = export_onnx(classifier)
        store.put(MODEL, made_by, model)
    return model


def _compared(classifier: Classifier, model: LiveModel, index: ResultsIndex, store: Store) -> LiveCheck:
    """Return how far the exported classifier is off, over all photographs; compares where not known."""
    comparison: Comparison | None = None
    total = LiveCheck(0.0, 0)
    for entry in load_entries(index, store):
        if entry.classifier != classifier.card.slug:
            continue
        made_by = check_made_by(classifier.card, entry, index.mask_model)
        check = store.get(CHECK, made_by, LiveCheck)
        if check is None:
            comparison = comparison or Comparison(model.onnx, classifier)
            inputs = _inputs(entry, store, index.mask_model)
            check = LiveCheck(comparison.difference(inputs), len(inputs))
            store.put(CHECK, made_by, check)
        total = together(total, check)
    return total


def _inputs(entry: ResultKeys, store: Store, mask_model: MaskModel) -> Tensor:
    inputs = store.get_by_key("inputs", entry.inputs, ModelInput)
    if inputs is None:
        where = store.where(store.path("inputs", entry.inputs))
        raise StoreError(
            f"{where}: what the classifier saw of image {entry.image.id!r} is missing or damaged. Run "
            "`gallery build` again; it computes just what is missing."
        )
    return some_inputs(inputs, mask_model)


def some_inputs(inputs: ModelInput, mask_model: MaskModel) -> Tensor:
    """Return (3, 3, H, W) float32: the photograph whole, with every second patch, and with the others."""
    model = mask_model.of(inputs.segments)
    size = (inputs.tensor.shape[-2], inputs.tensor.shape[-1])
    segments = None if inputs.segments is None else torch.from_numpy(inputs.segments)
    odd = sum(1 << cell for cell in range(0, model.n_cells, 2))
    keep = bits_of([model.full, odd, model.full & ~odd], model.n_cells) @ basis_of(model, size, segments)
    image, baseline = torch.from_numpy(inputs.tensor), torch.from_numpy(inputs.baseline)
    return compose(image, baseline, keep.reshape(-1, *size))
