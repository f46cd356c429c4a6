"""SmoothGrad: the plain gradient without noise, the documented noise in float64, and signs."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from gallery.errors import ConfigError
from gallery.explain.heatmaps._base import Subject
from gallery.explain.heatmaps.smoothgrad import smoothgrad
from tests import toy
from tests.explain.heatmaps import oracle

SIZE = (10, 13)


def curved(seed: int = 0) -> Subject:
    return toy.subject_of(toy.toy(toy.TwoConv(), SIZE), toy.image_of(SIZE), target=1, seed=seed)


def gradients(subject: Subject, noise: Tensor) -> Tensor:
    """Return the target logit's gradient at every noisy copy, one at a time, (n, 3, H, W) float64."""
    network, found = oracle.double(subject.classifier.module), []
    for one in noise:
        point = (subject.image.double() + one.double()).requires_grad_()
        found.append(torch.autograd.grad(network(point)[0, subject.target], point)[0][0])
    return torch.stack(found)


def documented_noise(subject: Subject, n: int, sigma: float) -> Tensor:
    """Return the noise (n, 3, H, W), 10 copies at a time."""
    spread = sigma * float(subject.image.max() - subject.image.min())
    with torch.random.fork_rng():
        torch.manual_seed(subject.seed)
        batches = [min(10, n - start) for start in range(0, n, 10)]
        return torch.cat([torch.normal(0, torch.full((b, 3, *SIZE), spread)) for b in batches])


def test_equals_the_size_of_the_mean_gradient_under_the_documented_noise() -> None:
    subject = curved(seed=3)
    raw = smoothgrad(subject, n_samples=24, sigma=0.3)
    each = gradients(subject, documented_noise(subject, 24, 0.3))
    oracle.assert_same(raw.native, each.mean(dim=0).abs().sum(dim=0))
    size = each.abs().mean(dim=0).sum(dim=0)
    assert float((size - raw.native).abs().max()) > 0.01 * float(size.max()), "not the mean of the sizes"
    assert (raw.forwards, raw.backwards, raw.layer, raw.seeded) == (24, 24, None, True)


def test_without_noise_is_the_gradient() -> None:
    subject = curved()
    expected = gradients(subject, torch.zeros(1, 3, *SIZE))[0].abs().sum(dim=0)
    oracle.assert_same(smoothgrad(subject, n_samples=2, sigma=0.0).native, expected)


class Bowl(nn.Module):
    """Logit = half the sum of squares: its gradient is the input, and so its mean under noise."""

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (B, 1)."""
        return x.square().sum(dim=(1, 2, 3))[:, None] / 2


def test_noise_cancels_out_in_the_signed_mean() -> None:
    image = torch.zeros(1, 3, 40, 40)
    image[:, :, :20] = 1.0
    subject = toy.subject_of(toy.toy(Bowl(), (40, 40)), image)
    native = smoothgrad(subject, n_samples=200, sigma=0.2).native
    # The standard error of one channel is 0.2 / sqrt(200) = 0.014; the mean of sizes would be near 0.16.
    assert float(native[20:].mean()) < 0.05
    assert float(native[:20].mean()) == pytest.approx(3, abs=0.01)


def test_noise_is_drawn_from_the_seed_alone_and_global_numbers_stay() -> None:
    torch.manual_seed(1)
    first = smoothgrad(curved(), n_samples=3).native
    torch.manual_seed(2)
    state = torch.get_rng_state()
    assert torch.equal(first, smoothgrad(curved(), n_samples=3).native)
    assert torch.equal(torch.get_rng_state(), state)


def test_image_may_need_no_gradient_and_gets_none() -> None:
    subject = curved()
    smoothgrad(subject, n_samples=1)
    assert not subject.image.requires_grad
    assert subject.image.grad is None


@pytest.mark.parametrize("options", [{"n_samples": 0}, {"sigma": -0.1}])
def test_options_out_of_range(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=r"methods\.smoothgrad"):
        smoothgrad(curved(), **options)
