"""Ablation-CAM against the whole network run once per feature map in float64."""

import pytest
import torch
from torch import Tensor, nn

from gallery.errors import ClassifierError
from gallery.explain.heatmaps import ablation_cam as module
from gallery.explain.heatmaps._tail import Tail
from gallery.explain.heatmaps.ablation_cam import _ablated_logits, _channel_axis, ablation_cam
from gallery.explain.heatmaps.grad_cam import grad_cam
from tests import toy
from tests.explain.heatmaps import oracle


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("two convolutions", 0),
        ("two convolutions", 2),  # a negative logit
        ("first convolution", 0),
        ("first convolution", 1),
        ("residual", 1),
        ("residual", 2),  # a negative logit
    ],
)
def test_equals_the_papers_formula(name: str, target: int) -> None:
    subject, layer = oracle.asked(name, target)
    expected = oracle.ablation_cam(subject.classifier.module, layer, subject.image, target)
    raw = ablation_cam(subject, layer=layer)
    oracle.assert_same(raw.native, expected, tolerance=1e-4)  # differences of float32 logits
    assert (raw.layer, raw.backwards, raw.seeded) == (layer, 1, False)


def test_under_pooling_weights_are_grad_cams_times_the_sum_of_the_map() -> None:
    net = toy.Pooled()
    subject = toy.subject_of(toy.toy(net), toy.image_of((16, 16)), target=2)
    a = net.features(subject.image)[0].detach().double()
    y = float(net(subject.image)[0, 2])
    slopes = net.fc.weight[2].double() / a[0].numel()
    weights = [slope * plane.sum() / abs(y) for slope, plane in zip(slopes, a, strict=True)]
    raw = ablation_cam(subject, layer="features")
    oracle.assert_same(raw.native, oracle.rectified(weights, a), tolerance=1e-4)
    # one for the maps, one recorded and two to check the tail, and 5 channels with none ablated
    assert raw.forwards == 1 + 1 + 2 + 6


def test_a_negative_logit_does_not_turn_the_map_round() -> None:
    net = toy.Pooled()
    maps, logits = [], []
    for shift in (0.0, -50.0):
        with torch.no_grad():
            net.fc.bias[2] += shift
        subject = toy.subject_of(toy.toy(net), toy.image_of((16, 16)), target=2)
        logits.append(float(net(subject.image)[0, 2]))
        maps.append(ablation_cam(subject, layer="features").native.double())
    assert min(logits) < 0
    oracle.assert_same((maps[1] * abs(logits[1])).float(), maps[0] * abs(logits[0]), tolerance=1e-3)


@pytest.mark.parametrize("size", [2, 3, 7, 8, 100])
def test_size_of_the_passes_does_not_matter(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    subject, layer = oracle.case("two convolutions")
    expected = ablation_cam(subject, layer=layer).native
    monkeypatch.setattr(module, "PASS", size)
    raw = ablation_cam(subject, layer=layer)
    assert torch.allclose(raw.native, expected, rtol=1e-4, atol=1e-6 * float(expected.max()))
    assert raw.forwards <= 1 + 3 + 9 + size


class Tokens(nn.Module):
    """Keeps its positions as tokens (B, N, D) behind a first one of their mean, or as (B, h, w, D)."""

    def __init__(self, *, is_grid: bool) -> None:
        super().__init__()
        self.is_grid = is_grid
        with torch.random.fork_rng():
            torch.manual_seed(8)
            self.cut = nn.Conv2d(3, 6, 4, stride=4)
            self.mix = nn.Linear(6, 6)
            self.fc = nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (B, 3)."""
        tokens = self.cut(x).permute(0, 2, 3, 1)
        if not self.is_grid:
            tokens = tokens.flatten(1, 2)
            tokens = torch.cat([tokens.mean(dim=1, keepdim=True), tokens], dim=1)
        logits: Tensor = self.fc(self.mix(tokens).tanh().mean(dim=tuple(range(1, tokens.ndim - 1))))
        return logits


@pytest.mark.parametrize("is_grid", [False, True])
def test_channels_may_be_the_last_dimension(is_grid: bool) -> None:
    net, x = Tokens(is_grid=is_grid).eval().requires_grad_(requires_grad=False), toy.image_of((24, 24))
    tail = Tail(net, "mix", x)
    assert tail.output.shape == ((1, 6, 6, 6) if is_grid else (1, 37, 6))
    tokens = tail.output if is_grid else tail.output[:, 1:].reshape(1, 6, 6, 6)
    axis = _channel_axis(tail.output, tokens.permute(0, 3, 1, 2).double(), "mix")
    assert axis == tail.output.ndim - 1
    whole, ablated = _ablated_logits(tail, axis, 1)
    assert float(whole) == pytest.approx(float(net(x)[0, 1]), rel=1e-5)
    for k in range(6):
        changed = tail.output.clone()
        changed[..., k] = 0
        expected = float(net.fc(changed.tanh().flatten(1, -2).mean(dim=1))[0, 1])
        assert float(ablated[k]) == pytest.approx(expected, rel=1e-5)


def test_output_without_the_channels_is_an_error() -> None:
    with pytest.raises(ClassifierError, match=r"'mix': no dimension of its output \(1, 4, 5\) holds 6"):
        _channel_axis(torch.zeros(1, 4, 5), torch.zeros(1, 6, 2, 2), "mix")


def test_differs_from_grad_cam_behind_a_head_that_is_not_linear() -> None:
    subject, layer = oracle.case("two convolutions")
    mine, other = ablation_cam(subject, layer=layer).native, grad_cam(subject, layer=layer).native
    assert not torch.allclose(mine / mine.max(), other / other.max(), atol=0.05)
