"""Small autoencoders, settings and pictures."""

import dataclasses
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gallery.generative.data import Stack
from gallery.generative.families import weights_of
from gallery.generative.model import ConvVAE, Discriminator, Shape
from gallery.generative.settings import TrainSettings


def vae(seed: int = 7, latents: int = 3) -> ConvVAE:
    """Return a float64 autoencoder of 16 x 16 pictures whose attention is empty for no latent."""
    rng = torch.Generator().manual_seed(seed)
    model = ConvVAE(Shape(1, 16, latents, 3)).double()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(0.4 * torch.randn(parameter.shape, generator=rng))
    return model


def discriminator(seed: int = 0, latents: int = 3) -> Discriminator:
    """Return a float64 discriminator."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return Discriminator(latents, 5).double()


def pictures(n: int = 4, seed: int = 0) -> Tensor:
    """Return (n, 1, 16, 16) float64 in [0, 1]."""
    return torch.rand(n, 1, 16, 16, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def noise(*shape: int, seed: int = 1) -> Tensor:
    """Return standard normal numbers, float64."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def stack(n: int = 12, seed: int = 0) -> Stack:
    """Return pictures of a bright square somewhere on grey, (n, 1, 16, 16) uint8."""
    rng = np.random.default_rng(seed)
    pixels = np.full((n, 1, 16, 16), 40, dtype=np.uint8)
    for picture in pixels:
        y, x = rng.integers(0, 10, 2)
        picture[0, y : y + 6, x : x + 6] = 220
    return Stack(pixels)


def settings(family: str = "ad_factor_vae", **changes: Any) -> TrainSettings:  # noqa: ANN401
    """Return settings with which a step takes a few milliseconds."""
    plain = TrainSettings(
        data="digits:3",
        family=family,
        weights=weights_of(family, {}),
        size=16,
        latents=3,
        width=2,
        discriminator_width=4,
        attention_layer=0,
        batch=4,
        steps=7,
    )
    return dataclasses.replace(plain, **changes)
