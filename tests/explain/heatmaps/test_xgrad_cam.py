"""XGrad-CAM against the paper's formula in float64, and where it must equal Grad-CAM."""

import pytest

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
    assert not grad_cam(subject, layer=layer).native.allclose(xgrad_cam(subject, layer=layer).native, rtol=0.05)


def test_feature_maps_that_are_zero_get_weight_zero() -> None:
    module = toy.Pooled()
    convolution = module.features[0]
    convolution.bias.data[:2] = -100.0  # two maps are 0 everywhere after the ReLU
    subject = toy.subject_of(toy.toy(module), toy.image_of((16, 16)), target=2)
    native = xgrad_cam(subject, layer="features").native
    assert bool(native.isfinite().all())
    assert float(native.max()) > 0
