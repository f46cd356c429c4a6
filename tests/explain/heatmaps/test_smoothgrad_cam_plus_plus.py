"""SmoothGrad-CAM++ against the documented formula with the documented noise, and without noise."""

import pytest
import torch

from gallery.errors import ConfigError
from gallery.explain.heatmaps.grad_cam_plus_plus import grad_cam_plus_plus
from gallery.explain.heatmaps.smoothgrad_cam_plus_plus import smoothgrad_cam_plus_plus
from tests.explain.heatmaps import oracle


@pytest.mark.parametrize(
    "name", ["two convolutions", "first convolution", "resnet18 layer4", "resnet18 layer3"]
)
def test_equals_the_formula_with_the_same_noise(name: str) -> None:
    subject, layer = oracle.case(name, seed=11)
    raw = smoothgrad_cam_plus_plus(subject, layer=layer, n_samples=3, sigma=0.1)
    noise = torch.randn(3, *subject.image.shape[1:], generator=torch.Generator().manual_seed(11))
    noisy = subject.image + 0.1 * noise
    a, _ = oracle.features(subject.classifier.module, layer, subject.image, subject.target)
    _, g = oracle.features(subject.classifier.module, layer, noisy, subject.target)
    oracle.assert_same(raw.native, oracle.smooth(a[0], g))
    assert (raw.layer, raw.forwards, raw.backwards, raw.seeded) == (layer, 4, 4, True)


@pytest.mark.parametrize("name", ["two convolutions", "embedded on a photograph"])
def test_without_noise_it_is_grad_cam_plus_plus(name: str) -> None:
    subject, layer = oracle.case(name)
    plain = grad_cam_plus_plus(subject, layer=layer).native.double()
    oracle.assert_same(smoothgrad_cam_plus_plus(subject, layer=layer, n_samples=2, sigma=0.0).native, plain)


@pytest.mark.parametrize("options", [{"n_samples": 0}, {"sigma": -0.1}])
def test_options_out_of_range(options: dict[str, float]) -> None:
    subject, layer = oracle.case("two convolutions")
    with pytest.raises(ConfigError, match="n_samples >= 1 and sigma >= 0"):
        smoothgrad_cam_plus_plus(subject, layer=layer, **options)
