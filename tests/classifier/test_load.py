"""``load_classifier``: parsing, suggestions, devices."""

import pytest
import torch

from gallery.classifier.load import load_classifier
from gallery.errors import ClassifierError


@pytest.mark.parametrize("spec", ["resnet18", "", ":resnet18", "timm:"])
def test_malformed_specification(spec: str) -> None:
    with pytest.raises(ClassifierError, match='expected "<source>:<model>"'):
        load_classifier(spec)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("embeded:efficientnet_lite0", "Unknown classifier source 'embeded'. Did you mean 'embedded'"),
        ("torchvision:resnt18", "no classification network 'resnt18'. Did you mean 'resnet18'"),
        ("torchvision:fasterrcnn_resnet50_fpn", "no classification network"),
        ("torchvision:qqqqqqqq", "list_models.* lists all names"),
        ("torchvision:resnet18@IMAGENET1K_V3", "no weights 'IMAGENET1K_V3'. Did you mean 'IMAGENET1K_V1'"),
        ("timm:resnet_18", "no network 'resnet_18'. Did you mean 'resnet18"),
        ("timm:resnet18.a1_in1", "no weights 'resnet18.a1_in1'. Did you mean 'resnet18.a1_in1k'"),
        ("timm:resnet18@IMAGENET1K_V1", '"@" is for "@random" only'),
        ("timm:resnet50_gn.nothing", "no weights 'resnet50_gn.nothing'"),
        ("timm:vit_base_patch16_siglip_224", "without classes"),
        ("timm:botnet50ts_256", "no weights for 'botnet50ts_256'"),
    ],
)
def test_unknown_names_are_suggested(spec: str, message: str) -> None:
    with pytest.raises(ClassifierError, match=message):
        load_classifier(spec, device="cpu")


def test_auto_takes_the_gpu_if_there_is_one() -> None:
    loaded = load_classifier("timm:test_resnet@random")
    assert loaded.device == ("cuda" if torch.cuda.is_available() else "cpu")
    assert next(loaded.module.parameters()).device.type == loaded.device


@pytest.mark.parametrize(
    ("device", "message"), [("gpu", "expected"), ("cuda:x", "expected"), ("cuda:99", "CUDA devices")]
)
def test_unusable_devices(device: str, message: str) -> None:
    with pytest.raises(ClassifierError, match=message):
        load_classifier("timm:test_resnet@random", device=device)
