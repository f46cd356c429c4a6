"""The loss of a step: its terms add up, and the attention term is differentiated through alpha, too."""

import pytest
import torch

from gallery.generative.attention import rectified_maps, reparameterise
from gallery.generative.losses import (
    attention_disentanglement,
    kl_per_latent,
    reconstruction,
    total_correlation,
)
from gallery.generative.objective import Networks, autoencoder_loss, discrimination_loss
from gallery.generative.settings import TrainSettings
from tests.generative.small import discriminator, noise, pictures, settings, vae

PAIR = (0, 2)


def networks(config: TrainSettings) -> Networks:
    return Networks(vae(), discriminator() if config.weights.gamma else None)


@pytest.mark.parametrize("family", ["vae", "beta_vae", "factor_vae", "ad_factor_vae"])
def test_the_total_is_the_weighted_sum_of_the_familys_terms(family: str) -> None:
    config, x, eps = settings(family), pictures(), noise(4, 3)
    nets = networks(config)
    made = autoencoder_loss(nets, x, eps, PAIR, config)
    mean, log_variance = nets.vae.encode(x)
    z = reparameterise(mean, log_variance, eps)
    kl = kl_per_latent(mean, log_variance).sum() / 4
    expected = reconstruction(nets.vae.decode(z), x, "bernoulli") + (4 if family == "beta_vae" else 1) * kl
    if nets.discriminator is not None:
        expected = expected + 40 * total_correlation(nets.discriminator(z))
    assert ("attention" in made) == (family == "ad_factor_vae")
    expected = expected + made.get("attention", torch.zeros(()))
    torch.testing.assert_close(made["total"], expected)


def test_the_attention_loss_has_second_order_gradients() -> None:
    config, x, eps = settings(), pictures(2), noise(2, 3)
    nets = networks(config)
    weight = nets.vae.hidden.weight  # behind the maps: reached through alpha alone
    (made,) = torch.autograd.grad(autoencoder_loss(nets, x, eps, PAIR, config)["attention"], weight)
    assert made.abs().max() > 1e-4

    features = nets.vae.features(x, 0)
    z = reparameterise(*nets.vae.encode_from(features, 0), eps)
    constant = attention_disentanglement(*rectified_maps(z, features, PAIR).unbind(dim=1))
    lost = torch.autograd.grad(constant, weight, allow_unused=True)
    assert [g is None for g in lost] == [True], "with alpha as a constant, nothing behind the maps learns"

    for place in torch.nonzero(made.abs() > made.abs().max() / 2)[:6].tolist():
        row, column = place
        values = []
        for step in (1e-6, -1e-6):
            with torch.no_grad():
                weight[row, column] += step
            values.append(autoencoder_loss(nets, x, eps, PAIR, config)["attention"].item())
            with torch.no_grad():
                weight[row, column] -= step
        assert made[row, column].item() == pytest.approx((values[0] - values[1]) / 2e-6, rel=1e-4)


def test_the_discriminator_learns_from_its_own_loss_only() -> None:
    model, judge = vae(), discriminator()
    loss = discrimination_loss(model, judge, pictures(), noise(4, 3), torch.Generator().manual_seed(0))
    encoder = model.posterior.weight
    of_encoder = torch.autograd.grad(loss, encoder, allow_unused=True, retain_graph=True)
    assert [g is None for g in of_encoder] == [True]
    assert all(g.abs().sum() > 0 for g in torch.autograd.grad(loss, list(judge.parameters())))
