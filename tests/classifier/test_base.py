"""Digests, slugs, and what ``finish`` insists on."""

import dataclasses
import hashlib
import struct

import pytest
import torch
from torch import Tensor, nn

from gallery.classifier._base import SOURCES, Facts, classifier_digest, finish, slug_of
from gallery.errors import ClassifierError
from gallery.records import Preprocessing

PREPROCESSING = Preprocessing((8, 8), 10, "bilinear", (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))


class Toy(nn.Module):
    """A convolution, ReLU, mean over positions: 3 logits."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 3, padding=1)
        self.act = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, 3) logits."""
        hidden: Tensor = self.act(self.conv(x))
        return hidden.mean(dim=(2, 3))


FACTS = Facts("toy:one", "Toy", "toy:net", PREPROCESSING, ("a", "b", "c"), "CC0-1.0", "none")


def state() -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(3)
    return {
        "a.weight": torch.randn(4, 3, 2, 2, generator=generator),
        "a.bias": torch.randn(4, generator=generator),
        "scale": torch.tensor(2.0),
    }


def digest(tensors: dict[str, Tensor]) -> str:
    return classifier_digest("toy:net", tensors, PREPROCESSING)


def test_digest_is_that_of_the_documented_bytes() -> None:
    tensors = {"w": torch.tensor([[1.0, -2.0], [0.5, 3.0]]), "b": torch.tensor(7, dtype=torch.int16)}
    content = b"toy:net\n"
    content += b"b torch.int16 ()\n" + struct.pack("<h", 7)
    content += b"w torch.float32 (2, 2)\n" + struct.pack("<4f", 1.0, -2.0, 0.5, 3.0)
    half, quarter = "0x1.0000000000000p-1", "0x1.0000000000000p-2"
    content += f"(8, 8) 10 bilinear {half} {half} {half} {quarter} {quarter} {quarter}\n".encode()
    assert digest(tensors) == hashlib.sha256(content).hexdigest()


def test_digest_ignores_order_layout_and_step_counters() -> None:
    tensors = state()
    other = dict(reversed(tensors.items()))
    other["a.weight"] = tensors["a.weight"].to(memory_format=torch.channels_last)
    other["a.num_batches_tracked"] = torch.tensor(17)
    assert other["a.weight"].stride() != tensors["a.weight"].stride()
    assert digest(other) == digest(tensors)


def test_digest_sees_one_bit() -> None:
    tensors = state()
    tensors["a.bias"][2] = torch.nextafter(tensors["a.bias"][2], torch.tensor(9.0))
    assert digest(tensors) != digest(state())


@pytest.mark.parametrize(
    "change",
    [
        {"a.bias": torch.zeros(4, dtype=torch.float64)},
        {"a.bias": torch.zeros(2, 2)},
        {"a.bias": torch.zeros(4), "extra": torch.zeros(0)},
    ],
    ids=["dtype", "shape", "name"],
)
def test_digest_sees_names_dtypes_and_shapes(change: dict[str, Tensor]) -> None:
    assert digest(state() | change) != digest(state() | {"a.bias": torch.zeros(4)})


@pytest.mark.parametrize(
    "change",
    [
        {"size": (8, 9)},
        {"resize": None},
        {"interpolation": "bicubic"},
        {"mean": (0.5, 0.5, 0.5000000000000001)},
        {"std": (0.25, 0.26, 0.25)},
    ],
    ids=str,
)
def test_digest_sees_preprocessing(change: dict[str, object]) -> None:
    changed = dataclasses.replace(PREPROCESSING, **change)  # type: ignore[arg-type]
    assert classifier_digest("toy:net", state(), changed) != digest(state())


def test_digest_sees_the_architecture() -> None:
    assert classifier_digest("toy:other", state(), PREPROCESSING) != digest(state())


@pytest.mark.parametrize(
    ("classifier_id", "slug"),
    [
        ("embedded:efficientnet_lite0", "embedded-efficientnet_lite0"),
        ("torchvision:resnet50@IMAGENET1K_V2", "torchvision-resnet50-IMAGENET1K_V2"),
        ("checkpoint:../my weights/é.pth", "checkpoint-my-weights-pth"),
    ],
)
def test_slugs_are_safe(classifier_id: str, slug: str) -> None:
    assert slug_of(classifier_id) == slug


def test_finish_freezes_and_fills_the_card() -> None:
    toy = Toy().train()
    loaded = finish(toy, FACTS)
    assert not loaded.module.training
    assert not any(parameter.requires_grad for parameter in loaded.module.parameters())
    assert loaded.card.cam_layer == "act"
    assert loaded.card.n_parameters == 3 * 3 * 9 + 3
    assert loaded.card.slug == "toy-one"


def test_finish_numbers_classes_without_names() -> None:
    loaded = finish(Toy(), dataclasses.replace(FACTS, class_names=None))
    assert loaded.card.class_names == ("class 0", "class 1", "class 2")


def test_finish_refuses_a_wrong_number_of_names() -> None:
    with pytest.raises(ClassifierError, match="has 3 classes, but 2 class names"):
        finish(Toy(), dataclasses.replace(FACTS, class_names=("a", "b")))


def test_finish_refuses_an_unknown_cam_layer() -> None:
    with pytest.raises(ClassifierError, match=r"no module 'layer4'\. The default is 'act'"):
        finish(Toy(), dataclasses.replace(FACTS, cam_layer="layer4"))


def test_every_source_is_registered_with_its_facts() -> None:
    assert SOURCES.names() == ["checkpoint", "embedded", "intr", "timm", "torchvision"]
    assert all(entry.title and entry.reference and entry.doc for entry in SOURCES)
