"""Raw maps against torchcam's. Its Grad-CAM++ and SmoothGrad-CAM++ do not follow the papers' equations."""

import pytest
import torch
from torch import Tensor

from gallery.explain.heatmaps import score_cam as score_cam_module
from gallery.explain.heatmaps._base import HEATMAPS, Subject
from gallery.explain.heatmaps.score_cam import region_masks, score_cam
from gallery.tensors import upsample
from tests import toy
from tests.explain.heatmaps import oracle

pytestmark = pytest.mark.parity
torchcam = pytest.importorskip("torchcam.methods", reason="needs the extra 'parity'")

CASES = ["two convolutions", "first convolution", "resnet18 layer4", "resnet18 layer3"]


def without_in_place(subject: Subject) -> torch.nn.Module:
    """Return the network; torchcam reads a layer after what follows has changed it in place."""
    module = subject.classifier.module
    for part in module.modules():
        if hasattr(part, "inplace"):
            part.inplace = False  # type: ignore[assignment]
    return module


@pytest.mark.parametrize(
    ("method", "theirs"), [("grad_cam", "GradCAM"), ("xgrad_cam", "XGradCAM"), ("layer_cam", "LayerCAM")]
)
@pytest.mark.parametrize("name", CASES)
def test_gradient_maps_are_equal(method: str, theirs: str, name: str) -> None:
    subject, layer = oracle.case(name)
    mine = HEATMAPS[method].call(subject, layer=layer).native
    module = without_in_place(subject)
    with getattr(torchcam, theirs)(module, target_layer=layer) as extractor:
        scores = module(subject.image.clone().requires_grad_())
        (cam,) = extractor(subject.target, scores, normalized=False)
    oracle.assert_same(mine, cam.detach().reshape(mine.shape).double())


def test_class_activation_maps_are_equal() -> None:
    subject, layer = oracle.case("resnet18 layer4")
    mine = HEATMAPS["cam"].call(subject, layer=layer).native
    module = without_in_place(subject)
    with torchcam.CAM(module, target_layer=layer, fc_layer="fc") as extractor, torch.no_grad():
        module(subject.image)
        (cam,) = extractor(subject.target, normalized=False)
    oracle.assert_same(mine, cam.reshape(mine.shape).double())


def score_cams(name: str) -> tuple[Tensor, Tensor]:
    """Return our Score-CAM and theirs, both with a softmax over the channels of probabilities."""
    subject, layer = oracle.case(name)
    subject.scorer = toy.scorer_of(subject.classifier, subject.image, subject.target)
    mine = score_cam(subject, layer=layer, weights="softmax").native
    module, target = without_in_place(subject), subject.target
    with torchcam.ScoreCAM(module, target_layer=layer) as extractor, torch.no_grad():
        module(subject.image)
        (cam,) = extractor(targets=lambda logits: logits.softmax(dim=0)[target], normalized=False)
    return mine, cam.reshape(mine.shape).double()


def stretched_first(planes: Tensor, size: tuple[int, int]) -> Tensor:
    """Return masks in torchcam's order: stretched onto [0, 1] before they are enlarged."""
    return upsample(region_masks(planes, (planes.shape[-2], planes.shape[-1])), size)


@pytest.mark.parametrize("name", ["two convolutions", "first convolution"])
def test_score_cams_are_equal_with_masks_made_in_the_same_order(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(score_cam_module, "region_masks", stretched_first)
    oracle.assert_same(*score_cams(name))


def test_score_cams_with_dead_channels_are_equal_up_to_scale(monkeypatch: pytest.MonkeyPatch) -> None:
    # Flat maps have no weight with us; there they have one, which lowers all others by the same factor.
    monkeypatch.setattr(score_cam_module, "region_masks", stretched_first)
    mine, cam = score_cams("resnet18 layer3")
    oracle.assert_same(mine / mine.max(), cam / cam.max())


def test_score_cams_are_equal_where_the_layer_has_the_size_of_the_image() -> None:
    oracle.assert_same(*score_cams("first convolution"))
