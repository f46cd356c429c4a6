"""Ablation-CAM's raw map against the library grad-cam's."""

import pytest
import torch

from gallery.explain.heatmaps.ablation_cam import ablation_cam
from tests.explain.heatmaps import oracle

pytestmark = pytest.mark.parity
library = pytest.importorskip("pytorch_grad_cam", reason="needs the extra 'parity'")
targets = pytest.importorskip("pytorch_grad_cam.utils.model_targets", reason="needs the extra 'parity'")


@pytest.mark.parametrize(
    ("name", "target"), [("residual", 1), ("residual", 2), ("resnet18 layer4", 1), ("resnet18 layer3", 1)]
)
def test_ablation_cam_is_equal_behind_a_relu(name: str, target: int) -> None:
    # Elsewhere the library sets a channel not to zero, as the paper does, but far below all others.
    subject, layer = oracle.asked(name, target)
    mine = ablation_cam(subject, layer=layer).native
    module = subject.classifier.module
    logit = float(module(subject.image)[0, target])
    kind = targets.ClassifierOutputTarget(target)
    submodule = module.get_submodule(layer)
    with library.AblationCAM(model=module, target_layers=[submodule]) as cam:
        cam.activations_and_grads(subject.image)
        activations = cam.activations_and_grads.activations[0]
        weights = cam.get_cam_weights(subject.image, submodule, [kind], activations.numpy(), None)
    # It divides by the logit, we by its absolute value.
    weights = torch.from_numpy(weights)[0].double() * (1 if logit > 0 else -1)
    theirs = torch.einsum("c,chw->hw", weights, activations[0].double()).clamp(min=0)
    # Not nearer: it rounds the logits of one pass and of another batch size before it subtracts them.
    oracle.assert_same(mine, theirs, tolerance=1e-4)
