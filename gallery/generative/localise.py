"""Anomaly maps of pictures: attention in several readings, and two baselines beside it.

| method | map |
|---|---|
| ``normal_difference`` | the paper's: attention of samples of the normal difference distribution |
| ``absolute_difference`` | ours: of their absolute values |
| ``attention`` | the paper's attention of the posterior mean, blind to what is normal |
| ``released_code`` | what the authors' published code does |
| ``reconstruction_error`` | squared difference of picture and reconstruction, mean over channels |
| ``encoder_grad_cam`` | Grad-CAM of the encoder for the divergence of the posterior from the prior |

The last two are baselines. Grad-CAM needs a scalar; an autoencoder has no class, so the KL divergence,
which is the encoder's own measure of surprise, stands in for it. Reference: Selvaraju et al.,
arXiv:1610.02391.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import relu

from gallery.generative.attention import NormalLatents, anomaly_attention, attention, released_code
from gallery.generative.losses import kl_per_latent
from gallery.generative.model import ConvVAE
from gallery.generative.train import as_floats
from gallery.tensors import derive_seed, generator, upsample

_BATCH = 64
"""Pictures at a time; part of what ``released_code`` computes, as its normalisation is over the batch."""


@dataclass(frozen=True)
class Subject:
    """What an anomaly map is made with.

    Attributes:
        model: Frozen.
        layer: Of the encoder, from 0.
        normal: Latents of the normal pictures.
        n_samples: Of the normal difference distribution, per picture.
        seed: Of the samples.
        device: Where the model is.
    """

    model: ConvVAE
    layer: int
    normal: NormalLatents
    n_samples: int = 8
    seed: int = 0
    device: str = "cpu"


Maps = Callable[[Subject, Tensor, Tensor], Tensor]
"""(subject, pictures (B, C, H, W) in [0, 1], noise (S, B, D)) -> maps (B, H, W), higher is more anomalous."""


def _difference(subject: Subject, pictures: Tensor, noise: Tensor) -> Tensor:
    return anomaly_attention(subject.model, pictures, subject.layer, subject.normal, noise)


def _absolute(subject: Subject, pictures: Tensor, noise: Tensor) -> Tensor:
    return anomaly_attention(subject.model, pictures, subject.layer, subject.normal, noise, absolute=True)


def _attention(subject: Subject, pictures: Tensor, noise: Tensor) -> Tensor:
    return attention(subject.model, pictures, subject.layer)


def _released(subject: Subject, pictures: Tensor, noise: Tensor) -> Tensor:
    return released_code(subject.model, pictures, subject.layer)


def _error(subject: Subject, pictures: Tensor, noise: Tensor) -> Tensor:
    with torch.no_grad():
        error: Tensor = (subject.model(pictures) - pictures).square().mean(dim=1)
    return error


@torch.enable_grad()
def _grad_cam(subject: Subject, pictures: Tensor, noise: Tensor) -> Tensor:
    features = subject.model.features(pictures, subject.layer).detach().requires_grad_()
    divergence = kl_per_latent(*subject.model.encode_from(features, subject.layer)).sum()
    (gradient,) = torch.autograd.grad(divergence, features)
    maps = relu((gradient.mean(dim=(2, 3), keepdim=True) * features.detach()).sum(dim=1))
    return upsample(maps, (pictures.shape[-2], pictures.shape[-1]))


@dataclass(frozen=True)
class Localiser:
    """A way to make anomaly maps.

    Attributes:
        maps: Makes them.
        title: As printed.
        text: What the map is, a sentence without its full stop.
        unit: Of the map.
        is_baseline: Whether it does without the attention of latents.
    """

    maps: Maps
    title: str
    text: str
    unit: str
    is_baseline: bool = False


LOCALISERS: Mapping[str, Localiser] = {
    "normal_difference": Localiser(
        _difference,
        "Normal difference",
        "the anomaly attention of the paper: of samples of how the latents differ from normal ones",
        "latent units",
    ),
    "absolute_difference": Localiser(
        _absolute,
        "Absolute difference",
        "our variant: attention of the absolute values of these samples, so that departures in either "
        "direction count",
        "latent units",
    ),
    "attention": Localiser(
        _attention,
        "Attention",
        "the attention of the paper, of the latents themselves, which knows nothing of normal pictures",
        "latent units",
    ),
    "released_code": Localiser(
        _released,
        "Released code",
        "what the published code of the authors does: one map of the sum of all latents, its absolute value, "
        "gradients scaled over 64 pictures together",
        "no unit",
    ),
    "reconstruction_error": Localiser(
        _error,
        "Reconstruction error",
        "squared difference of picture and reconstruction",
        "squared intensity, white is 1",
        is_baseline=True,
    ),
    "encoder_grad_cam": Localiser(
        _grad_cam,
        "Grad-CAM of the encoder",
        "Grad-CAM for the divergence of the posterior from the prior",
        "nats",
        is_baseline=True,
    ),
}
ATTENTION = "normal_difference"
"""The method that examples are chosen by: that of the paper."""


def anomaly_maps(method: str, subject: Subject, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the anomaly maps of pictures.

    Args:
        method: One of ``LOCALISERS``.
        subject: With what.
        pixels: (N, C, H, W) uint8.

    Returns:
        (N, H, W) float32, not normalised. The same for the same pictures, whatever other methods ran before.
    """
    rng = generator(derive_seed(subject.seed, "normal difference"))
    maps = []
    for start in range(0, len(pixels), _BATCH):
        pictures = as_floats(pixels[start : start + _BATCH], subject.device)
        noise = torch.randn(subject.n_samples, len(pictures), subject.model.shape.latents, generator=rng)
        made = LOCALISERS[method].maps(subject, pictures, noise.to(subject.device))
        maps.append(made.float().cpu().numpy())
    return np.concatenate(maps)
