"""Evaluating a trained folder: anomaly maps against masks, or latents against factors."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from gallery.errors import ConfigError, TrainingError
from gallery.generative.checkpoint import Head
from gallery.generative.data import DataSet, Pictures, load
from gallery.generative.localise import LOCALISERS, Subject, anomaly_maps
from gallery.generative.losses import kl_per_latent
from gallery.generative.model import ConvVAE
from gallery.generative.scores import Localisation, localisation
from gallery.generative.train import MODEL, as_floats, load_model
from gallery.generative.votes import Encode, Vote, Voting, majority_vote

Advance = Callable[[str], None]
"""Is told the method that is finished."""


@dataclass(frozen=True)
class Trained:
    """A trained autoencoder with the data it was trained on.

    Attributes:
        head: Of its checkpoint.
        data: Loaded again, by the settings in the head.
        subject: What explains it.
    """

    head: Head
    data: DataSet
    subject: Subject


def open_trained(folder: Path, *, device: str = "cpu", seed: int = 0, layer: int | None = None) -> Trained:
    """Load the model of a folder, and its data.

    Args:
        folder: As ``train`` left it.
        device: Where to compute.
        seed: Of what evaluation draws.
        layer: Of the encoder; None for the one of training.

    Raises:
        TrainingError: If there is no model, or its data are not those it was trained on.
        ConfigError: If there is no such layer.
        CurationError: If the data cannot be read.
    """
    head, model, normal = load_model(folder / MODEL, device)
    settings = head.settings
    chosen = settings.attention_layer if layer is None else layer
    if not 0 <= chosen < settings.n_layers:
        raise ConfigError(f"layer is {chosen}; this encoder has the layers 0 to {settings.n_layers - 1}.")
    data = data_of(head, settings.data, str(folder / MODEL))
    return Trained(head, data, Subject(model, chosen, normal, seed=seed, device=device))


def data_of(head: Head, spec: str, where: str) -> DataSet:
    """Return the data a model was trained on.

    Args:
        head: Of its checkpoint.
        spec: Where the data are now.
        where: What messages call the checkpoint.

    Raises:
        TrainingError: If they are other data.
        ConfigError: If ``spec`` cannot be understood.
        CurationError: If the data cannot be read.
    """
    data = load(spec, head.settings.size)
    if data.train.digest != head.pictures:
        raise TrainingError(
            f"{where}: was trained on other pictures than {spec} gives now; its normal latents would be "
            "wrong. Bring back the pictures, or train again with --restart."
        )
    return data


def localise(trained: Trained, advance: Advance) -> Mapping[str, Localisation]:
    """Score every method's anomaly maps; ``advance`` is called after each.

    Raises:
        ConfigError: If the data set has no anomalies.
    """
    scores = {}
    for method in LOCALISERS:
        scores[method], _ = judged(trained, method)
        advance(method)
    return scores


def judged(trained: Trained, method: str) -> tuple[Localisation, NDArray[np.float32]]:
    """Return the scores of one method, and its maps of the test pictures, (N, H, W).

    Raises:
        ConfigError: If the data set has no anomalies.
    """
    validation, test = trained.data.validation, trained.data.test
    if validation is None or test is None:
        raise ConfigError(
            f"{trained.head.settings.data}: has no anomalies to find; it measures disentanglement."
        )
    chooser = anomaly_maps(method, trained.subject, validation.pixels)
    maps = anomaly_maps(method, trained.subject, test.pixels)
    return localisation((chooser, validation.masks), (maps, test.masks), test.kinds), maps


@torch.no_grad()
def reconstruction(trained: Trained, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the reconstruction of one picture from its posterior mean, (C, H, W) uint8."""
    decoded = trained.subject.model(as_floats(picture[None], trained.subject.device))[0]
    return np.asarray((decoded * 255).round().to(torch.uint8).cpu().numpy())


def disentangle(trained: Trained, voting: Voting) -> Vote:
    """Measure disentanglement by majority vote.

    Raises:
        ConfigError: If the factors of the pictures are not known.
    """
    if trained.data.test is not None:
        raise ConfigError(
            f"{trained.head.settings.data}: the factors of its pictures are not known. Use dsprites:."
        )
    return majority_vote(encoder(trained.subject.model, trained.data.train, trained.subject.device), voting)


def encoder(model: ConvVAE, pictures: Pictures, device: str) -> Encode:
    """Return a function from places of pictures to the means and divergences of their posteriors."""

    @torch.no_grad()
    def encode(indices: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        parts = [
            model.encode(as_floats(pictures.take(part), device))
            for part in np.array_split(indices, max(1, len(indices) // 512))
        ]
        mean, log_variance = (torch.cat(list(part)).double().cpu() for part in zip(*parts, strict=True))
        return mean.numpy(), kl_per_latent(mean, log_variance).numpy()

    return encode
