"""INTR classifiers: written and read again, the right backbone only, and messages for everything else."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from gallery.classifier._class_queries import ClassQueries, QueryShape
from gallery.classifier.intr import Head, head_bytes, load_backbone, read_head
from gallery.classifier.load import load_classifier
from gallery.errors import ClassifierError

BACKBONE = "timm:test_resnet@random"
CLASSES = ("cat", "dog", "cup")


@pytest.fixture(scope="module")
def head() -> tuple[Head, ClassQueries]:
    """Return a head that was never trained."""
    backbone = load_backbone(BACKBONE, Path())
    module: Any = backbone.module
    with torch.inference_mode():
        channels = module.forward_features(torch.zeros(1, 3, 64, 64)).shape[1]
    shape = QueryShape(len(CLASSES), channels, width=16)
    torch.manual_seed(0)
    return Head(BACKBONE, backbone.card.digest, CLASSES, shape, {"seed": 0}), ClassQueries(shape)


def write(folder: Path, head: tuple[Head, ClassQueries]) -> Path:
    path = folder / "pets.safetensors"
    path.write_bytes(head_bytes(*head))
    return path


def test_a_written_head_is_a_classifier(tmp_path: Path, head: tuple[Head, ClassQueries]) -> None:
    write(tmp_path, head)
    loaded = load_classifier("intr:pets.safetensors", device="cpu", folder=tmp_path)
    card, backbone = loaded.card, load_backbone(BACKBONE, Path())
    module: Any = loaded.module
    before: Any = backbone.module
    assert card.class_names == CLASSES
    assert card.architecture == "intr:timm:test_resnet"
    assert card.preprocessing == backbone.card.preprocessing
    assert card.cam_layer == f"backbone.{backbone.card.cam_layer}"
    assert card.cam_layer in dict(loaded.module.named_modules())
    assert not any(parameter.requires_grad for parameter in loaded.module.parameters())
    x = torch.randn(2, 3, *card.preprocessing.size, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        expected = head[1].eval()(before.forward_features(x))
        torch.testing.assert_close(module(x), expected)
        maps = module.class_attention(x)
    assert maps.shape[:3] == (2, 4, len(CLASSES))
    torch.testing.assert_close(maps.sum(dim=(3, 4)), torch.ones(2, 4, len(CLASSES)))
    assert not module.queries._forward_pre_hooks


def test_the_same_head_gives_the_same_bytes(head: tuple[Head, ClassQueries]) -> None:
    assert head_bytes(*head) == head_bytes(*head)


def test_what_a_head_says_about_itself_is_read_back(tmp_path: Path, head: tuple[Head, ClassQueries]) -> None:
    assert read_head(write(tmp_path, head), "x") == head[0]


def test_another_backbone_s_weights_are_refused(tmp_path: Path, head: tuple[Head, ClassQueries]) -> None:
    path = write(tmp_path, (replace(head[0], backbone_digest="0" * 64), head[1]))
    with pytest.raises(
        ClassifierError, match=r"trained on other weights of timm:test_resnet.*Train it again"
    ):
        load_classifier(f"intr:{path}", device="cpu")


def test_an_absolute_path_does_not_go_onto_pages(tmp_path: Path, head: tuple[Head, ClassQueries]) -> None:
    card = load_classifier(f"intr:{write(tmp_path, head)}", device="cpu").card
    assert card.id == "intr:pets.safetensors"
    assert card.slug == f"intr-pets-safetensors-{card.digest[:8]}"


def test_files_that_are_no_heads(tmp_path: Path, head: tuple[Head, ClassQueries]) -> None:
    path = write(tmp_path, head)
    cut = path.read_bytes()[:100]
    (tmp_path / "cut.safetensors").write_bytes(cut)
    save_file({"a": torch.zeros(1)}, tmp_path / "other.safetensors")
    save_file(
        {"a": torch.zeros(1)},
        tmp_path / "newer.safetensors",
        {"gallery": json.dumps({"format": "gallery-intr-9"})},
    )
    for name, expected in (
        ("gone", "no such file"),
        ("cut", "not a head that gallery head train wrote, or damaged"),
        ("other", "not a head that gallery head train wrote, or damaged"),
        ("newer", "not a head that gallery head train wrote, or damaged"),
    ):
        with pytest.raises(ClassifierError, match=expected):
            load_classifier(f"intr:{name}.safetensors", device="cpu", folder=tmp_path)


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("resnet18", 'expected "<source>:<model>"'),
        ("nowhere:resnet18", 'expected "<source>:<model>"'),
        ("torchvision:squeezenet1_1@random", "hands out no feature map"),
    ],
)
def test_backbones_that_cannot_be(spec: str, expected: str) -> None:
    with pytest.raises(ClassifierError, match=expected):
        load_backbone(spec, Path())
