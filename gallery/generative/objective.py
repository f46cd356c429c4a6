"""One step's losses: of the autoencoder from one batch, of the discriminator from another."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from gallery.generative.attention import rectified_maps, reparameterise
from gallery.generative.losses import (
    attention_disentanglement,
    discriminator_loss,
    kl_per_latent,
    reconstruction,
    shuffle_latents,
    total_correlation,
)
from gallery.generative.model import ConvVAE, Discriminator
from gallery.generative.settings import TrainSettings

TERMS = ("total", "reconstruction", "kl", "total_correlation", "attention", "discriminator")
"""What is logged, in this order; 0 for terms a family does not have."""


@dataclass(frozen=True)
class Networks:
    """What is trained.

    Attributes:
        vae: The autoencoder.
        discriminator: None for families without total correlation.
    """

    vae: ConvVAE
    discriminator: Discriminator | None


def autoencoder_loss(
    networks: Networks, pictures: Tensor, noise: Tensor, pair: Sequence[int], settings: TrainSettings
) -> dict[str, Tensor]:
    """Return the autoencoder's loss and its terms.

    Args:
        networks: The discriminator is used, not trained.
        pictures: (B, C, H, W) in [0, 1].
        noise: (B, D), standard normal.
        pair: The two latents whose attention is compared, as in the published reproduction of the loss.
        settings: Weights, likelihood and attention layer.

    Returns:
        Name of ``TERMS`` -> scalar; "total" is what to minimise. The attention term is differentiable in all
        weights of the encoder, through alpha, too (a second-order gradient).
    """
    weights, layer = settings.weights, settings.attention_layer
    features = networks.vae.features(pictures, layer)
    mean, log_variance = networks.vae.encode_from(features, layer)
    z = reparameterise(mean, log_variance, noise)
    terms = {
        "reconstruction": reconstruction(networks.vae.decode(z), pictures, settings.likelihood),
        "kl": kl_per_latent(mean, log_variance).sum(dim=1).mean(),
    }
    total = terms["reconstruction"] + weights.beta * terms["kl"]
    if networks.discriminator is not None:
        terms["total_correlation"] = total_correlation(networks.discriminator(z))
        total = total + weights.gamma * terms["total_correlation"]
    if weights.attention:
        first, second = rectified_maps(z, features, pair, create_graph=True).unbind(dim=1)
        terms["attention"] = attention_disentanglement(first, second)
        total = total + weights.attention * terms["attention"]
    return {"total": total, **terms}


def discrimination_loss(
    vae: ConvVAE, discriminator: Discriminator, pictures: Tensor, noise: Tensor, rng: torch.Generator
) -> Tensor:
    """Return the discriminator's loss on the latents of another batch.

    The latents are constants here: the encoder learns from its own loss only.
    """
    with torch.no_grad():
        z = reparameterise(*vae.encode(pictures), noise)
    shuffled = shuffle_latents(z, rng)
    return discriminator_loss(discriminator(z), discriminator(shuffled))
