"""Made-up concepts of the synthetic set: three of "espresso", of which one is silent."""

import numpy as np

from gallery.records import (
    ConceptAttempt,
    ConceptImage,
    ConceptMap,
    ConceptNetwork,
    ConceptQuality,
    ConceptResult,
    ConceptViews,
    Heatmap,
    MethodCard,
)

METHODS = (
    MethodCard("grad_cam", "Grad-CAM", "Selvaraju et al., ICCV 2017", "Idea.", {}),
    MethodCard("occlusion", "Occlusion", "Zeiler and Fergus, ECCV 2014", "Idea.", {}, signed=True),
)


def attempt(*, is_accepted: bool = True) -> ConceptAttempt:
    return ConceptAttempt((1, 10, 10), ((2.0, 3.0, 0.5), (0.3, 2.8, 0.2)), (0.9, -0.4, 0.0), is_accepted)


def network(attempts: tuple[ConceptAttempt, ...] = (), n_new_photos: int = 2) -> ConceptNetwork:
    """Return a network of three concepts for class 1, "espresso"."""
    options = {"hidden": [8], "prediction": 1.0, "reconstruction": 10.0, "pull_away": 10.0, "q": 100.0}
    options |= {"along": "images", "epochs": 10, "batch": 50, "learning_rate": 0.001}
    weights = {
        "encoder.0.weight": np.zeros((8, 20), np.float32),
        "last.weight": np.array([[1.5, -0.5, 2.0]], np.float32),
        "last.bias": np.array([0.25], np.float32),
    }
    views = ConceptViews("", 7, 1, 800, 160, n_new_photos, 40)
    quality = ConceptQuality(
        0.98, 0.91, -0.2 if n_new_photos else None, 0.4, None, 0.3, 0.25, (0.9, 0.5, 0.1), 3
    )
    attempts = attempts or (attempt(is_accepted=False), attempt())
    return ConceptNetwork(1, "espresso", "bn2", options, 7, views, attempts, quality, weights, 1000, 9.0)


def result() -> ConceptResult:
    """Return concepts of which the third is silent."""
    values = {"chelsea": (0.5, 1.0, 0.0), "espresso": (3.0, 0.2, 0.0), "pair": (1.0, 0.0, 0.0)}
    images = tuple(
        ConceptImage(name, 2.0, 0.25 + 1.5 * e[0] - 0.5 * e[1], e, (1.5 * e[0], -0.5 * e[1], 0.0))
        for name, e in values.items()
    )
    maps = tuple(
        ConceptMap(name, k, heatmap(method.name, signed=method.signed), 0.25)
        for k, names in enumerate((("espresso", "pair"), ("chelsea",)))
        for name in names
        for method in METHODS
    )
    return ConceptResult("embedded-net_a", network(), images, maps, METHODS)


def heatmap(method: str, *, signed: bool) -> Heatmap:
    native = np.arange(49, dtype=np.float32).reshape(7, 7) - (20 if signed else 0)
    return Heatmap(method, native, native, {}, "classifier.bn2", None, 1, 1, 0.5)
