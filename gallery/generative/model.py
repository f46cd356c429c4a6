"""The networks: a convolutional autoencoder that can be entered at any layer, and a discriminator.

The encoder halves the picture with 4 x 4 convolutions of stride 2 until it is 4 x 4, then has one hidden
layer; the decoder mirrors it. With 64 x 64 pictures and a width of 32 these are the layers of public
re-implementations of FactorVAE (32, 32, 64, 64 channels, 128 hidden units). There is no batch
normalisation, so that a picture's maps do not depend on the batch it is in.
"""

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import relu

from gallery.generative.settings import TrainSettings

_SMALLEST = 4
"""Side of the last feature map."""
_HIDDEN_LAYERS = 5
"""Of the discriminator, as in public re-implementations of FactorVAE."""


@dataclass(frozen=True)
class Shape:
    """Sizes of an autoencoder.

    Attributes:
        channels: Of a picture: 1 or 3.
        size: Side of a picture, pixels; a power of two, at least 16.
        latents: D.
        width: Channels of the first two convolutions.
    """

    channels: int
    size: int
    latents: int
    width: int

    @property
    def maps(self) -> list[int]:
        """Return the channels of every convolution of the encoder."""
        return [self.width if i < 2 else 2 * self.width for i in range(self.size.bit_length() - 3)]


class ConvVAE(nn.Module):
    """A convolutional variational autoencoder with a diagonal normal posterior."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        maps, hidden = shape.maps, 4 * shape.width
        sizes = [shape.channels, *maps]
        self.convs = nn.ModuleList(nn.Conv2d(a, b, 4, 2, 1) for a, b in pairwise(sizes))
        flat = maps[-1] * _SMALLEST**2
        self.hidden = nn.Linear(flat, hidden)
        self.posterior = nn.Linear(hidden, 2 * shape.latents)
        self.unhidden = nn.Sequential(
            nn.Linear(shape.latents, hidden), nn.ReLU(), nn.Linear(hidden, flat), nn.ReLU()
        )
        back = sizes[::-1]
        self.deconvs = nn.ModuleList(nn.ConvTranspose2d(a, b, 4, 2, 1) for a, b in pairwise(back))

    def preactivations(self, pictures: Tensor, layer: int) -> Tensor:
        """Return what convolution ``layer`` puts out before its ReLU: (B, C, H, W) -> (B, K, h, w)."""
        x = pictures
        for i in range(layer + 1):
            x = self.convs[i](relu(x) if i else x)
        return x

    def features(self, pictures: Tensor, layer: int) -> Tensor:
        """Return the feature maps of ``layer``, after its ReLU, (B, K, h, w)."""
        return relu(self.preactivations(pictures, layer))

    def encode_from(self, features: Tensor, layer: int) -> tuple[Tensor, Tensor]:
        """Return mean and log variance of the posterior, (B, D) each, from the feature maps of ``layer``.

        The maps are used as they are: rectifying them again would cut the gradient wherever they are zero.
        """
        x = features
        for i in range(layer + 1, len(self.convs)):
            x = relu(self.convs[i](x))
        mean, log_variance = self.posterior(relu(self.hidden(x.flatten(1)))).chunk(2, dim=1)
        return mean, log_variance

    def encode(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and log variance of the posterior, (B, D) each, for (B, C, H, W) pictures in [0, 1]."""
        return self.encode_from(self.features(pictures, 0), 0)

    def decode(self, latents: Tensor) -> Tensor:
        """Return the logits of the pixels, (B, C, H, W), for (B, D) latents."""
        x: Tensor = self.unhidden(latents)
        x = x.reshape(len(x), self.shape.maps[-1], _SMALLEST, _SMALLEST)
        for i, layer in enumerate(self.deconvs):
            x = layer(relu(x) if i else x)
        return x

    def forward(self, pictures: Tensor) -> Tensor:
        """Return the reconstruction from the posterior mean, (B, C, H, W) in [0, 1]."""
        return torch.sigmoid(self.decode(self.encode(pictures)[0]))


class Discriminator(nn.Module):
    """Tells latents of the aggregate posterior (class 0) from latents shuffled over the batch (class 1)."""

    def __init__(self, latents: int, width: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for i in range(_HIDDEN_LAYERS):
            layers += [nn.Linear(width if i else latents, width), nn.LeakyReLU(0.2)]
        self.net = nn.Sequential(*layers, nn.Linear(width, 2))

    def forward(self, latents: Tensor) -> Tensor:
        """Return the logits of both classes, (B, 2), for (B, D) latents."""
        logits: Tensor = self.net(latents)
        return logits


def build(settings: TrainSettings, channels: int) -> ConvVAE:
    """Return an autoencoder with the sizes of ``settings``; its weights come from torch's own generator."""
    return ConvVAE(Shape(channels, settings.size, settings.latents, settings.width))
