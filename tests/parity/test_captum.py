"""Raw maps against captum's."""

import pytest
import torch

from gallery.explain.heatmaps.grad_cam import grad_cam
from tests.explain.heatmaps import oracle

pytestmark = pytest.mark.parity
captum = pytest.importorskip("captum.attr", reason="needs the extra 'parity'")


@pytest.mark.filterwarnings("ignore:Setting forward, backward hooks:UserWarning")
@pytest.mark.parametrize(
    "name", ["two convolutions", "first convolution", "resnet18 layer4", "resnet18 layer3"]
)
def test_grad_cam_equals_captums(name: str) -> None:
    subject, layer = oracle.case(name)
    mine = grad_cam(subject, layer=layer).native
    module = subject.classifier.module
    for part in module.modules():
        if hasattr(part, "inplace"):
            # captum reads the layer after what follows has changed it in place
            part.inplace = False  # type: ignore[assignment]
    theirs = captum.LayerGradCam(module, module.get_submodule(layer)).attribute(
        subject.image.requires_grad_(), target=subject.target, relu_attributions=True
    )
    oracle.assert_same(mine, theirs[0, 0].detach().double())
    assert isinstance(theirs, torch.Tensor)
