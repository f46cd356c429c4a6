"""Latent traversals: what one latent changes in a picture, and where its attention lies.

The latents of a picture are held at their posterior means while one of them takes the values asked for
(under the prior they have mean 0 and standard deviation 1), and each time the picture is decoded. Latents
that change most come first; those that have collapsed to the prior change nothing and come last.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gallery.errors import ConfigError
from gallery.generative.attention import latent_maps
from gallery.generative.localise import Subject
from gallery.generative.losses import kl_per_latent
from gallery.generative.train import as_floats
from gallery.tensors import upsample

VALUES = (-2.0, -1.0, 0.0, 1.0, 2.0)


@dataclass(frozen=True)
class Traversal:
    """One latent of one picture.

    Attributes:
        latent: Which, from 0.
        here: Its posterior mean for the picture.
        divergence: Of its posterior for the picture from the prior, nats.
        values: What it was set to.
        pictures: (V, C, H, W) uint8, decoded.
        change: Range of a pixel over ``pictures``, mean over the pixels, in [0, 1].
        attention: (H, W) float32, of the latent in the picture itself, not normalised.
    """

    latent: int
    here: float
    divergence: float
    values: tuple[float, ...]
    pictures: NDArray[np.uint8]
    change: float
    attention: NDArray[np.float32]


def traversals(
    subject: Subject, picture: NDArray[np.uint8], values: Sequence[float] = VALUES
) -> tuple[Traversal, ...]:
    """Return a traversal of every latent of one picture, those that change most first.

    Args:
        subject: The trained autoencoder and the layer whose maps are used.
        picture: (C, H, W) uint8.
        values: At least two.

    Raises:
        ConfigError: If there are fewer than two values.

    Cost:
        D * V pictures decoded, and D backward passes.
    """
    if len(values) < 2:
        raise ConfigError("a traversal needs at least two values.")
    pictures = as_floats(picture[None], subject.device)
    maps = upsample(
        latent_maps(subject.model, pictures, subject.layer)[0], (picture.shape[1], picture.shape[2])
    )
    with torch.no_grad():
        mean, log_variance = subject.model.encode(pictures)
        made = [_traversal(subject, (mean, log_variance), i, values, maps[i]) for i in range(mean.shape[1])]
    return tuple(sorted(made, key=lambda one: (-one.change, one.latent)))


def _traversal(
    subject: Subject,
    posterior: tuple[Tensor, Tensor],
    latent: int,
    values: Sequence[float],
    attention: Tensor,
) -> Traversal:
    mean = posterior[0][0]
    latents = mean.repeat(len(values), 1)
    latents[:, latent] = torch.tensor(values, device=mean.device)
    decoded = torch.sigmoid(subject.model.decode(latents)).cpu()
    span = decoded.amax(dim=0) - decoded.amin(dim=0)
    return Traversal(
        latent=latent,
        here=float(mean[latent]),
        divergence=float(kl_per_latent(*posterior)[0, latent]),
        values=tuple(values),
        pictures=(decoded * 255).round().to(torch.uint8).numpy(),
        change=float(span.mean()),
        attention=attention.float().cpu().numpy(),
    )
