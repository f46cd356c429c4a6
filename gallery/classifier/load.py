"""From a manifest's "<source>:<model>" to a classifier on its device."""

import dataclasses
from pathlib import Path

import torch

from gallery.classifier._base import SOURCES, LoadedClassifier, Progress, classifier_digest
from gallery.errors import ClassifierError, RegistrationError
from gallery.records import ClassifierCard


def load_classifier(
    spec: str,
    *,
    device: str = "auto",
    folder: Path | None = None,
    progress: Progress | None = None,
    stretch: bool = False,
) -> LoadedClassifier:
    """Load the classifier that ``spec`` names.

    Args:
        spec: "<source>:<model>", such as "embedded:efficientnet_lite0" or "torchvision:vgg19".
        device: "auto" (CUDA where there is one), "cpu", "cuda" or "cuda:<n>".
        folder: The manifest's folder, which relative paths in ``spec`` start from; the current one if None.
        progress: Told about downloads: file name, bytes so far, bytes in all (0 = unknown).
        stretch: True to show it whole photographs, their aspect ratio lost, instead of a centre crop.

    Returns:
        In evaluation mode; no parameter requires gradients. The global random state is left as it was.

    Raises:
        ClassifierError: If ``spec`` is malformed or names an unknown source, model or device, or if the
            weights are missing, damaged or unfit; the message says what to do.
    """
    source, colon, model = spec.partition(":")
    if not colon or not source or not model:
        raise ClassifierError(
            f'Classifier {spec!r}: expected "<source>:<model>", such as "embedded:efficientnet_lite0". '
            f"Sources: {', '.join(SOURCES.names())}."
        )
    try:
        entry = SOURCES[source]
    except RegistrationError as exc:
        raise ClassifierError(f"Classifier {spec!r}: {exc}") from exc
    place = device_of(device)
    loaded = entry.call(model, folder=folder or Path(), progress=progress)
    card = _stretching(loaded) if stretch else loaded.card
    return dataclasses.replace(loaded, card=card, module=loaded.module.to(place), device=place)


def _stretching(loaded: LoadedClassifier) -> ClassifierCard:
    """Return the card of a classifier that sees whole photographs; its answers differ, so its digest does."""
    preprocessing = dataclasses.replace(loaded.card.preprocessing, resize=None)
    digest = classifier_digest(loaded.card.architecture, loaded.module.state_dict(), preprocessing)
    return dataclasses.replace(loaded.card, preprocessing=preprocessing, digest=digest)


def device_of(name: str) -> str:
    """Return the torch device that ``name`` asks for.

    Raises:
        ClassifierError: If it is not there.
    """
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    kind, _, index = name.partition(":")
    if name == "cpu":
        return name
    if kind != "cuda" or (index and not index.isdecimal()):
        raise ClassifierError(f'Device {name!r}: expected "auto", "cpu", "cuda" or "cuda:<n>".')
    n_devices = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if int(index or 0) >= n_devices:
        raise ClassifierError(
            f'Device {name!r}: torch sees {n_devices} CUDA devices here. Use "auto" or "cpu".'
        )
    return name
