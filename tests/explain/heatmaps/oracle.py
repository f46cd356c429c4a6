"""Slow twins of the CAM methods: the papers' formulas in float64, on a double copy of the network."""

import copy
from collections.abc import Callable
from importlib.resources import files

import numpy as np
import torch
import torchvision
from PIL import Image
from torch import Tensor, nn

from gallery.classifier.load import load_classifier
from gallery.explain.heatmaps._base import Subject
from gallery.interfaces import Classifier
from gallery.preprocess import preprocess
from tests import toy


def features(module: nn.Module, layer: str, x: Tensor, target: int) -> tuple[Tensor, Tensor]:
    """Return activations and gradients (B, C, h, w) float64 of ``layer``, nothing done in place."""
    twin = copy.deepcopy(module).double().eval()
    for part in twin.modules():
        if hasattr(part, "inplace"):
            part.inplace = False  # type: ignore[assignment]
    kept: list[Tensor] = []
    twin.get_submodule(layer).register_forward_hook(lambda _, __, output: kept.append(output))
    logits = twin(x.double().requires_grad_())
    (gradients,) = torch.autograd.grad(logits[:, target].sum(), kept[0])
    return kept[0].detach(), gradients


def rectified(weights: list[Tensor], activations: Tensor) -> Tensor:
    """Return ReLU(sum_k w_k A_k)."""
    total = torch.zeros_like(activations[0])
    for weight, plane in zip(weights, activations, strict=True):
        total += weight * plane
    return total.clamp(min=0)


def grad_cam(a: Tensor, g: Tensor) -> Tensor:
    """Selvaraju et al., equations 1 and 2."""
    return rectified([plane.sum() / plane.numel() for plane in g], a)


def grad_cam_plus_plus(a: Tensor, g: Tensor) -> Tensor:
    """Chattopadhay et al., equation 19, with the class score exp(Y)."""
    return smooth(a, g[None])


def smooth(a: Tensor, samples: Tensor) -> Tensor:
    """Omeiza et al. with D2 in the numerator, from gradients of noisy copies (n, C, h, w), pixel by pixel."""
    weights = []
    for k in range(len(a)):
        d1, d2, d3 = (sum(g[k] ** power for g in samples) / len(samples) for power in (1, 2, 3))
        bottom = 2 * d2 + a[k].sum() * d3
        alpha = torch.where(bottom == 0, 0.0, d2 / bottom)
        weights.append((alpha * torch.relu(torch.as_tensor(d1))).nansum())
    return rectified(weights, a)


def xgrad_cam(a: Tensor, g: Tensor) -> Tensor:
    """Fu et al.: gradients weighted by normalised activations."""
    sums = [plane.sum() for plane in a]
    return rectified([(p / s * d).sum() if s else 0 * s for p, s, d in zip(a, sums, g, strict=True)], a)


def _toy_conv() -> tuple[Classifier, Tensor, str]:
    return toy.toy(toy.TwoConv(), (17, 22)), toy.image_of((17, 22)), "second"


def _toy_first() -> tuple[Classifier, Tensor, str]:
    return toy.toy(toy.TwoConv(3), (16, 16)), toy.image_of((16, 16), seed=4), "first"


def _resnet(layer: str) -> Callable[[], tuple[Classifier, Tensor, str]]:
    def make() -> tuple[Classifier, Tensor, str]:
        with torch.random.fork_rng():
            torch.manual_seed(5)
            module = torchvision.models.resnet18(weights=None, num_classes=3)
        return toy.toy(module, (96, 96)), toy.image_of((96, 96), seed=1), layer

    return make


def _embedded() -> tuple[Classifier, Tensor, str]:
    classifier = load_classifier("embedded:efficientnet_lite0", device="cpu")
    with files("skimage").joinpath("data/coffee.png").open("rb") as file:
        pixels = np.asarray(Image.open(file).convert("RGB"))
    x = torch.from_numpy(preprocess(pixels, classifier.card.preprocessing))
    return classifier, x, classifier.card.cam_layer


CASES: dict[str, Callable[[], tuple[Classifier, Tensor, str]]] = {
    "two convolutions": _toy_conv,
    "first convolution": _toy_first,
    "resnet18 layer4": _resnet("layer4"),
    "resnet18 layer3": _resnet("layer3"),
    "embedded on a photograph": _embedded,
}


def case(name: str, target: int = 1, seed: int = 0) -> tuple[Subject, str]:
    """Return a subject, and the layer to explain."""
    classifier, x, layer = CASES[name]()
    target = 967 if classifier.card.id.startswith("embedded") else target
    return toy.subject_of(classifier, x, target=target, seed=seed, scorer=toy.LinearScorer(x, x[0, 0])), layer


def assert_same(mine: Tensor, oracle: Tensor, tolerance: float = 1e-5) -> None:
    """Check a raw map against its twin, relative to the twin's largest value, which must not be 0."""
    assert mine.shape == oracle.shape
    assert float(oracle.max()) > 0
    error = float((mine.double() - oracle).abs().max() / oracle.max())
    assert error < tolerance, f"off by {error:.2e} of the largest value"
