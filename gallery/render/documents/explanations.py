"""Results as documents: explanations.json (see explanations.schema.json) and the arrays beside it.

With these files, timm and the weights, anybody can check every number the pages print.
"""

import io
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from gallery.records import (
    AttentionGraph,
    Catalogue,
    ClassifierCard,
    Heatmap,
    ImageResult,
    Measurement,
    SearchResult,
    cells_of,
)
from gallery.render.documents.answers import (
    necessity_document,
    questions_document,
    robustness_document,
    what_if_document,
)
from gallery.render.documents.graph import graph_document, graph_links, graph_nodes
from gallery.render.documents.numbers import json_bytes, number
from gallery.render.documents.prompts import (
    prompts_document,
    prompts_files,
    prompts_forwards,
    prompts_seconds,
)
from gallery.store.store import pack_arrays, write_atomic

SCHEMA_VERSION = "2.2"
SCHEMA_FILE = Path(__file__).with_name("explanations.schema.json")


def explanations_document(result: ImageResult, catalogue: Catalogue) -> dict[str, Any]:
    """Return everything about one image under one classifier as plain JSON values.

    The same results always give the same document; seconds and dates are in ``timings_document``.
    """
    card = next(c for c in catalogue.classifiers if c.slug == result.classifier)
    second = None if result.prompted is None else result.prompted.search
    return {
        "schema_version": SCHEMA_VERSION,
        "image": _image(result),
        "classifier": _classifier(card),
        "target": {"index": result.prediction.target, "name": result.prediction.class_name},
        "p_full": number(result.prediction.p_full),
        "top": [
            {"index": t.index, "name": t.name, "probability": number(t.probability)}
            for t in result.prediction.top
        ],
        "mask_model": asdict(result.mask_model),
        "search": _search(result.search),
        "mses": _mses(result.search),
        "diverse": {str(t): list(indices) for t, indices in sorted(result.search.diverse.items())},
        "sag": _graph(result.graph, result.search),
        "necessity": necessity_document(result.necessity),
        "robustness": robustness_document(result.robustness),
        "questions": questions_document(result.questions),
        "what_if": what_if_document(result.what_if),
        "prompts": prompts_document(result, [] if second is None else _mses(second)),
        "heatmaps": {name: _heatmap(heatmap) for name, heatmap in result.heatmaps.items()},
        "measures": {
            method: {name: None if m.value is None else number(m.value) for name, m in measures.items()}
            for method, measures in result.measurements.items()
        },
        "measure_notes": {
            method: notes
            for method, measures in result.measurements.items()
            if (notes := {name: m.note for name, m in measures.items() if m.note})
        },
        "curves": {
            method: {name: _curve(m) for name, m in measures.items() if m.x is not None and m.y is not None}
            for method, measures in result.measurements.items()
        },
        "seed": result.seed,
        "versions": dict(catalogue.versions),
        "forwards": _forwards(result),
    }


def _image(result: ImageResult) -> dict[str, Any]:
    image = result.image
    return {
        "id": image.id,
        "title": image.title,
        "source": image.source,
        "height": image.size[0],
        "width": image.size[1],
        "pixels_sha256": image.digest,
        "source_sha256": image.source_sha256,
        "label": image.label,
        "credit": asdict(image.credit),
        "quadrants": [asdict(quadrant) for quadrant in image.quadrants],
    }


def _classifier(card: ClassifierCard) -> dict[str, Any]:
    return {
        "id": card.id,
        "digest": card.digest,
        "title": card.title,
        "architecture": card.architecture,
        "preprocessing": asdict(card.preprocessing),
        "cam_layer": card.cam_layer,
        "licence": card.licence,
        "paper": card.paper,
        "n_parameters": card.n_parameters,
        "n_classes": len(card.class_names),
    }


def _search(search: SearchResult) -> dict[str, Any]:
    return {
        "method": search.method,
        "options": dict(search.options),
        "threshold": number(search.threshold),
        "complete_up_to": search.complete_up_to,
        "n_scored": search.n_scored,
        "note": search.note,
    }


def _mses(search: SearchResult) -> list[dict[str, Any]]:
    return [
        {
            "cells": cells_of(mse.mask),
            "probability": number(mse.probability),
            "relative": number(mse.relative),
            "margin": number(mse.margin),
            "minimality": mse.minimality,
            "is_top": mse.is_top,
        }
        for mse in search.mses
    ]


def _graph(graph: AttentionGraph, search: SearchResult) -> dict[str, Any]:
    return {
        "nodes": graph_nodes(graph),
        "links": graph_links(graph),
        "truncated": graph.truncated,
        "roots": list(search.roots),
        "options": dict(graph.options),
    }


def _heatmap(heatmap: Heatmap) -> dict[str, Any]:
    return {
        "options": dict(heatmap.options),
        "layer": heatmap.layer,
        "seed": heatmap.seed,
        "native_size": list(heatmap.native.shape),
        "minimum": number(float(heatmap.values.min())),
        "maximum": number(float(heatmap.values.max())),
        "backwards": heatmap.backwards,
    }


def _curve(measurement: Measurement) -> dict[str, list[float]]:
    axes = {"x": measurement.x, "y": measurement.y}
    return {axis: [number(v) for v in values.tolist()] for axis, values in axes.items() if values is not None}


def _forwards(result: ImageResult) -> dict[str, Any]:
    heatmaps = {name: heatmap.forwards for name, heatmap in result.heatmaps.items()}
    measures = {
        method: sum(m.forwards for m in measures.values()) for method, measures in result.measurements.items()
    }
    stages = {
        "prediction": 1,
        "search": result.search.forwards,
        "sag": result.graph.forwards,
        "necessity": result.necessity.forwards,
        "robustness": result.robustness.forwards,
        "questions": result.questions.forwards,
        "what_if": 0 if result.what_if is None else result.what_if.forwards,
        "prompts": prompts_forwards(result.prompted),
    }
    total = sum((*stages.values(), *heatmaps.values(), *measures.values()))
    return {**stages, "heatmaps": heatmaps, "measures": measures, "total": total}


def timings_document(result: ImageResult, catalogue: Catalogue) -> dict[str, Any]:
    """Return what changes from run to run: seconds, the device and the date of the export (UTC)."""
    return {
        "exported": datetime.now(UTC).isoformat(timespec="seconds"),
        "device": catalogue.device,
        "seconds": {
            "search": result.search.seconds,
            "sag": result.graph.seconds,
            "necessity": result.necessity.seconds,
            "robustness": result.robustness.seconds,
            "questions": result.questions.seconds,
            "what_if": 0.0 if result.what_if is None else result.what_if.seconds,
            "prompts": prompts_seconds(result.prompted),
            "heatmaps": {name: heatmap.seconds for name, heatmap in result.heatmaps.items()},
            "measures": {
                method: {name: m.seconds for name, m in measures.items()}
                for method, measures in result.measurements.items()
            },
        },
    }


def bundle_files(result: ImageResult, catalogue: Catalogue) -> dict[str, bytes]:
    """Return the files of a bundle by name; the same results always give the same bytes.

    - ``explanations.json``: see the schema; ``sag.json``: its graph alone, in node-link form.
    - ``heatmaps.npz``: every method's raw (H, W) float32 map, by name.
    - ``heatmap_parts.npz``: (h, w) float32 maps that a map is the mean of, "<method>/<part>"; only where a
      method has some.
    - ``input.npy``, ``baseline.npy``: the (1, 3, H, W) float32 normalised tensors.
    - ``segments.npy``: (H, W) int16, the superpixel of every pixel; only where patches are superpixels.
    - ``regions.npz``, ``heatmaps_without.npz``: (H, W) float32, what is needed and precluded, and maps made
      again without the precluded region; only where there are any.
    """
    card = next(c for c in catalogue.classifiers if c.slug == result.classifier)
    maps = {name: heatmap.values for name, heatmap in result.heatmaps.items()}
    files = {
        "explanations.json": json_bytes(explanations_document(result, catalogue)),
        "sag.json": json_bytes(graph_document(result, card.id)),
        "heatmaps.npz": pack_arrays(maps),
        "input.npy": npy_bytes(result.inputs.tensor),
        "baseline.npy": npy_bytes(result.inputs.baseline),
    }
    parts = {
        f"{name}/{part.name}": part.native
        for name, heatmap in result.heatmaps.items()
        for part in heatmap.parts
    }
    if parts:
        files["heatmap_parts.npz"] = pack_arrays(parts)
    if result.inputs.segments is not None:
        files["segments.npy"] = npy_bytes(result.inputs.segments)
    return files if result.prompted is None else files | prompts_files(result.prompted)


def write_bundle(result: ImageResult, catalogue: Catalogue, folder: Path) -> None:
    """Write the files of ``bundle_files`` into ``folder``.

    Raises:
        StoreError: If a file cannot be written.
    """
    for name, data in bundle_files(result, catalogue).items():
        write_atomic(folder / name, data)


def write_timings(result: ImageResult, catalogue: Catalogue, folder: Path) -> None:
    """Write timings.json into ``folder``.

    Raises:
        StoreError: If it cannot be written.
    """
    write_atomic(folder / "timings.json", json_bytes(timings_document(result, catalogue)))


def npy_bytes(array: "np.ndarray[Any, Any]") -> bytes:
    """Return one array as npy."""
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()
