"""Every term of the loss against a float64 oracle, and its gradient against finite differences."""

import math

import pytest
import torch
from torch.distributions import MultivariateNormal, Normal, kl_divergence

from gallery.generative.losses import (
    GAUSSIAN_SD,
    attention_disentanglement,
    discriminator_loss,
    kl_per_latent,
    reconstruction,
    shuffle_latents,
    total_correlation,
)
from tests.generative.small import noise


def leaf(*shape: int, seed: int) -> torch.Tensor:
    return noise(*shape, seed=seed).requires_grad_()


def test_bernoulli_reconstruction_is_the_log_likelihood() -> None:
    logits, target = leaf(2, 1, 3, 3, seed=1), torch.sigmoid(noise(2, 1, 3, 3, seed=2))
    expected = 0.0
    for a, x in zip(logits.detach().flatten().tolist(), target.flatten().tolist(), strict=True):
        p = 1 / (1 + math.exp(-a))
        expected -= x * math.log(p) + (1 - x) * math.log(1 - p)
    assert reconstruction(logits, target, "bernoulli").item() == pytest.approx(expected / 2, rel=1e-12)
    assert torch.autograd.gradcheck(lambda a: reconstruction(a, target, "bernoulli"), logits)


def test_gaussian_reconstruction_is_the_log_likelihood_without_its_constant() -> None:
    logits, target = leaf(2, 1, 3, 3, seed=1), torch.sigmoid(noise(2, 1, 3, 3, seed=2))
    normal = Normal(torch.sigmoid(logits), GAUSSIAN_SD)
    log_p = normal.log_prob(target).sum() / 2  # type: ignore[no-untyped-call]
    constant = 9 * math.log(GAUSSIAN_SD * math.sqrt(2 * math.pi))
    assert reconstruction(logits, target, "gaussian").item() == pytest.approx(-log_p.item() - constant)
    assert torch.autograd.gradcheck(lambda a: reconstruction(a, target, "gaussian"), logits)


def test_kl_is_that_of_two_normals() -> None:
    mean, log_variance = leaf(4, 3, seed=1), leaf(4, 3, seed=2)
    standard = Normal(torch.zeros_like(mean), torch.ones_like(mean))
    expected = kl_divergence(Normal(mean, torch.exp(0.5 * log_variance)), standard)
    torch.testing.assert_close(kl_per_latent(mean, log_variance), expected)
    assert torch.autograd.gradcheck(kl_per_latent, (mean, log_variance))


def test_total_correlation_of_an_optimal_discriminator_is_the_analytic_one() -> None:
    rho = 0.8
    joint = MultivariateNormal(torch.zeros(2).double(), torch.tensor([[1, rho], [rho, 1]]).double())
    z = noise(40_000, 2) @ torch.linalg.cholesky(joint.covariance_matrix).T
    product = Normal(0.0, 1.0).log_prob(z).sum(dim=1)  # type: ignore[no-untyped-call]
    logits = torch.stack([joint.log_prob(z), product], dim=1)  # type: ignore[no-untyped-call]
    assert total_correlation(logits).item() == pytest.approx(-0.5 * math.log(1 - rho**2), abs=0.02)
    assert torch.autograd.gradcheck(total_correlation, leaf(5, 2, seed=1))


def test_discriminator_loss_is_the_cross_entropy_of_both_classes() -> None:
    joint, shuffled = leaf(3, 2, seed=1), leaf(3, 2, seed=2)
    right = [torch.softmax(joint, 1)[:, 0], torch.softmax(shuffled, 1)[:, 1]]
    expected = -torch.cat(right).log().mean()
    torch.testing.assert_close(discriminator_loss(joint, shuffled), expected)
    assert discriminator_loss(torch.zeros(3, 2), torch.zeros(3, 2)).item() == pytest.approx(math.log(2))
    assert torch.autograd.gradcheck(discriminator_loss, (joint, shuffled))


def test_shuffling_keeps_every_column_and_breaks_their_ties() -> None:
    tied = torch.arange(200.0)[:, None].repeat(1, 3)
    shuffled = shuffle_latents(tied, torch.Generator().manual_seed(0))
    assert torch.equal(shuffled.sort(dim=0).values, tied)
    assert torch.corrcoef(shuffled.T).triu(1).abs().max() < 0.25


def test_attention_disentanglement_is_the_share_of_overlap() -> None:
    first, second = noise(2, 3, 3, seed=1).abs(), noise(2, 3, 3, seed=2).abs()
    expected = 0.0
    for a, b in zip(first, second, strict=True):
        pairs = list(zip(a.flatten().tolist(), b.flatten().tolist(), strict=True))
        expected += 2 * sum(min(p) for p in pairs) / sum(sum(p) for p in pairs) / 2
    assert attention_disentanglement(first, second).item() == pytest.approx(expected, rel=1e-12)
    leaves = (first.requires_grad_(), second.requires_grad_())
    assert torch.autograd.gradcheck(attention_disentanglement, leaves)


def test_attention_disentanglement_at_its_ends() -> None:
    left, right = torch.zeros(1, 2, 2), torch.zeros(1, 2, 2)
    left[0, 0, 0], right[0, 1, 1] = 3.0, 5.0
    assert attention_disentanglement(left, left).item() == 1
    assert attention_disentanglement(left, right).item() == 0
    assert attention_disentanglement(torch.zeros(1, 2, 2), torch.zeros(1, 2, 2)).item() == 0
