"""What all classifier sources share: the registry, the loaded classifier, its digest and its slug.

A source is one module that registers a function under its name. ``<source>:<model>`` calls it with
``<model>``.
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor, nn

from gallery.classifier._cam_layer import trace
from gallery.errors import ClassifierError
from gallery.records import ClassifierCard, Preprocessing
from gallery.registry import Registry

Progress = Callable[[str, int, int], None]
"""Called during a download with the file's name, the bytes so far and the bytes in all (0 = unknown)."""


@dataclass(frozen=True)
class LoadedClassifier:
    """A classifier ready to use; satisfies ``gallery.interfaces.Classifier``.

    Attributes:
        card: Facts about it.
        module: The network in evaluation mode, no parameter requiring gradients: (B, 3, H, W) float32
            normalised input -> (B, K) float32 logits.
        device: Where ``module`` lives: "cpu", "cuda" or "cuda:<n>".
    """

    card: ClassifierCard
    module: nn.Module
    device: str = "cpu"


class Source(Protocol):
    """What a classifier source is: a function from a model's name to the classifier, on the CPU."""

    def __call__(self, model: str, *, folder: Path, progress: Progress | None) -> LoadedClassifier:
        """Load ``model``.

        Args:
            model: What follows "<source>:" in the manifest.
            folder: The manifest's folder, which relative paths start from.
            progress: Told about downloads.

        Raises:
            ClassifierError: If it cannot be loaded; the message says what to do.
        """


SOURCES: Registry[Source] = Registry("classifier source", "gallery.classifier")


@dataclass(frozen=True)
class Facts:
    """What a source knows about a classifier apart from its weights; fields as in ``ClassifierCard``.

    Attributes:
        id: "<source>:<model>".
        title: Name as printed.
        architecture: "<library>:<name>".
        preprocessing: How inputs are made.
        class_names: K names by class index, or None to number them.
        licence: Licence of the weights.
        paper: Reference, one line.
        url: Where the weights are published, or "".
        cam_layer: Dotted path, or None to find the default.
        is_slug_unique: False where different weights may share an id; the slug then ends in 8 digits of the
            digest.
    """

    id: str
    title: str
    architecture: str
    preprocessing: Preprocessing
    class_names: tuple[str, ...] | None
    licence: str
    paper: str
    url: str = ""
    cam_layer: str | None = None
    is_slug_unique: bool = True


def slug_of(classifier_id: str) -> str:
    """Return ``classifier_id`` for file names and URLs: other characters than A-Za-z0-9_- become "-"."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", classifier_id).strip("-")


def classifier_digest(
    architecture: str, state_dict: Mapping[str, Tensor], preprocessing: Preprocessing
) -> str:
    """Return SHA-256 hex over everything that decides what a classifier answers.

    The same for the same weights whatever file format they came in and whatever device and memory layout they
    are in. Training-step counters (``num_batches_tracked``) do not count: they change no answer.

    Args:
        architecture: "<library>:<name>".
        state_dict: Tensors by name, any device.
        preprocessing: How inputs are made.
    """
    sha = hashlib.sha256(f"{architecture}\n".encode())
    for name in sorted(state_dict):
        if name.endswith("num_batches_tracked"):
            continue
        tensor = state_dict[name].detach().cpu()
        sha.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        sha.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    p = preprocessing
    numbers = [float(value).hex() for value in (*p.mean, *p.std)]
    sha.update(f"{tuple(p.size)} {p.resize} {p.interpolation} {' '.join(numbers)}\n".encode())
    return sha.hexdigest()


def finish(module: nn.Module, facts: Facts) -> LoadedClassifier:
    """Make a classifier of a network with its weights in place: freeze it, run it once, write its card.

    Args:
        module: On the CPU; put into evaluation mode, gradients off.
        facts: What the source knows.

    Raises:
        ClassifierError: If the network does not return one logit per class name, or has no module
            ``cam_layer``.
    """
    module.eval().requires_grad_(requires_grad=False)
    seen = trace(module, facts.preprocessing.size)
    names = facts.class_names or tuple(f"class {index}" for index in range(seen.n_classes))
    if len(names) != seen.n_classes:
        raise ClassifierError(
            f"{facts.id}: the network has {seen.n_classes} classes, but {len(names)} class names are given; "
            "give one name per class, in class index order."
        )
    if facts.cam_layer and facts.cam_layer not in dict(module.named_modules()):
        raise ClassifierError(
            f"{facts.id}: cam_layer: no module {facts.cam_layer!r}. The default is {seen.cam_layer!r}."
        )
    digest = classifier_digest(facts.architecture, module.state_dict(), facts.preprocessing)
    slug = slug_of(facts.id)
    card = ClassifierCard(
        id=facts.id,
        slug=slug if facts.is_slug_unique else f"{slug}-{digest[:8]}",
        digest=digest,
        title=facts.title,
        architecture=facts.architecture,
        class_names=names,
        preprocessing=facts.preprocessing,
        cam_layer=seen.cam_layer if facts.cam_layer is None else facts.cam_layer,
        licence=facts.licence,
        paper=facts.paper,
        url=facts.url,
        n_parameters=sum(parameter.numel() for parameter in module.parameters()),
    )
    return LoadedClassifier(card, module)
