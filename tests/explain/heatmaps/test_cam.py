"""CAM: an exact split of the logit where the head allows it, and an error where it does not."""

import pytest
import torch
import torchvision
from torch import Tensor, nn

from gallery.classifier.load import load_classifier
from gallery.errors import ClassifierError
from gallery.explain.heatmaps._base import HEATMAPS, Subject, inapplicable
from gallery.explain.heatmaps.cam import cam
from gallery.explain.heatmaps.grad_cam import grad_cam
from tests import toy
from tests.explain.heatmaps import oracle

SIZE = (16, 24)


class Headed(nn.Module):
    """Convolution without activation, then whatever head is given."""

    def __init__(self, head: nn.Module) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(3)
            self.features = nn.Conv2d(3, 5, 3, padding=1)
            self.head = head
            # The heads below were made before anybody could seed them.
            for layer in head.modules():
                if isinstance(layer, nn.Linear | nn.Conv2d):
                    layer.reset_parameters()

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (B, 3)."""
        logits: Tensor = self.head(self.features(x))
        return logits


def head_of(*parts: nn.Module, n: int = 5) -> nn.Module:
    """Return parts, flattened, and a linear layer from ``n`` numbers to 3 logits."""
    return nn.Sequential(*parts, nn.Flatten(), nn.Linear(n, 3))


def subject_of(module: nn.Module, target: int = 2) -> Subject:
    return toy.subject_of(toy.toy(module, SIZE, cam_layer="features"), toy.image_of(SIZE), target=target)


MEAN = nn.AdaptiveAvgPool2d(1)
ALLOWED = {
    "plain": head_of(MEAN),
    "dropout": head_of(nn.Identity(), MEAN, nn.Dropout()),
    "ReLU": head_of(nn.ReLU(inplace=True), MEAN),
    "convolution": nn.Sequential(MEAN, nn.Conv2d(5, 3, 1), nn.Flatten()),
    "convolution before pooling": nn.Sequential(nn.Conv2d(5, 3, 1), MEAN, nn.Flatten()),
}
REFUSED = {
    "maximum": head_of(nn.AdaptiveMaxPool2d(1)),
    "two by two": head_of(nn.AdaptiveAvgPool2d(2), n=20),
    "normalised": head_of(MEAN, nn.LayerNorm([5, 1, 1])),
    "sigmoid": head_of(nn.Sigmoid(), MEAN),
    "two linear layers": head_of(MEAN, nn.Flatten(), nn.Linear(5, 5), nn.Tanh()),
}


@pytest.mark.parametrize("name", ALLOWED)
def test_mean_of_the_map_plus_bias_is_the_logit(name: str) -> None:
    subject = subject_of(Headed(ALLOWED[name]))
    logit = float(subject.classifier.module(subject.image)[0, 2])
    bias = float(
        next(b for key, b in subject.classifier.module.named_parameters() if "head" in key and "bias" in key)[
            2
        ]
    )
    raw = cam(subject)
    assert float(raw.native.mean()) + bias == pytest.approx(logit, abs=1e-5)
    assert float(raw.native.min()) < 0 < float(raw.native.max())
    assert (raw.layer, raw.forwards, raw.backwards, raw.seeded) == ("features", 1, 1, False)
    assert inapplicable("cam", subject.classifier) == ""
    assert HEATMAPS["cam"].facts["is_signed"]


def test_is_the_papers_sum() -> None:
    module = toy.Pooled()
    subject = subject_of(module)
    a = module.features(subject.image)[0].double()
    expected = sum(w * plane for w, plane in zip(module.fc.weight[2].double(), a, strict=True))
    oracle.assert_same(cam(subject).native, torch.as_tensor(expected))


def test_grad_cam_is_its_positive_part_over_the_number_of_positions() -> None:
    subject = subject_of(toy.Pooled())
    positive = cam(subject).native.double().clamp(min=0) / (SIZE[0] * SIZE[1])
    oracle.assert_same(grad_cam(subject, layer="features").native, positive)


@pytest.mark.parametrize("name", REFUSED)
def test_other_heads_are_refused(name: str) -> None:
    subject = subject_of(Headed(REFUSED[name]))
    with pytest.raises(
        ClassifierError, match=r"toy:net: more than global average pooling .* option \"layer\""
    ):
        cam(subject)
    assert inapplicable("cam", subject.classifier) == (
        "more than global average pooling and one linear layer follows its layer 'features'"
    )


def test_the_layer_must_be_the_one_that_is_pooled() -> None:
    subject, _ = oracle.case("resnet18 layer4")
    assert cam(subject, layer="layer4").native.shape == (3, 3)
    with pytest.raises(ClassifierError, match="follows 'layer3'"):
        cam(subject, layer="layer3")


def test_classifiers_without_a_layer_are_not_for_it() -> None:
    assert "no layer" in inapplicable("cam", toy.toy(toy.Pooled(), SIZE))
    assert "no_such" in inapplicable("cam", toy.toy(toy.Pooled(), SIZE, cam_layer="no_such"))


def test_the_embedded_classifier_and_densenet_allow_it() -> None:
    assert inapplicable("cam", load_classifier("embedded:efficientnet_lite0", device="cpu")) == ""
    with torch.random.fork_rng():
        torch.manual_seed(2)
        dense = toy.toy(torchvision.models.densenet121(weights=None, num_classes=3), (64, 64), "features")
    assert inapplicable("cam", dense) == "", "its ReLU is a function, not a module"
