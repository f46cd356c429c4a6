"""Grad-CAM++ against equation 19 in float64."""

import pytest
import torch

from gallery.explain.heatmaps._features import safe_ratio
from gallery.explain.heatmaps.grad_cam import grad_cam
from gallery.explain.heatmaps.grad_cam_plus_plus import grad_cam_plus_plus
from tests.explain.heatmaps import oracle


@pytest.mark.parametrize("name", oracle.CASES)
def test_equals_the_papers_formula(name: str) -> None:
    subject, layer = oracle.case(name)
    a, g = oracle.features(subject.classifier.module, layer, subject.image, subject.target)
    raw = grad_cam_plus_plus(subject, layer=layer)
    oracle.assert_same(raw.native, oracle.grad_cam_plus_plus(a[0], g[0]))
    assert (raw.layer, raw.forwards, raw.backwards, raw.seeded) == (layer, 1, 1, False)


def test_one_constant_added_below_would_be_seen() -> None:
    # Of the size of gradients under global average pooling; a library adds 1e-6 here and is off by 11 %.
    subject, layer = oracle.case("embedded on a photograph")
    a, g = (t[0] for t in oracle.features(subject.classifier.module, layer, subject.image, subject.target))
    alpha = g**2 / (2 * g**2 + a.sum(dim=(1, 2), keepdim=True) * g**3 + 1e-6)
    wrong = oracle.rectified(list((alpha * g.relu()).sum(dim=(1, 2))), a)
    right = oracle.grad_cam_plus_plus(a, g)
    assert float((wrong / wrong.max() - right / right.max()).abs().max()) > 1e-3


def test_shares_its_pass_with_grad_cam() -> None:
    subject, layer = oracle.case("two convolutions")
    passes = []
    subject.classifier.module.register_forward_hook(lambda *_: passes.append(1))
    grad_cam(subject, layer=layer)
    grad_cam_plus_plus(subject, layer=layer)
    assert len(passes) == 1


def test_ratio_is_zero_where_the_denominator_is() -> None:
    top, bottom = torch.tensor([0.0, 1.0, 3.0]), torch.tensor([0.0, 0.0, 2.0])
    assert safe_ratio(top, bottom).tolist() == [0.0, 0.0, 1.5]
