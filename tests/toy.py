"""Analytic classifiers, scorers and games: their right answers are known without the code under test."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from gallery.explain.heatmaps._base import Subject
from gallery.interfaces import Classifier, MaskScorer
from gallery.records import ClassifierCard, MaskModel, ModelInput, Preprocessing
from gallery.scoring.engine import Engine, Scorer
from gallery.scoring.tuning import Precision, Tuning

Game = Callable[[Sequence[int]], list[float]]


def card(size: tuple[int, int] = (16, 16), cam_layer: str = "", n_classes: int = 3) -> ClassifierCard:
    """Return a card with plain preprocessing: mean 0.5, standard deviation 0.5."""
    half = (0.5, 0.5, 0.5)
    return ClassifierCard(
        id="toy:net",
        slug="toy-net",
        digest="0" * 64,
        title="Toy",
        architecture="toy",
        class_names=tuple(f"class {i}" for i in range(n_classes)),
        preprocessing=Preprocessing(size, None, "bilinear", half, half),
        cam_layer=cam_layer,
        licence="CC0-1.0",
        paper="none",
        url="",
        n_parameters=0,
    )


@dataclass(frozen=True)
class Toy:
    """A loaded classifier; satisfies ``gallery.interfaces.Classifier``."""

    card: ClassifierCard
    module: nn.Module
    device: str = "cpu"


def toy(module: nn.Module, size: tuple[int, int] = (16, 16), cam_layer: str = "") -> Toy:
    """Return ``module`` as a frozen classifier in evaluation mode."""
    return Toy(card(size, cam_layer), module.eval().requires_grad_(requires_grad=False))


def image_of(size: tuple[int, int], seed: int = 0) -> Tensor:
    """Return a smooth random (1, 3, H, W) float32 image, roughly normalised."""
    coarse = torch.randn(1, 3, 5, 5, generator=torch.Generator().manual_seed(seed))
    return nn.functional.interpolate(coarse, size=size, mode="bicubic", align_corners=False)


class TwoConv(nn.Module):
    """Two convolutions and a head that is not linear, so that gradients differ from pixel to pixel."""

    def __init__(self, seed: int = 1) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self.first = nn.Sequential(nn.Conv2d(3, 6, 3, padding=1), nn.Softplus())
            self.second = nn.Conv2d(6, 8, 3, stride=2, padding=1)
            self.bend = nn.ReLU(inplace=True)
            self.pool = nn.AdaptiveAvgPool2d((2, 3))
            self.head = nn.Sequential(nn.Flatten(), nn.Linear(48, 16), nn.Tanh(), nn.Linear(16, 16))

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (B, 16)."""
        logits: Tensor = self.head(self.pool(self.bend(self.second(self.first(x)))))
        return logits


class Pooled(nn.Module):
    """Convolution, ReLU, global average pooling, linear layer: where CAM, Grad-CAM and XGrad-CAM agree."""

    def __init__(self, seed: int = 2) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self.features = nn.Sequential(nn.Conv2d(3, 5, 3, padding=1), nn.ReLU())
            self.fc = nn.Linear(5, 3)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (B, 3)."""
        logits: Tensor = self.fc(self.features(x).mean(dim=(2, 3)))
        return logits


class Evidence(nn.Module):
    """Logits (a, 0) with a = scale * sum of weights x mean channel + offset: probabilities are analytic."""

    weights: Tensor

    def __init__(self, weights: Tensor, *, offset: float = 0.0) -> None:
        super().__init__()
        self.register_buffer("weights", weights)
        self.offset = offset
        self.images = 0
        self.calls: list[int] = []

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (B, 2) and count the images."""
        self.images += len(x)
        self.calls.append(len(x))
        a = (x.mean(dim=1) * self.weights).sum(dim=(1, 2)) + self.offset
        return torch.stack([a, torch.zeros_like(a)], dim=1)


def tuning(precision: Precision = "float32", batch: int = 4, exact_batch: int = 4) -> Tuning:
    """Return fixed batch sizes, nothing measured."""
    return Tuning(precision, batch, exact_batch, {})


def inputs_of(image: Tensor, baseline: Tensor | None = None) -> ModelInput:
    """Return ``image`` (1, 3, H, W) as what a classifier saw; the baseline is zero if not given."""
    replaced = torch.zeros_like(image) if baseline is None else baseline
    view = torch.zeros(*image.shape[-2:], 3, dtype=torch.uint8).numpy()
    return ModelInput(view=view, tensor=image.numpy(), baseline=replaced.numpy())


def scorer_of(
    classifier: Classifier, image: Tensor, target: int = 0, mask_model: MaskModel | None = None
) -> Scorer:
    """Return a scorer of a fresh engine with fixed batch sizes."""
    return Engine(classifier, tuning()).scorer(inputs_of(image), target, mask_model or MaskModel())


def subject_of(
    classifier: Classifier, image: Tensor, *, target: int = 0, seed: int = 0, scorer: MaskScorer | None = None
) -> Subject:
    """Return what a heatmap method receives."""
    return Subject(
        classifier=classifier,
        image=image,
        target=target,
        scorer=scorer or scorer_of(classifier, image, target),
        seed=seed,
        gradient_module=classifier.module,
    )


@dataclass
class LinearScorer:
    """Answers constant + sum of keep x weights, linear in the mask; satisfies ``MaskScorer``."""

    image: Tensor
    weights: Tensor
    constant: float = 0.0
    target: int = 0
    forwards: int = 0
    baselines: list[Tensor | None] = field(default_factory=list)

    @property
    def baseline(self) -> Tensor:
        """Return zeros."""
        return torch.zeros_like(self.image)

    @baseline.setter
    def baseline(self, value: Tensor) -> None:
        raise NotImplementedError

    def score(self, masks: Sequence[int], *, exact: bool, threshold: float | None = None) -> list[float]:
        """Not needed."""
        raise NotImplementedError

    def score_soft(self, keep: Tensor, *, exact: bool, baseline: Tensor | None = None) -> Tensor:
        """Return (B,) float32."""
        self.forwards += len(keep)
        self.baselines.append(baseline)
        return (keep.double() * self.weights.double()).sum(dim=(1, 2)).add(self.constant).float()


def dnf(*clauses: int) -> Game:
    """Score 1 where any clause is fully kept, else the best clause's kept share: monotone."""

    def score(masks: Sequence[int]) -> list[float]:
        return [max((m & c).bit_count() / c.bit_count() for c in clauses) for m in masks]

    return score


def random_game(seed: int) -> Game:
    """Score every mask by an unrelated number in (0, 1), far from monotone; the empty set gets 0."""

    def value(mask: int) -> float:
        draw = torch.Generator().manual_seed(seed * 1_000_003 + mask)
        return float(torch.rand(1, generator=draw)) if mask else 0.0

    return lambda masks: [value(mask) for mask in masks]


def sigmoid(a: float) -> float:
    """Return the probability of logit ``a`` against logit 0."""
    return 1 / (1 + math.exp(-a))


def mask(*cells: int) -> int:
    """Return the bit mask that keeps ``cells``."""
    return sum(1 << cell for cell in cells)
