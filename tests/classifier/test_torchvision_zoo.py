"""torchvision's networks: published weights from a stand-in for the web."""

import io
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import torchvision

from gallery.classifier import _download, torchvision_zoo
from gallery.classifier.load import load_classifier
from gallery.errors import ClassifierError
from gallery.records import Preprocessing
from tests.classifier.conftest import Hub

SPEC = "torchvision:squeezenet1_1"
URL = torchvision.models.SqueezeNet1_1_Weights.DEFAULT.url


@pytest.fixture
def published(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> dict[str, torch.Tensor]:
    """Publish made-up SqueezeNet weights where torchvision's are; return them."""
    tensors = {k: v + 0.01 for k, v in torchvision.models.squeezenet1_1(weights=None).state_dict().items()}
    file = io.BytesIO()
    torch.save(tensors, file)
    hub.files[URL] = file.getvalue()
    monkeypatch.setattr(_download, "hash_prefix", lambda _: "")
    return tensors


def test_published_weights_are_fetched_once_with_progress(
    hub: Hub, published: dict[str, torch.Tensor]
) -> None:
    seen: list[tuple[str, int, int]] = []
    loaded = load_classifier(SPEC, device="cpu", progress=lambda *step: seen.append(step))
    again = load_classifier(SPEC, device="cpu")
    size = len(hub.files[URL])
    assert hub.asked == [URL]
    assert seen[-1] == (URL.rsplit("/", 1)[1], size, size)
    assert [done for _, done, _ in seen] == sorted(done for _, done, _ in seen)
    assert all(torch.equal(value, published[key]) for key, value in loaded.module.state_dict().items())
    assert again.card == loaded.card
    assert not loaded.module.training


def test_card(published: dict[str, torch.Tensor]) -> None:
    card = load_classifier(f"{SPEC}@IMAGENET1K_V1", device="cpu").card
    assert published
    assert card.id == f"{SPEC}@IMAGENET1K_V1"
    assert card.title == "SqueezeNet1-1 (torchvision, IMAGENET1K_V1)"
    assert card.paper.startswith("SqueezeNet: AlexNet-level accuracy")
    assert card.preprocessing == Preprocessing(
        (224, 224), 256, "bilinear", (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    )
    assert card.class_names[967] == "espresso"
    assert card.licence.startswith("not stated for the weights")


def test_without_network_the_message_says_what_to_do(hub: Hub) -> None:
    with pytest.raises(ClassifierError) as caught:
        load_classifier(SPEC, device="cpu")
    message = str(caught.value)
    assert URL in message
    assert f"checkpoints/{URL.rsplit('/', 1)[1]}" in message
    assert "Name or service not known" in message
    assert "embedded:efficientnet_lite0" in message
    assert "checkpoint:" in message
    assert hub.asked == [URL]


class Bomb:
    """Writes a file when unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return Path.write_text, (self.path, "boom")


def test_pickled_code_is_never_run(hub: Hub, published: dict[str, torch.Tensor], tmp_path: Path) -> None:
    file = io.BytesIO()
    torch.save(published | {"x": Bomb(tmp_path / "written")}, file)
    hub.files[URL] = file.getvalue()
    with pytest.raises(ClassifierError, match="cannot be read"):
        load_classifier(SPEC, device="cpu")
    assert not (tmp_path / "written").exists()
    assert "TORCH_FORCE_WEIGHTS_ONLY_LOAD" not in os.environ


def test_random_weights_are_labelled_and_reproducible() -> None:
    one, two = (load_classifier(f"{SPEC}@random", device="cpu") for _ in range(2))
    assert one.card == two.card
    assert "random weights" in one.card.title
    assert one.card.class_names[17] == "class 17"


@pytest.mark.parametrize("name", torchvision.models.list_models(module=torchvision.models))
def test_every_network_has_a_paper(name: str) -> None:
    assert "arxiv.org" in torchvision_zoo.paper_of(name) or "papers" in torchvision_zoo.paper_of(name)


def test_swag_weights_name_their_licence() -> None:
    weights = torchvision.models.ViT_B_16_Weights.IMAGENET1K_SWAG_E2E_V1
    assert torchvision_zoo._licence(weights.meta).startswith("CC-BY-NC-4.0")
