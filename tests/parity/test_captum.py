"""Raw maps against captum's."""

import pytest
import torch
from torch import Tensor, nn

from gallery.explain.heatmaps.ablation_cam import ablation_cam
from gallery.explain.heatmaps.grad_cam import grad_cam
from tests.explain.heatmaps import oracle

pytestmark = pytest.mark.parity
captum = pytest.importorskip("captum.attr", reason="needs the extra 'parity'")

CASES = ["two convolutions", "first convolution", "resnet18 layer4", "resnet18 layer3"]


def without_in_place(module: nn.Module) -> nn.Module:
    """Return the network; captum reads a layer after what follows has changed it in place."""
    for part in module.modules():
        if hasattr(part, "inplace"):
            part.inplace = False  # type: ignore[assignment]
    return module


@pytest.mark.filterwarnings("ignore:Setting forward, backward hooks:UserWarning")
@pytest.mark.parametrize("name", CASES)
def test_grad_cam_equals_captums(name: str) -> None:
    subject, layer = oracle.case(name)
    mine = grad_cam(subject, layer=layer).native
    module = without_in_place(subject.classifier.module)
    theirs = captum.LayerGradCam(module, module.get_submodule(layer)).attribute(
        subject.image.requires_grad_(), target=subject.target, relu_attributions=True
    )
    oracle.assert_same(mine, theirs[0, 0].detach().double())
    assert isinstance(theirs, torch.Tensor)


@pytest.mark.parametrize("name", ["two convolutions", "first convolution", "residual"])
def test_ablation_cams_drops_equal_captums_layer_ablation(name: str) -> None:
    subject, layer = oracle.asked(name)
    mine = ablation_cam(subject, layer=layer).native
    module = without_in_place(subject.classifier.module)
    kept: list[Tensor] = []
    handle = module.get_submodule(layer).register_forward_hook(lambda _, __, output: kept.append(output))
    logit = float(module(subject.image)[0, subject.target])
    handle.remove()
    groups = torch.arange(kept[0].shape[1]).reshape(1, -1, 1, 1).expand_as(kept[0])
    drops = captum.LayerFeatureAblation(module, module.get_submodule(layer)).attribute(
        subject.image, target=subject.target, layer_mask=groups
    )
    weights = drops[0, :, 0, 0].detach().double() / abs(logit)
    theirs = torch.einsum("c,chw->hw", weights, kept[0][0].detach().double()).clamp(min=0)
    oracle.assert_same(mine, theirs, tolerance=1e-4)  # differences of float32 logits
