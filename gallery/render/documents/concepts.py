"""Learned concepts as documents: concepts.json, and the network and the maps as arrays beside it."""

from dataclasses import asdict
from typing import Any

from gallery.records import ClassifierCard, ConceptMap, ConceptResult, Float32
from gallery.render.documents.numbers import json_bytes, number
from gallery.store.store import pack_arrays

SCHEMA_VERSION = "1.0"
MAPS = "maps.npz"
NETWORK = "network.npz"


def training_document(result: ConceptResult, card: ClassifierCard) -> dict[str, Any]:
    """Return how a network came about as plain JSON values, without its weights and without wall times."""
    network = result.network
    return {
        "classifier": card.id,
        "classifier_sha256": card.digest,
        "class": network.class_name,
        "target": network.target,
        "layer": network.layer,
        "options": dict(network.options),
        "seed": network.seed,
        "views": asdict(network.views),
        "quality": asdict(network.quality) | {"stability": list(network.quality.stability)},
        "attempts": [
            {
                "weights": list(one.weights),
                "terms": [list(row) for row in one.terms],
                "contributions": list(one.contributions),
                "accepted": one.is_accepted,
            }
            for one in network.attempts
        ],
        "weight": [float(value) for value in network.weights["last.weight"][0]],
        "bias": network.bias,
        "forwards": network.forwards,
    }


def concepts_files(result: ConceptResult, card: ClassifierCard) -> dict[str, bytes]:
    """Return everything about the concepts of one class by file name; the same results, the same bytes.

    concepts.json holds the training, what every x-feature is in every image, and a list of maps; each names
    its array in maps.npz, raw values at input size. network.npz holds the weights: features of the layer,
    averaged over positions and divided by "scale", go through the encoder's layers with a ReLU after each.
    """
    maps: dict[str, Float32] = {_array(one): one.heatmap.values for one in result.maps}
    document = {
        "schema_version": SCHEMA_VERSION,
        **training_document(result, card),
        "images": [
            {
                "image": one.image_id,
                "logit": number(one.logit),
                "predicted": number(one.predicted),
                "features": [number(value) for value in one.features],
                "contributions": [number(value) for value in one.contributions],
            }
            for one in result.images
        ],
        "maps": [_map(one) for one in result.maps],
    }
    return {
        "concepts.json": json_bytes(document),
        NETWORK: pack_arrays(result.network.weights),
        MAPS: pack_arrays(maps),
    }


def concepts_forwards(result: ConceptResult) -> tuple[int, int]:
    """Return the images passed forward to learn the concepts, and to show them: every image, and the maps.

    Every map counts as if it were made alone; maps that hide the same places share their passes.
    """
    return result.network.forwards, len(result.images) + sum(one.heatmap.forwards for one in result.maps)


def _array(one: ConceptMap) -> str:
    return f"{one.heatmap.method}-{one.feature + 1}-{one.image_id}"


def _map(one: ConceptMap) -> dict[str, Any]:
    heatmap = one.heatmap
    return {
        "array": _array(one),
        "image": one.image_id,
        "feature": one.feature + 1,
        "method": heatmap.method,
        "options": dict(heatmap.options),
        "layer": heatmap.layer,
        "seed": heatmap.seed,
        "forwards": heatmap.forwards,
        "backwards": heatmap.backwards,
        "half_mass": None if one.half_mass is None else number(one.half_mass),
    }
