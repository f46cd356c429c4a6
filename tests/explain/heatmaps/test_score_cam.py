"""Score-CAM against one masked image after the other in float64, and its three kinds of weights."""

import pytest
import torch

from gallery.errors import ConfigError
from gallery.explain.heatmaps import score_cam as module
from gallery.explain.heatmaps._base import Subject
from gallery.explain.heatmaps._features import FeatureMaps
from gallery.explain.heatmaps.score_cam import WEIGHTS, region_masks, score_cam
from tests import toy
from tests.explain.heatmaps import oracle


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("name", ["two convolutions", "first convolution", "residual"])
def test_equals_the_papers_formula(name: str, weights: str) -> None:
    target = 2 if name == "first convolution" else 1  # where some region raises the probability
    subject, layer = oracle.asked(name, target)
    raw = score_cam(subject, layer=layer, weights=weights)
    expected = oracle.score_cam(subject.classifier.module, layer, subject.image, target, weights)
    oracle.assert_same(raw.native, expected, tolerance=1e-4)  # differences of float32 probabilities
    n_channels = subject.features(layer).activations.shape[1]
    n_flat = n_channels - (raw.forwards - 1 - (weights != "probability"))
    assert 0 <= n_flat < n_channels
    assert raw.forwards - 1 == subject.scorer.forwards
    assert (raw.layer, raw.backwards, raw.seeded) == (layer, 1, False)


def planes_with(subject: Subject, *planes: torch.Tensor) -> None:
    """Let the layer "x" of a subject have these activations."""
    a = torch.stack(planes)[None].double()
    subject._features["x"] = FeatureMaps(a, torch.zeros_like(a))


def evidence(offset: float) -> tuple[Subject, torch.Tensor, torch.Tensor]:
    """Return an image of ones whose left half is evidence, and a map of either half."""
    weights = torch.zeros(8, 8)
    weights[:, :4] = 4 / 32
    subject = toy.subject_of(toy.toy(toy.Evidence(weights, offset=offset), (8, 8)), torch.ones(1, 3, 8, 8))
    left = torch.zeros(8, 8)
    left[:, :4] = 1
    return subject, left, 1 - left


def test_weights_are_increases_over_an_empty_image() -> None:
    subject, left, right = evidence(offset=-2.0)
    planes_with(subject, left, right, 3 * left)
    native = score_cam(subject, layer="x").native
    gain = toy.sigmoid(2) - toy.sigmoid(-2)  # the right half leaves the empty image's probability
    assert torch.allclose(native, 4 * gain * left, atol=1e-6)
    probability = score_cam(subject, layer="x", weights="probability").native
    assert torch.allclose(probability, 4 * toy.sigmoid(2) * left + toy.sigmoid(-2) * right, atol=1e-6)
    softmax = score_cam(subject, layer="x", weights="softmax").native
    expected = torch.tensor([gain, 0.0, gain]).softmax(dim=0)
    assert torch.allclose(softmax, 4 * expected[0] * left + expected[1] * right, atol=1e-6)


@pytest.mark.parametrize("weights", WEIGHTS)
def test_flat_maps_are_neither_scored_nor_summed(weights: str) -> None:
    subject, left, right = evidence(offset=-2.0)
    planes_with(subject, left, right)
    expected = score_cam(subject, layer="x", weights=weights)
    planes_with(subject, torch.full((8, 8), 5.0), left, torch.zeros(8, 8), right)
    found = score_cam(subject, layer="x", weights=weights)
    assert torch.equal(found.native, expected.native)
    assert found.forwards == expected.forwards
    planes_with(subject, torch.full((8, 8), 5.0))
    assert not score_cam(subject, layer="x", weights=weights).native.any()


def test_masks_do_not_depend_on_scale_or_offset_of_the_map() -> None:
    plane = torch.rand(1, 5, 4, generator=torch.Generator().manual_seed(2))
    masks = region_masks(torch.cat([plane, 1000 * plane - 3, torch.zeros(1, 5, 4)]), (20, 30))
    assert masks.shape == (3, 20, 30)
    assert (float(masks[0].min()), float(masks[0].max())) == (0, 1)
    assert torch.allclose(masks[0], masks[1], atol=1e-5)
    assert not masks[2].any()


def test_masks_come_in_chunks_and_their_number_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    subject, layer = oracle.asked("two convolutions")
    expected = score_cam(subject, layer=layer).native
    sizes: list[int] = []
    score = module._score

    def watched(what: Subject, keep: torch.Tensor) -> torch.Tensor:
        sizes.append(len(keep))
        return score(what, keep)

    monkeypatch.setattr(module, "_score", watched)
    monkeypatch.setattr(module, "CHUNK", 3)
    assert torch.allclose(score_cam(subject, layer=layer).native, expected, rtol=1e-4, atol=1e-7)
    assert sorted(sizes) == [1, 2, 3, 3], "8 maps, and the empty image"


def test_unknown_weights() -> None:
    subject, layer = oracle.asked("two convolutions")
    with pytest.raises(
        ConfigError, match=r"methods\.score_cam\.weights: unknown value 'logit'\. Known: increase"
    ):
        score_cam(subject, layer=layer, weights="logit")
