"""The default CAM layer of real architectures with random weights."""

import pytest
import torch
import torchvision
from timm.models.vision_transformer import ParallelScalingBlock, ResPostBlock
from torch import Tensor, nn

from gallery.classifier._architectures import build
from gallery.classifier._cam_layer import trace
from gallery.errors import ClassifierError
from tests import toy, transformers


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
        ("timm:test_vit", "blocks.5.norm1"),  # the class token is read: behind it no patch matters
        ("timm:test_vit2", "blocks"),  # the mean over the patches is read
        ("timm:test_vit3", "norm"),  # attention pooling
        ("timm:swin_s3_tiny_224", "norm"),
        ("timm:hiera_tiny_224", ""),  # its tokens are not in rows
    ],
)
def test_default_layer(architecture: str, layer: str) -> None:
    built = build(architecture)
    assert trace(built.module.eval(), built.preprocessing.size).cam_layer == layer


def test_vgg_is_explained_before_its_last_pooling() -> None:
    convolutions = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(inplace=True), nn.MaxPool2d(2))
    vgg = nn.Sequential()
    vgg.add_module("features", convolutions)
    vgg.add_module("avgpool", nn.AdaptiveAvgPool2d((7, 7)))
    vgg.add_module("flatten", nn.Flatten())
    vgg.add_module("classifier", nn.Linear(8 * 49, 4))
    assert trace(vgg.eval(), (32, 32)).cam_layer == "features.1"


def test_attention_pooling_is_pooling() -> None:
    built = build("timm:resnet50_clip", 10)
    assert trace(built.module.eval(), built.preprocessing.size).cam_layer == "stages"


def test_the_layer_yields_the_last_map_over_the_image() -> None:
    built = build("timm:test_resnet")
    path = trace(built.module.eval(), built.preprocessing.size).cam_layer
    shapes = []
    built.module.get_submodule(path).register_forward_hook(
        lambda _m, _i, out: shapes.append(tuple(out.shape))
    )
    built.module(torch.zeros(1, 3, *built.preprocessing.size))
    (shape,) = shapes
    assert shape[0] == 1
    assert shape[2] == shape[3] > 1


@pytest.mark.parametrize(
    ("network", "size", "layer"),
    [
        (transformers.timm_vit(), transformers.SIZE, "blocks.2.norm1"),
        (transformers.timm_vit(distilled=True), transformers.SIZE, "blocks.2.norm1"),
        (transformers.timm_vit(reg_tokens=2), transformers.SIZE, "blocks.2.norm1"),
        (transformers.timm_vit(global_pool="avg"), transformers.SIZE, "blocks"),
        (transformers.timm_vit(global_pool="avg", fc_norm=False), transformers.SIZE, "norm"),
        (transformers.timm_vit(block_fn=ResPostBlock), transformers.SIZE, "blocks.1"),
        (transformers.timm_vit(block_fn=ParallelScalingBlock), transformers.SIZE, "blocks.2.in_norm"),
        (transformers.torchvision_vit(), (32, 32), "encoder.layers.encoder_layer_2.ln_1"),
        (nn.Sequential(transformers.torchvision_vit()), (32, 32), "0.encoder.layers.encoder_layer_2.ln_1"),
        (transformers.timm_swin(), transformers.SIZE, "norm"),
        (transformers.torchvision_swin(), transformers.SIZE, "permute"),
        (torchvision.models.convnext_tiny(weights=None, num_classes=3), (64, 96), "features"),
    ],
)
def test_the_default_layer_of_a_transformer_hears_from_every_patch(
    network: nn.Module, size: tuple[int, int], layer: str
) -> None:
    assert trace(network.eval(), size).cam_layer == layer
    kept: list[Tensor] = []

    def keep(_: nn.Module, __: object, output: Tensor) -> None:
        kept.append(output)

    handle = network.get_submodule(layer).register_forward_hook(keep)
    logits = network(toy.image_of(size).requires_grad_())
    handle.remove()
    (gradient,) = torch.autograd.grad(logits[:, 1].sum(), kept[0])
    if gradient.ndim == 3:
        gradient = gradient[:, -16:]  # patches: a class token need not matter
    channels = 1 if layer in {"permute", "features"} else -1
    assert bool(gradient.abs().amax(dim=channels).gt(0).all())


def test_a_post_norm_transformer_of_one_block_has_no_default_layer() -> None:
    assert trace(transformers.timm_vit(block_fn=ResPostBlock, depth=1), transformers.SIZE).cam_layer == ""


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
