"""Slow twins of the CAM methods: the papers' formulas in float64, on a double copy of the network."""

import copy
from collections.abc import Callable
from importlib.resources import files
from typing import Any

import numpy as np
import timm
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
    twin = double(module)
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


def layer_cam(a: Tensor, g: Tensor) -> Tensor:
    """Jiang et al.: every position has a weight of its own."""
    total = torch.zeros_like(a[0])
    for plane, slope in zip(a, g, strict=True):
        total += torch.relu(slope) * plane
    return total.clamp(min=0)


def attention_guided_cam(a: Tensor, g: Tensor) -> Tensor:
    """Our reading of An and Joe: CBAM's two gates on Grad-CAM's maps, without parameters."""
    f = np.stack([float(slope.mean()) * plane.numpy() for plane, slope in zip(a, g, strict=True)])

    def gate(mean: np.ndarray, largest: np.ndarray) -> np.ndarray:
        z = sum((v - v.mean()) / v.std() if v.std() > 0 else 0 * v for v in (mean, largest))
        result: np.ndarray = 1 / (1 + np.exp(-z))
        return result

    f = np.stack([s * plane for s, plane in zip(gate(f.mean((1, 2)), f.max((1, 2))), f, strict=True)])
    gated = gate(f.mean(0), f.max(0)) * f.sum(0)
    return torch.from_numpy(gated).clamp(min=0)


def double(module: nn.Module) -> nn.Module:
    """Return a float64 copy in which nothing is done in place."""
    twin = copy.deepcopy(module).double().eval()
    for part in twin.modules():
        if hasattr(part, "inplace"):
            part.inplace = False  # type: ignore[assignment]
    return twin


def ablation_cam(module: nn.Module, layer: str, x: Tensor, target: int) -> Tensor:
    """Desai and Ramaswamy: the whole network once for every feature map, with |Y| below the line."""
    twin, a = double(module), features(module, layer, x, target)[0][0]
    without: list[int] = []

    def ablate(_: nn.Module, __: object, output: Tensor) -> Tensor:
        changed = output.clone()
        changed[:, without] = 0
        return changed

    twin.get_submodule(layer).register_forward_hook(ablate)
    with torch.no_grad():
        y = twin(x.double())[0, target]
        weights = []
        for k in range(len(a)):
            without[:] = [k]
            weights.append((y - twin(x.double())[0, target]) / y.abs())
    return rectified(weights, a)


def region_mask(plane: Tensor, size: tuple[int, int]) -> Tensor:
    """Return a map (h, w) at ``size``, stretched onto [0, 1]."""
    large = nn.functional.interpolate(plane[None, None], size, mode="bilinear", align_corners=False)[0, 0]
    return (large - large.min()) / (large.max() - large.min())


def score_cam(module: nn.Module, layer: str, x: Tensor, target: int, weights: str = "increase") -> Tensor:
    """Wang et al.: one image after the other; maps that are flat are passed over."""
    twin, a = double(module), features(module, layer, x, target)[0][0]

    def f(image: Tensor) -> Tensor:
        with torch.no_grad():
            return torch.as_tensor(twin(image).softmax(dim=1)[0, target])

    planes = [plane for plane in a if plane.max() > plane.min()]
    scores = [f(x.double() * region_mask(plane, (x.shape[2], x.shape[3]))) for plane in planes]
    if weights != "probability":
        scores = [score - f(torch.zeros_like(x).double()) for score in scores]
    if weights == "softmax":
        scores = list(torch.stack(scores).softmax(dim=0))
    return rectified(scores, torch.stack(planes))


def group_cam(
    module: nn.Module, layer: str, x: Tensor, target: int, blurred: Tensor, groups: list[list[int]]
) -> Tensor:
    """Zhang et al., the official code's steps, for the given groups of channels."""
    twin = double(module)
    a, g = (both[0] for both in features(module, layer, x, target))
    total = torch.zeros_like(a[0])
    with torch.no_grad():
        before = twin(blurred.double()).softmax(dim=1)[0, target]
        for group in groups:
            merged = rectified([g[k].mean() for k in group], a[group])
            if merged.max() == merged.min():
                continue
            mask = region_mask(merged, (x.shape[2], x.shape[3]))
            mixed = x.double() * mask + blurred.double() * (1 - mask)
            total += torch.relu(twin(mixed).softmax(dim=1)[0, target] - before) * merged
    return total


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


def asked(name: str, target: int = 1) -> tuple[Subject, str]:
    """Return a small subject whose scorer asks the network, and the layer: for twins that run it often.

    "residual" is a network of residual blocks with few channels; the other names are in ``CASES``.
    """
    if name == "residual":
        with torch.random.fork_rng():
            torch.manual_seed(5)
            module: Any = timm.create_model("test_resnet", num_classes=3, zero_init_last=False)
            module.fc.weight.data *= 4  # else its answers hardly differ
        x = toy.image_of((64, 96), seed=1)
        return toy.subject_of(toy.toy(module, (64, 96)), x, target=target), "layer3"
    subject, layer = case(name, target)
    subject.scorer = toy.scorer_of(subject.classifier, subject.image, target)
    return subject, layer


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
