"""The default CAM layer of real architectures with random weights."""

import pytest
import torch
from torch import Tensor, nn

from gallery.classifier._architectures import build
from gallery.classifier._cam_layer import default_cam_layer, trace
from gallery.errors import ClassifierError


@pytest.mark.parametrize(
    ("architecture", "layer"),
    [
        ("torchvision:resnet18", "layer4"),
        ("torchvision:squeezenet1_1", "classifier.2"),  # its class maps, just before global pooling
        ("torchvision:densenet121", "features"),
        ("torchvision:mobilenet_v3_small", "features"),
        ("torchvision:shufflenet_v2_x0_5", "conv5"),
        ("torchvision:swin_t", "permute"),
        ("timm:tf_efficientnet_lite0", "bn2"),
        ("timm:convnext_atto", "stages"),
        ("timm:mobilenetv3_small_050", "blocks"),
        ("timm:coatnet_pico_rw_224", "norm"),
        ("timm:test_vit", ""),
        ("timm:swin_s3_tiny_224", ""),
    ],
)
def test_default_layer(architecture: str, layer: str) -> None:
    built = build(architecture)
    assert default_cam_layer(built.module.eval(), built.preprocessing.size) == layer


def test_vgg_is_explained_before_its_last_pooling() -> None:
    convolutions = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(inplace=True), nn.MaxPool2d(2))
    vgg = nn.Sequential()
    vgg.add_module("features", convolutions)
    vgg.add_module("avgpool", nn.AdaptiveAvgPool2d((7, 7)))
    vgg.add_module("flatten", nn.Flatten())
    vgg.add_module("classifier", nn.Linear(8 * 49, 4))
    assert default_cam_layer(vgg.eval(), (32, 32)) == "features.1"


def test_attention_pooling_is_pooling() -> None:
    built = build("timm:resnet50_clip", 10)
    assert default_cam_layer(built.module.eval(), built.preprocessing.size) == "stages"


def test_the_layer_yields_the_last_map_over_the_image() -> None:
    built = build("timm:test_resnet")
    path = default_cam_layer(built.module.eval(), built.preprocessing.size)
    shapes = []
    built.module.get_submodule(path).register_forward_hook(
        lambda _m, _i, out: shapes.append(tuple(out.shape))
    )
    built.module(torch.zeros(1, 3, *built.preprocessing.size))
    (shape,) = shapes
    assert shape[0] == 1
    assert shape[2] == shape[3] > 1


class Failing(nn.Module):
    """A network with a child that raises."""

    def __init__(self) -> None:
        super().__init__()
        self.child = nn.Linear(5, 5)

    def forward(self, x: Tensor) -> Tensor:
        """Raise RuntimeError: the shapes do not match."""
        hidden: Tensor = self.child(x)
        return hidden


def test_hooks_are_gone_also_after_an_error() -> None:
    network = Failing()
    with pytest.raises(ClassifierError, match=r"cannot take a \(1, 3, 9, 9\) input"):
        trace(network, (9, 9))
    assert not network.child._forward_hooks
    resnet = build("timm:test_resnet").module.eval()
    trace(resnet, (64, 64))
    assert not any(module._forward_hooks for module in resnet.modules())


def test_refuses_what_does_not_return_logits() -> None:
    with pytest.raises(ClassifierError, match="not \\(1, K\\) logits"):
        trace(nn.Conv2d(3, 4, 3), (9, 9))
