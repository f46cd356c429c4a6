"""XGrad-CAM against the paper's formula in float64, and where it must equal Grad-CAM."""

import pytest
import torch

from gallery.explain.heatmaps.grad_cam import grad_cam
from gallery.explain.heatmaps.xgrad_cam import xgrad_cam
from tests import toy
from tests.explain.heatmaps import oracle


@pytest.mark.parametrize("name", oracle.CASES)
def test_equals_the_papers_formula(name: str) -> None:
    subject, layer = oracle.case(name)
    a, g = oracle.features(subject.classifier.module, layer, subject.image, subject.target)
    raw = xgrad_cam(subject, layer=layer)
    oracle.assert_same(raw.native, oracle.xgrad_cam(a[0], g[0]))
    assert (raw.layer, raw.forwards, raw.backwards, raw.seeded) == (layer, 1, 1, False)


def test_equals_grad_cam_under_global_average_pooling() -> None:
    subject = toy.subject_of(toy.toy(toy.Pooled()), toy.image_of((16, 16)), target=2)
    plain = grad_cam(subject, layer="features").native.double()
    oracle.assert_same(xgrad_cam(subject, layer="features").native, plain)


def test_differs_from_grad_cam_where_gradients_vary() -> None:
    subject, layer = oracle.case("two convolutions")
    assert not grad_cam(subject, layer=layer).native.allclose(
        xgrad_cam(subject, layer=layer).native, rtol=0.05
    )


def test_feature_maps_that_are_zero_get_weight_zero() -> None:
    module = toy.Pooled()
    module.get_parameter("features.0.bias").data[:2] = -100.0  # two maps are 0 everywhere after the ReLU
    module.fc.weight.data[2] = torch.tensor([9.0, 9.0, 0.1, 0.2, 0.3])
    subject = toy.subject_of(toy.toy(module), toy.image_of((16, 16)), target=2)
    a, g = oracle.features(module, "features", subject.image, 2)
    native = xgrad_cam(subject, layer="features").native
    oracle.assert_same(native, oracle.xgrad_cam(a[0, 2:], g[0, 2:]))
