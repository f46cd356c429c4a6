"""Layer-CAM against the paper's formula in float64."""

import pytest
import torch

from gallery.explain.heatmaps.grad_cam import grad_cam
from gallery.explain.heatmaps.layer_cam import layer_cam
from tests import toy
from tests.explain.heatmaps import oracle


@pytest.mark.parametrize("name", oracle.CASES)
def test_equals_the_papers_formula(name: str) -> None:
    subject, layer = oracle.case(name)
    a, g = oracle.features(subject.classifier.module, layer, subject.image, subject.target)
    raw = layer_cam(subject, layer=layer)
    oracle.assert_same(raw.native, oracle.layer_cam(a[0], g[0]))
    assert (raw.layer, raw.forwards, raw.backwards, raw.seeded) == (layer, 1, 1, False)


def test_under_global_average_pooling_only_positive_weights_count() -> None:
    module = toy.Pooled()
    weights = module.fc.weight[2]
    assert 0 < int((weights > 0).sum()) < len(weights)
    subject = toy.subject_of(toy.toy(module), toy.image_of((16, 16)), target=2)
    a = module.features(subject.image)[0].detach().double()
    expected = torch.einsum("c,chw->hw", weights.detach().double().clamp(min=0), a) / a[0].numel()
    native = layer_cam(subject, layer="features").native
    oracle.assert_same(native, expected)
    assert not torch.allclose(native, grad_cam(subject, layer="features").native)
