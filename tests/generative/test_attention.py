"""Attention against slow twins that follow the formulas one number at a time."""

import pytest
import torch
from torch import Tensor
from torch.nn.functional import relu

from gallery.generative.attention import (
    NormalLatents,
    aggregate,
    anomaly_attention,
    attention,
    latent_maps,
    released_code,
    reparameterise,
)
from gallery.generative.model import ConvVAE
from gallery.tensors import upsample
from tests.generative.small import noise, pictures, vae

H = 1e-6


def slow_alpha(model: ConvVAE, features: Tensor, layer: int, eps: Tensor) -> Tensor:
    """Return alpha (D, K) of one picture by central differences over every position of every map."""
    gradient = torch.zeros(len(eps), *features.shape[1:], dtype=torch.float64)
    for place in torch.cartesian_prod(*(torch.arange(n) for n in features.shape[1:])):
        k, p, q = place.tolist()
        z = []
        for sign in (1, -1):
            moved = features.clone()
            moved[0, k, p, q] += sign * H
            z.append(reparameterise(*model.encode_from(moved, layer), eps)[0])
        gradient[:, k, p, q] = (z[0] - z[1]) / (2 * H)
    return gradient.mean(dim=(2, 3))


@pytest.mark.parametrize("layer", [0, 1])
@torch.no_grad()
def test_maps_of_latents_follow_the_formula(layer: int) -> None:
    model, images, eps = vae(), pictures(2), noise(2, 3)
    made = latent_maps(model, images, layer, eps)
    for b in range(2):
        features = model.features(images[b : b + 1], layer)
        assert (features == 0).any(), "the maps need zeros, where rectifying twice would lose the gradient"
        alpha = slow_alpha(model, features, layer, eps[b])
        slow = torch.stack([relu((a[:, None, None] * features[0]).sum(dim=0)) for a in alpha])
        assert (slow.sum(dim=(1, 2)) > 0).sum() >= 2, "empty maps would agree with anything"
        torch.testing.assert_close(made[b], slow, atol=1e-7, rtol=1e-5)
    torch.testing.assert_close(attention(model, images, layer, eps), upsample(made.mean(dim=1), (16, 16)))


def test_the_map_of_a_picture_does_not_depend_on_its_batch() -> None:
    model, images = vae(), pictures(3)
    together = latent_maps(model, images, 1)
    assert (together.sum(dim=(1, 2, 3)) > 0).all()
    torch.testing.assert_close(together[1:2], latent_maps(model, images[1:2], 1))


@pytest.mark.parametrize("absolute", [False, True])
def test_anomaly_attention_samples_the_normal_difference(absolute: bool) -> None:
    model, images, eps = vae(), pictures(2), noise(5, 2, 3)
    normal = NormalLatents(noise(3, seed=7), noise(3, seed=8).exp())
    slow = torch.zeros(2, 8, 8, dtype=torch.float64)
    for b in range(2):
        features = model.features(images[b : b + 1], 0).detach().requires_grad_()
        for sample in range(5):
            for i in range(3):
                mean, log_variance = model.encode_from(features, 0)
                spread = (normal.variance[i] + log_variance[0, i].exp()) ** 0.5
                u = normal.mean[i] - mean[0, i] + spread * eps[sample, b, i]
                (gradient,) = torch.autograd.grad(abs(u) if absolute else u, features)
                alpha = gradient[0].mean(dim=(1, 2))
                slow[b] += relu((alpha[:, None, None] * features[0].detach()).sum(dim=0)) / 15
    made = anomaly_attention(model, images, 0, normal, eps, absolute=absolute)
    assert (slow > 0).any(dim=(1, 2)).all()
    torch.testing.assert_close(made, upsample(slow, (16, 16)))


def test_normal_latents_are_the_moments_of_the_mixture() -> None:
    means, log_variances = noise(6, 3), noise(6, 3, seed=2)
    drawn = means + torch.exp(0.5 * log_variances) * noise(200_000, 6, 3, seed=3)
    made = aggregate(means, log_variances)
    torch.testing.assert_close(made.mean.double(), drawn.mean(dim=(0, 1)), atol=0.01, rtol=0)
    torch.testing.assert_close(made.variance.double(), drawn.flatten(0, 1).var(dim=0), atol=0.03, rtol=0)


def test_the_released_code_is_repeated_with_its_deviations() -> None:
    model, images = vae(), pictures(3)
    before = model.preactivations(images, 0).detach().requires_grad_()
    mean, _ = model.encode_from(before.clamp_min(0), 0)
    (raw,) = torch.autograd.grad(mean.sum(), before)
    gradient = raw / (raw.pow(2).mean().sqrt() + 1e-5)
    slow = torch.zeros(3, 8, 8, dtype=torch.float64)
    for b in range(3):
        for k in range(before.shape[1]):
            slow[b] += gradient[b, k].mean() * before[b, k].detach()
    made = released_code(model, images, 0)
    torch.testing.assert_close(made, upsample(slow, (16, 16)).abs())
    assert (made - attention(model, images, 0)).abs().max() > 1e-3 * made.max()
