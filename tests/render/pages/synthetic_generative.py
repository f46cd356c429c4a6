"""Autoencoders that do not exist: one whose data have masks, one without, one without anomalies."""

import numpy as np

from gallery.records import (
    Disentanglement,
    DisentanglementRun,
    Float32,
    GenerativeResults,
    SeedInterval,
    UInt8,
    VaeAnomalies,
    VaeExample,
    VaeLatent,
    VaeMethod,
    VaeModel,
    VaeResult,
    VaeScores,
    VaeTraversal,
)

SIDE = 16
METHODS = (
    VaeMethod("normal_difference", "Normal difference", "of the paper", "latent units", False),
    VaeMethod("released_code", "Released code", "of the authors", "no unit", False),
    VaeMethod("reconstruction_error", "Reconstruction error", "a difference", "squared intensity", True),
)
SETTINGS = {
    "family": "vae", "size": SIDE, "latents": 3, "width": 2, "likelihood": "gaussian", "attention_layer": 1,
    "discriminator_width": 4, "batch": 4, "steps": 7, "learning_rate": 0.001, "discriminator_rate": 0.0001,
    "seed": 5, "beta": 1.0, "gamma": 0.0, "attention": 0.0,
}  # fmt: skip


def model(slug: str, *, text: str = "") -> VaeModel:
    """Return an autoencoder; ``text`` stands in for everything that comes from outside."""
    return VaeModel(
        text or f"{slug}.safetensors", "a" * 64, slug, "textures:brick", text or f"Data of {slug}",
        text or "from a package", SETTINGS, 7, "2.11.0", 120, "b" * 64,
    )  # fmt: skip


def scores(method: str, auroc: float, *, has_masks: bool = True, high: float = 2.0) -> VaeScores:
    """Return scores around ``auroc``; without masks only those of whole pictures."""
    by_kind = {"cut": auroc, "spot": auroc}
    return VaeScores(
        method=method,
        pixel_auroc=auroc if has_masks else None,
        iou=auroc / 2 if has_masks else None,
        threshold=0.1 if has_masks else None,
        optimistic_iou=auroc / 2 + 0.01 if has_masks else None,
        pixel_by_kind=by_kind if has_masks else None,
        image_auroc=auroc,
        image_by_kind=by_kind,
        high=high,
        highest=2 * high,
    )


def _picture(value: int) -> UInt8:
    return np.full((1, SIDE, SIDE), value, dtype=np.uint8)


def _map(value: float, inside: float) -> Float32:
    values = np.full((SIDE, SIDE), value, dtype=np.float32)
    values[4:8, 4:8] = inside
    return values


def example(kind: str, place: int, *, has_masks: bool = True, text: str = "") -> VaeExample:
    """Return a test picture; a defect covers 16 of 256 pixels, and maps are twice as high inside."""
    mask = np.zeros((SIDE, SIDE), dtype=bool)
    mask[4:8, 4:8] = kind != "good"
    maps = {one.name: _map(0.5, 1.0 * place) for one in METHODS}
    name = text or f"tile {place}: {kind}"
    return VaeExample(name, kind, place, _picture(90), _picture(100), mask if has_masks else None, maps)


def anomalies(*aurocs: float, has_masks: bool = True, text: str = "") -> VaeAnomalies:
    """Return anomalies with one AUROC per method, two examples per kind."""
    kinds = ("good", "cut", text or "spot")
    return VaeAnomalies(
        METHODS,
        tuple(scores(m.name, a, has_masks=has_masks) for m, a in zip(METHODS, aurocs, strict=True)),
        "normal_difference",
        dict.fromkeys(kinds, 4),
        9,
        tuple(example(k, place, has_masks=has_masks, text=text) for k in kinds for place in (1, 2)),
    )


def traversal(*, text: str = "") -> VaeTraversal:
    """Return two of three latents; the second one has collapsed."""
    latents = tuple(
        VaeLatent(
            i, -0.5, 0.25, change, np.stack([_picture(40 * v) for v in range(5)]), _map(0.0, 3.0 * change)
        )
        for i, change in ((2, 0.125), (0, 0.0))
    )
    return VaeTraversal(
        text or "tile 4: good", _picture(90), _picture(95), (-2.0, -1.0, 0.0, 1.0, 2.0), latents
    )


def disentanglement(low: float, high: float, *, text: str = "") -> Disentanglement:
    """Return two families over two seeds, with a difference between ``low`` and ``high``."""
    runs = tuple(
        DisentanglementRun(family, seed, 0.5 + 0.1 * seed, 0.6, 4 + seed)
        for family in ("factor_vae", "ad_factor_vae")
        for seed in range(2)
    )
    shared = {"gamma": 40.0, "batch": 64}
    return Disentanglement(
        file=text or "bench.json",
        sha256="c" * 64,
        steps=3000,
        families=("factor_vae", "ad_factor_vae"),
        runs=runs,
        accuracy={family: SeedInterval(0.55, 0.4, 0.7) for family in ("factor_vae", "ad_factor_vae")},
        difference=SeedInterval((low + high) / 2, low, high),
        settings={
            "factor_vae": {**shared, "family": "factor_vae", "attention": 0.0},
            "ad_factor_vae": {**shared, "family": "ad_factor_vae", "attention": 1.0},
        },
        n_votes=800,
        torch="2.11.0",
        device=text or "cpu",
    )


def generative(text: str = "") -> GenerativeResults:
    """Return all of it."""
    return GenerativeResults(
        (
            VaeResult(
                model("brick", text=text), anomalies(0.6, 0.7, 0.9, text=text), (traversal(text=text),)
            ),
            VaeResult(model("digit"), anomalies(0.8, 0.7, 0.6, has_masks=False), (traversal(),)),
            VaeResult(model("sprites"), None, (traversal(),)),
        ),
        (disentanglement(-0.01, 0.05, text=text),),
    )
