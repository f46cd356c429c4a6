"""Group-CAM against the official code's steps in float64, and what happens to flat and uneven groups."""

import pytest
import torch

from gallery.errors import ConfigError
from gallery.explain.heatmaps._base import Subject
from gallery.explain.heatmaps._features import FeatureMaps
from gallery.explain.heatmaps.group_cam import _grouped, group_cam
from gallery.perturbation import make_baseline
from tests import toy
from tests.explain.heatmaps import oracle


@pytest.mark.parametrize(
    ("name", "target", "n_channels", "groups"),
    [
        ("two convolutions", 1, 8, 4),
        ("first convolution", 0, 6, 3),
        ("first convolution", 1, 6, 2),
        ("residual", 1, 192, 16),
        ("residual", 1, 192, 32),
    ],
)
def test_equals_the_official_steps(name: str, target: int, n_channels: int, groups: int) -> None:
    subject, layer = oracle.asked(name, target)
    blurred = make_baseline("blur", subject.image, subject.classifier.card.preprocessing)
    chunks = [chunk.tolist() for chunk in torch.arange(n_channels).chunk(groups)]
    assert len(chunks) == groups
    expected = oracle.group_cam(subject.classifier.module, layer, subject.image, target, blurred, chunks)
    raw = group_cam(subject, layer=layer, groups=groups)
    oracle.assert_same(raw.native, expected, tolerance=1e-3)  # differences of float32 probabilities
    assert raw.forwards == 1 + subject.scorer.forwards <= groups + 2
    assert (raw.layer, raw.backwards, raw.seeded) == (layer, 1, False)


def with_maps(a: torch.Tensor, weights: torch.Tensor, offset: float) -> Subject:
    """Return a subject whose left half is evidence, with given maps (C, 8, 8) and gradients (C,)."""
    pixels = torch.zeros(8, 8)
    pixels[:, :4] = 4 / 32
    net = toy.Evidence(pixels, offset=offset)
    image = torch.linspace(-1, 3, 8).reshape(1, 1, 1, 8).expand(1, 3, 8, 8).flip(-1).contiguous()
    subject = toy.subject_of(toy.toy(net, (8, 8)), image)
    subject._features["x"] = FeatureMaps(
        a[None].double(), weights.reshape(1, -1, 1, 1).expand(1, *a.shape).double()
    )
    return subject


def halves() -> tuple[torch.Tensor, torch.Tensor]:
    left = torch.zeros(8, 8)
    left[:, :4] = 1
    return left, 1 - left


def test_only_groups_that_bring_probability_back_count() -> None:
    left, right = halves()
    # The left half is bright: blurring darkens it, so that keeping it raises the logit.
    subject = with_maps(torch.stack([left, left, right, right]), torch.tensor([1.0, 2.0, 1.0, 1.0]), -2.0)
    native = group_cam(subject, layer="x", groups=2).native
    blurred = make_baseline("blur", subject.image, subject.classifier.card.preprocessing)
    score = subject.classifier.module
    before = float(score(blurred).softmax(dim=1)[0, 0])
    kept = float(score(subject.image * left + blurred * right).softmax(dim=1)[0, 0])
    assert kept > before
    assert torch.allclose(native, 3 * (kept - before) * left, rtol=1e-4)


def test_flat_groups_are_left_out_without_dividing_by_zero() -> None:
    left, right = halves()
    flat = torch.full((8, 8), 0.5)
    subject = with_maps(torch.stack([left, flat, right, left]), torch.tensor([1.0, 1.0, 1.0, -1.0]), -2.0)
    raw = group_cam(subject, layer="x", groups=4)
    assert raw.forwards == 1 + 1 + 2, "the flat map and the one whose positive part is empty are not scored"
    assert bool(raw.native.isfinite().all())
    nothing = group_cam(with_maps(flat[None], torch.ones(1), -2.0), layer="x")
    assert not nothing.native.any()
    assert nothing.native.shape == (8, 8)


def test_groups_are_consecutive_and_as_even_as_they_can_be() -> None:
    maps = (2.0 ** torch.arange(7)).reshape(7, 1, 1)
    assert _grouped(maps, 3).flatten().tolist() == [1 + 2 + 4, 8 + 16, 32 + 64]
    assert _grouped(-maps, 2).flatten().tolist() == [0, 0]


def test_more_groups_than_channels_gives_each_channel_its_own() -> None:
    subject, layer = oracle.asked("two convolutions")
    many = group_cam(subject, layer=layer, groups=1000)
    assert many.forwards <= 1 + 1 + 8
    assert torch.equal(many.native, group_cam(subject, layer=layer, groups=8).native)


def test_blur_is_its_own_whatever_the_baseline_of_the_set() -> None:
    subject, layer = oracle.asked("two convolutions")
    expected = group_cam(subject, layer=layer).native
    subject.scorer.baseline = torch.ones_like(subject.image)
    assert torch.equal(group_cam(subject, layer=layer).native, expected)


def test_no_groups() -> None:
    subject, layer = oracle.asked("two convolutions")
    with pytest.raises(ConfigError, match=r"methods\.group_cam\.groups: expected at least 1, got 0"):
        group_cam(subject, layer=layer, groups=0)
