"""timm's networks: published weights from a stand-in for the web."""

import pytest
import timm
import torch
from safetensors.torch import save

from gallery.classifier import timm_zoo
from gallery.classifier._architectures import timm_preprocessing
from gallery.classifier.load import load_classifier
from gallery.errors import ClassifierError
from gallery.records import Preprocessing
from tests.classifier.conftest import Hub

SPEC = "timm:test_resnet"
URL = "https://huggingface.co/timm/test_resnet.r160_in1k/resolve/main/model.safetensors"


@pytest.fixture
def published(hub: Hub) -> dict[str, torch.Tensor]:
    """Publish made-up weights where timm's are; return them."""
    tensors = {key: value + 1 for key, value in timm.create_model("test_resnet").state_dict().items()}
    hub.files[URL] = save(tensors)
    return tensors


def test_published_weights_are_fetched_once(hub: Hub, published: dict[str, torch.Tensor]) -> None:
    loaded = load_classifier(SPEC, device="cpu")
    again = load_classifier(f"{SPEC}.r160_in1k", device="cpu")
    assert hub.asked == [URL]
    assert all(torch.equal(value, published[key]) for key, value in loaded.module.state_dict().items())
    assert again.card.digest == loaded.card.digest


def test_card(published: dict[str, torch.Tensor]) -> None:
    card = load_classifier(SPEC, device="cpu").card
    assert published
    assert card.title == "test_resnet.r160_in1k (timm)"
    assert card.architecture == "timm:test_resnet"
    assert card.licence == "apache-2.0"
    assert "PyTorch Image Models" in card.paper
    half = (0.5, 0.5, 0.5)
    assert card.preprocessing == Preprocessing((160, 160), 168, "bilinear", half, half)
    assert card.class_names[967] == "espresso"
    assert card.cam_layer == "layer4"


def test_without_network_the_message_says_what_to_do(hub: Hub) -> None:
    with pytest.raises(ClassifierError) as caught:
        load_classifier(SPEC, device="cpu")
    message = str(caught.value)
    assert URL in message
    assert "checkpoints/timm--test_resnet.r160_in1k--model.safetensors" in message
    assert "embedded:efficientnet_lite0" in message
    assert hub.asked == [URL]


def test_a_broken_file_is_named(hub: Hub) -> None:
    hub.files[URL] = b"not safetensors at all"
    with pytest.raises(ClassifierError, match=r"model.safetensors: cannot be read .* Delete it"):
        load_classifier(SPEC, device="cpu")


def test_random_weights_are_labelled_and_reproducible() -> None:
    one, two = (load_classifier(f"{SPEC}@random", device="cpu") for _ in range(2))
    assert one.card == two.card
    assert "random weights" in one.card.title
    assert one.card.class_names[17] == "class 17"


def test_class_names_follow_the_training_set() -> None:
    assert timm_zoo._class_names({"num_classes": 1000}) is not None
    assert len(timm_zoo._class_names({"num_classes": 11821}) or ()) == 11821
    assert timm_zoo._class_names({"num_classes": 7}) is None


@pytest.mark.parametrize("name", ["regnety_1280.seer_ft_in1k", "eva02_base_patch14_448.mim_in22k_ft_in1k"])
def test_preprocessing_is_timms(name: str) -> None:
    config = timm.get_pretrained_cfg(name)
    assert config is not None
    network = torch.nn.Identity()
    network.pretrained_cfg = config.to_dict()  # type: ignore[no-untyped-call]
    found = timm_preprocessing(name, network)
    assert found.size == config.input_size[1:]
    assert (found.resize is None) == (config.crop_mode == "squash")
