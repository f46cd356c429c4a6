"""Grad-CAM against the paper's formula in float64, and where it must equal CAM."""

import pytest

from gallery.explain.heatmaps.grad_cam import grad_cam
from tests import toy
from tests.explain.heatmaps import oracle


@pytest.mark.parametrize("name", oracle.CASES)
def test_equals_the_papers_formula(name: str) -> None:
    subject, layer = oracle.case(name)
    a, g = oracle.features(subject.classifier.module, layer, subject.image, subject.target)
    raw = grad_cam(subject, layer=layer)
    oracle.assert_same(raw.native, oracle.grad_cam(a[0], g[0]))
    assert (raw.layer, raw.forwards, raw.backwards, raw.seeded) == (layer, 1, 1, False)


def test_equals_cam_under_global_average_pooling() -> None:
    module = toy.Pooled()
    subject = toy.subject_of(toy.toy(module), toy.image_of((16, 16)), target=2)
    a = module.features(subject.image)[0].detach().double()
    cam = oracle.rectified(list(module.fc.weight[2].detach().double() / a[0].numel()), a)
    oracle.assert_same(grad_cam(subject, layer="features").native, cam)


def test_explains_the_target_asked_for() -> None:
    module = toy.Pooled()
    maps = [
        grad_cam(toy.subject_of(toy.toy(module), toy.image_of((16, 16)), target=t), layer="features").native
        for t in (1, 2)
    ]
    assert not maps[0].equal(maps[1])
