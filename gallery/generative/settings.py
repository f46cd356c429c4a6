"""The settings of one training run, checked; they travel in the head of every checkpoint."""

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gallery.errors import ConfigError
from gallery.generative.families import Weights

SIZES = (16, 32, 64, 128, 256)
"""Sides of the square pictures, pixels: powers of two, so that halving ends at 4 x 4."""
LIKELIHOODS = ("bernoulli", "gaussian")
_AT_LEAST = {"latents": 2, "width": 1, "discriminator_width": 1, "batch": 2, "steps": 1, "seed": 0}


@dataclass(frozen=True)
class TrainSettings:
    """What decides the weights a training run ends with, on one kind of machine.

    Attributes:
        data: "<source>:<argument>", as ``gallery.generative.data.load`` takes it.
        family: One of ``FAMILIES``.
        weights: Of the terms of the loss.
        size: Side of the square pictures, pixels.
        latents: Number of latents, D.
        width: Channels of the first two convolutions; later ones have twice as many.
        likelihood: "bernoulli" (pixels are probabilities) or "gaussian" (standard deviation 0.1).
        attention_layer: Convolution whose maps the attention loss and the maps on pages use, from 0.
        discriminator_width: Units per hidden layer of the discriminator (re-implementations: 1,000).
        batch: Pictures per step.
        steps: Steps in all.
        learning_rate: Of Adam, for the autoencoder.
        discriminator_rate: Of Adam, for the discriminator.
        seed: Of weights, pictures drawn and noise.
    """

    data: str
    family: str
    weights: Weights
    size: int = 64
    latents: int = 16
    width: int = 32
    likelihood: str = "bernoulli"
    attention_layer: int = 1
    discriminator_width: int = 1000
    batch: int = 64
    steps: int = 2000
    learning_rate: float = 1e-3
    discriminator_rate: float = 1e-4
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises:
            ConfigError: If a value is out of range; names it.
        """
        if self.size not in SIZES:
            raise ConfigError(f"size is {self.size}; give one of {', '.join(map(str, SIZES))}.")
        if self.likelihood not in LIKELIHOODS:
            raise ConfigError(f"likelihood is {self.likelihood!r}; give one of {', '.join(LIKELIHOODS)}.")
        for name, least in _AT_LEAST.items():
            if getattr(self, name) < least:
                raise ConfigError(f"{name} is {getattr(self, name)}; give at least {least}.")
        for name in ("learning_rate", "discriminator_rate"):
            if not (math.isfinite(getattr(self, name)) and getattr(self, name) > 0):
                raise ConfigError(f"{name} is {getattr(self, name)}; give a number above 0.")
        if not 0 <= self.attention_layer < self.n_layers:
            raise ConfigError(
                f"attention_layer is {self.attention_layer}; pictures of {self.size} px have the layers 0 to "
                f"{self.n_layers - 1}."
            )

    @property
    def n_layers(self) -> int:
        """Return the number of convolutions that halve a picture until it is 4 x 4."""
        return self.size.bit_length() - 3

    def as_json(self) -> dict[str, Any]:
        """Return the settings as plain values."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "TrainSettings":
        """Return settings from what ``as_json`` wrote.

        Raises:
            TypeError: If a key is missing or unknown.
            ConfigError: If a value is out of range.
        """
        return cls(**{**values, "weights": Weights(**values["weights"])})
