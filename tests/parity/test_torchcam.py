"""Maps against torchcam's: Grad-CAM and XGrad-CAM. Its Grad-CAM++ does not follow the paper's equation."""

import pytest
from torch import Tensor

from gallery.explain.heatmaps.grad_cam import grad_cam
from gallery.explain.heatmaps.xgrad_cam import xgrad_cam
from gallery.measure._base import unit_range
from tests.explain.heatmaps import oracle

pytestmark = pytest.mark.parity
torchcam = pytest.importorskip("torchcam.methods", reason="needs the extra 'parity'")


def theirs(method: str, name: str) -> tuple[Tensor, Tensor]:
    """Return our raw map and torchcam's, which is scaled onto [0, 1]."""
    subject, layer = oracle.case(name)
    mine = {"GradCAM": grad_cam, "XGradCAM": xgrad_cam}[method](subject, layer=layer).native
    module = subject.classifier.module
    for part in module.modules():
        if hasattr(part, "inplace"):
            part.inplace = False  # type: ignore[assignment]
    with getattr(torchcam, method)(module, target_layer=layer) as extractor:
        scores = module(subject.image.clone().requires_grad_())
        (cam,) = extractor(subject.target, scores)
    return mine, cam.detach()


@pytest.mark.parametrize("method", ["GradCAM", "XGradCAM"])
@pytest.mark.parametrize(
    "name", ["two convolutions", "first convolution", "resnet18 layer4", "resnet18 layer3"]
)
def test_scaled_maps_are_equal(method: str, name: str) -> None:
    mine, cam = theirs(method, name)
    oracle.assert_same(unit_range(mine), cam.reshape(mine.shape).double(), tolerance=1e-4)
