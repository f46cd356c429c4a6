"""The gated CAM of our reading: formula, invariances, and Grad-CAM as the special case."""

import pytest
import torch
from torch import Tensor

from gallery.explain.heatmaps._base import Subject
from gallery.explain.heatmaps._features import FeatureMaps
from gallery.explain.heatmaps.attention_guided_cam import _gate, attention_guided_cam
from gallery.explain.heatmaps.grad_cam import grad_cam
from tests import toy
from tests.explain.heatmaps import oracle


@pytest.mark.parametrize("name", oracle.CASES)
def test_equals_the_formula(name: str) -> None:
    subject, layer = oracle.case(name)
    a, g = oracle.features(subject.classifier.module, layer, subject.image, subject.target)
    raw = attention_guided_cam(subject, layer=layer)
    oracle.assert_same(raw.native, oracle.attention_guided_cam(a[0], g[0]))
    assert (raw.layer, raw.forwards, raw.backwards, raw.seeded) == (layer, 1, 1, False)


def given(a: Tensor, w: Tensor) -> Subject:
    """Return a subject whose layer "x" has activations ``a`` (C, h, w) and gradients ``w`` (C,)."""
    subject = toy.subject_of(toy.toy(toy.TwoConv()), toy.image_of((16, 16)))
    gradients = w.reshape(1, -1, 1, 1).expand(1, *a.shape).double()
    subject._features["x"] = FeatureMaps(a[None].double(), gradients)
    return subject


def random_maps(seed: int = 0) -> Tensor:
    return torch.rand(6, 4, 5, generator=torch.Generator().manual_seed(seed))


WEIGHTS = torch.tensor([0.5, -0.2, 1.0, 0.1, -0.7, 0.3])


def test_is_grad_cam_with_both_gates_off() -> None:
    subject = given(random_maps(), WEIGHTS)
    plain = attention_guided_cam(subject, layer="x", channel_gate=False, spatial_gate=False).native
    oracle.assert_same(plain, grad_cam(subject, layer="x").native.double())


def test_spatial_gate_only_turns_down_and_sharpens() -> None:
    subject = given(random_maps(), WEIGHTS)
    plain = attention_guided_cam(subject, layer="x", channel_gate=False, spatial_gate=False).native
    gated = attention_guided_cam(subject, layer="x", channel_gate=False).native
    assert bool((gated <= plain).all())
    share = gated[plain > 0] / plain[plain > 0]
    assert 0 < float(share.min()) < 0.4
    assert 0.6 < float(share.max()) < 1
    assert int(share.argmax()) == int(plain[plain > 0].argmax())


def test_channel_gate_turns_down_what_speaks_against_the_target() -> None:
    a = torch.zeros(2, 3, 3)
    a[0, 0, 0] = a[1, 2, 2] = 1
    first = attention_guided_cam(given(a, torch.tensor([1.0, 1.0])), layer="x", spatial_gate=False).native
    assert float(first[0, 0]) == float(first[2, 2]) == 0.5, "equal maps: a gate of 1/2"
    second = attention_guided_cam(given(a, torch.tensor([1.0, 0.1])), layer="x", spatial_gate=False).native
    # Two values are standardised to +1 and -1, twice, hence sigmoid(2) and sigmoid(-2).
    assert float(second[0, 0]) == pytest.approx(toy.sigmoid(2))
    assert float(second[2, 2]) == pytest.approx(0.1 * toy.sigmoid(-2))


@pytest.mark.parametrize("factor", [1e-6, 3.0, 1e6])
def test_is_proportional_to_the_weighted_maps(factor: float) -> None:
    one = attention_guided_cam(given(random_maps(), WEIGHTS), layer="x").native
    other = attention_guided_cam(given(random_maps(), WEIGHTS * factor), layer="x").native
    assert torch.allclose(other / factor, one, rtol=1e-5)


def test_order_of_the_channels_does_not_matter() -> None:
    order = torch.tensor([3, 0, 5, 1, 4, 2])
    one = attention_guided_cam(given(random_maps(), WEIGHTS), layer="x").native
    other = attention_guided_cam(given(random_maps()[order], WEIGHTS[order]), layer="x").native
    assert torch.allclose(one, other)


def test_flat_maps_are_a_quarter_of_grad_cam() -> None:
    # Up to rounding: standardised rounding errors would be as large as real differences.
    a = 0.3 + 1e-8 * random_maps().double()
    raw = attention_guided_cam(given(a, torch.full((6,), 2.0)), layer="x").native
    assert torch.allclose(raw, torch.full((4, 5), 6 * 0.3 * 2 / 4))
    assert not attention_guided_cam(given(0 * a, WEIGHTS), layer="x").native.any()


def test_gates_lie_between_0_and_1_with_their_mean_near_the_middle() -> None:
    values = torch.randn(50, generator=torch.Generator().manual_seed(1)).double()
    gates = _gate(values, values.exp())
    assert 0 < float(gates.min()) < 0.2
    assert 0.8 < float(gates.max()) < 1
    assert float(gates.mean()) == pytest.approx(0.5, abs=0.1)
