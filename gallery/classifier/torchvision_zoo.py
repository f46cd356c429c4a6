"""torchvision's classification networks: ``torchvision:<name>[@weights]``.

``<name>`` is torchvision's ("resnet50", "vgg19", "convnext_tiny"); ``@weights`` one of its published sets of
weights ("@IMAGENET1K_V1"), the recommended one if left out. ``@random`` is the untrained network, for tests
and sanity checks. Inputs are made as torchvision documents for the weights.
"""

import inspect
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import torchvision

from gallery.classifier._architectures import (
    build_torchvision,
    check_torchvision,
    seeded,
    suggestion,
    torchvision_preprocessing,
)
from gallery.classifier._base import SOURCES, Facts, LoadedClassifier, Progress, finish
from gallery.classifier._download import cache_path, fetch, shown
from gallery.classifier._weights import UNREADABLE, only_tensors
from gallery.errors import ClassifierError

URL = "https://docs.pytorch.org/vision/stable/models.html"
SQUEEZENET = (
    "SqueezeNet: AlexNet-level accuracy with 50x fewer parameters and <0.5MB model size, "
    "https://arxiv.org/abs/1602.07360"
)


@SOURCES.register(
    "torchvision",
    title="torchvision",
    reference="TorchVision maintainers and contributors, 2016, https://github.com/pytorch/vision",
)
def torchvision_zoo(model: str, *, folder: Path, progress: Progress | None) -> LoadedClassifier:
    """Load a torchvision network; see the module and ``Source``."""
    name, at, tag = model.partition("@")
    check_torchvision(name)
    if tag == "random":
        return _random(name)
    weights = _choose(name, tag if at else "DEFAULT")
    path = fetch(weights.url, cache_path(Path(urlsplit(weights.url).path).name), progress)
    # torchvision knows what each of its networks needs when weights are loaded (renamed keys, input size,
    # auxiliary heads), so it loads them itself, from the file just put where it looks for it.
    try:
        with only_tensors():
            module = seeded(lambda: torchvision.models.get_model(name, weights=weights, progress=False))
    except UNREADABLE as exc:
        raise ClassifierError(f"{shown(path)}: cannot be read ({exc}). Delete it and run again.") from exc
    display = type(weights).__name__.removesuffix("_Weights").replace("_", "-")
    facts = Facts(
        id=f"torchvision:{model}",
        title=f"{display} (torchvision, {weights.name})",
        architecture=f"torchvision:{name}",
        preprocessing=torchvision_preprocessing(weights.transforms()),
        class_names=tuple(weights.meta["categories"]),
        licence=_licence(weights.meta),
        paper=paper_of(name),
        url=weights.meta.get("recipe") or URL,
    )
    return finish(module, facts)


def paper_of(name: str) -> str:
    """Return the reference torchvision's documentation gives for a network, or its own address."""
    if name.startswith("squeezenet"):
        return SQUEEZENET  # the one title whose link torchvision's documentation leaves out
    doc = inspect.getdoc(torchvision.models.get_model_builder(name)) or ""
    links = re.findall(r"`([^`<]+?)\s*<(https?://[^>]+)>`", doc.split("Args:")[0])
    return "; ".join(f"{' '.join(title.split())}, {url}" for title, url in links) or URL


def _random(name: str) -> LoadedClassifier:
    architecture = build_torchvision(name)
    facts = Facts(
        id=f"torchvision:{name}@random",
        title=f"{name} (torchvision, random weights)",
        architecture=architecture.name,
        preprocessing=architecture.preprocessing,
        class_names=None,
        licence="none needed: random weights",
        paper=paper_of(name),
        url=URL,
    )
    return finish(architecture.module, facts)


def _choose(name: str, tag: str) -> Any:  # noqa: ANN401  # torchvision is untyped
    """Return the member of torchvision's weights enumeration.

    Raises:
        ClassifierError: If there is none called ``tag``.
    """
    published = torchvision.models.get_model_weights(name)
    if tag not in published.__members__:
        known = [*(weights.name for weights in published), "random"]
        hint = suggestion(tag, known, "")
        hint = hint if hint.startswith("Did") else f"Known: {', '.join(known)}."
        raise ClassifierError(f"torchvision:{name} has no weights {tag!r}. {hint}")
    return published[tag]


def _licence(meta: dict[str, Any]) -> str:
    """Return what torchvision states: a licence for the SWAG weights, nothing for the others."""
    stated = meta.get("license")
    if stated and "SWAG" in stated:
        return f"CC-BY-NC-4.0 ({stated})"
    return (
        stated or "not stated for the weights (trained on ImageNet, whose terms may apply); code BSD-3-Clause"
    )
