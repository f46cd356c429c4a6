"""A classifier as an ONNX file: the same answers, the same bytes, and refusals that say what to do."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from gallery.classifier import onnx as module
from gallery.classifier._base import Facts, LoadedClassifier, finish
from gallery.errors import ClassifierError
from gallery.records import LiveModel, Preprocessing

for package in module.PACKAGES:
    pytest.importorskip(package)

SIDE = 32
PREPROCESSING = Preprocessing((SIDE, SIDE), SIDE, "bilinear", (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))


def network(seed: int) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return nn.Sequential(
            nn.Conv2d(3, 8, 5, stride=2), nn.BatchNorm2d(8), nn.ReLU6(),
            nn.Conv2d(8, 8, 3, padding=1, groups=8), nn.SiLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
            nn.Linear(8, 5),
        )  # fmt: skip


def classifier(made: nn.Module) -> LoadedClassifier:
    facts: dict[str, Any] = {"architecture": "toy:net", "licence": "CC0-1.0", "paper": "none"}
    return finish(
        made, Facts(id="toy:net", title="Toy", preprocessing=PREPROCESSING, class_names=None, **facts)
    )


@pytest.fixture(scope="module")
def toy() -> LoadedClassifier:
    return classifier(network(1))


@pytest.fixture(scope="module")
def exported(toy: LoadedClassifier) -> LiveModel:
    return module.export_onnx(toy)


def test_the_export_answers_as_pytorch_does(toy: LoadedClassifier, exported: LiveModel) -> None:
    inputs = torch.randn(4, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0))
    assert 0 <= module.Comparison(exported.onnx, toy).difference(inputs) < 1e-6
    assert exported.blur == (9, 8.0)
    assert set(exported.versions) == {"torch", *module.PACKAGES}


def test_exporting_twice_gives_the_same_bytes_without_paths(
    toy: LoadedClassifier, exported: LiveModel
) -> None:
    before = {name: tensor.clone() for name, tensor in toy.module.state_dict().items()}
    again = module.export_onnx(toy)
    assert again.onnx.tobytes() == exported.onnx.tobytes()
    for trace in (b".py", str(Path.home()).encode() + b"/", b"site-packages"):
        assert trace not in exported.onnx.tobytes()
    assert not toy.module.training
    assert all(torch.equal(tensor, before[name]) for name, tensor in toy.module.state_dict().items())


def test_an_export_that_answers_otherwise_is_refused(exported: LiveModel) -> None:
    other = module.Comparison(exported.onnx, classifier(network(2)))
    with pytest.raises(ClassifierError, match=r"toy:net: .* differs from PyTorch by 0\.\d+ .* at most 5e-05"):
        other.difference(torch.ones(1, 3, SIDE, SIDE))


def test_answers_that_are_no_numbers_are_refused(toy: LoadedClassifier, exported: LiveModel) -> None:
    with pytest.raises(ClassifierError, match="differs from PyTorch by nan"):
        module.Comparison(exported.onnx, toy).difference(torch.full((1, 3, SIDE, SIDE), torch.nan))


def test_a_damaged_file_is_refused(toy: LoadedClassifier, exported: LiveModel) -> None:
    with pytest.raises(ClassifierError, match="its ONNX file cannot be loaded"):
        module.Comparison(exported.onnx[:200], toy)


def test_a_network_that_cannot_be_exported_is_named(
    monkeypatch: pytest.MonkeyPatch, toy: LoadedClassifier
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise torch.onnx.OnnxExporterError("data-dependent branch\nand a long trace")

    monkeypatch.setattr(torch.onnx, "export", fail)
    with pytest.raises(
        ClassifierError, match=r"toy:net: cannot be exported to ONNX \(data-dependent branch\)"
    ):
        module.export_onnx(toy)


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch, toy: LoadedClassifier) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "onnxscript" else found(name)
    )
    with pytest.raises(
        ClassifierError, match=r"needs onnxscript: not installed.*explanation-gallery\[live\]"
    ):
        module.export_onnx(toy)


def test_a_classifier_too_large_for_browsers_is_refused(
    monkeypatch: pytest.MonkeyPatch, toy: LoadedClassifier
) -> None:
    monkeypatch.setattr(module, "LARGEST", 10)
    with pytest.raises(ClassifierError, match="too much for a browser"):
        module.export_onnx(toy)
