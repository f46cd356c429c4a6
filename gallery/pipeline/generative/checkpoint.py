"""A checkpoint that a manifest names: verified, read, and put together with the data it was trained on."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from gallery.config import VaeSettings
from gallery.errors import ConfigError, CurationError
from gallery.generative.assess import Trained, data_of
from gallery.generative.checkpoint import Head, parse
from gallery.generative.data import DATASETS, DataSet, Held, located
from gallery.generative.localise import Subject
from gallery.generative.train import restored
from gallery.records import VaeModel


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint that a manifest names; read when it is first asked for.

    Attributes:
        file: As the manifest names it.
        content: Its bytes, verified.
        settings: The manifest's.
        folder: The manifest's.
        seed: The set's.
    """

    file: str
    content: bytes
    settings: VaeSettings
    folder: Path
    seed: int

    @property
    def where(self) -> str:
        """What messages call it."""
        return f"vae.trained.{self.file!r}"

    @cached_property
    def sha256(self) -> str:
        """Of the file."""
        return hashlib.sha256(self.content).hexdigest()

    @cached_property
    def _read(self) -> tuple[Head, dict[str, Tensor]]:
        return parse(self.content, self.where)

    @property
    def head(self) -> Head:
        """What the checkpoint says about itself.

        Raises:
            TrainingError: If it is none of ours.
        """
        return self._read[0]

    @property
    def spec(self) -> str:
        """Where its data are, paths relative to the manifest."""
        return located(self.settings.data.get(self.file, self.head.settings.data), self.folder)

    def check(self) -> None:
        """Check what can be checked before any work is done.

        Raises:
            TrainingError: If it is none of ours.
            ConfigError: If its data are not there.
        """
        source, _, argument = self.spec.partition(":")
        is_path = source in DATASETS and DATASETS[source].facts.get("is_path", False)
        if is_path and argument and not Path(argument).exists():
            raise ConfigError(f"{self.where}: its data are not on this machine: {argument}. {self._remedy}")

    @property
    def _remedy(self) -> str:
        return f'Say where they are, [vae.data] "{self.file}" = "...", or leave the checkpoint out.'

    @cached_property
    def data(self) -> DataSet:
        """The data it was trained on.

        Raises:
            ConfigError: If they cannot be read.
            TrainingError: If they are other data.
        """
        try:
            return data_of(self.head, self.spec, self.where)
        except (ConfigError, CurationError) as error:
            raise ConfigError(f"{self.where}: its data cannot be read. {error} {self._remedy}") from error

    @cached_property
    def trained(self) -> Trained:
        """The model with its data; always on the CPU, where the same inputs give the same pages."""
        head, tensors = self._read
        model, normal = restored(head, tensors, self.where)
        layer, n = head.settings.attention_layer, self.settings.n_samples
        return Trained(head, self.data, Subject(model, layer, normal, n_samples=n, seed=self.seed))

    @cached_property
    def made_by(self) -> dict[str, Any]:
        """What its results hang on: the file and every picture."""
        held = [_digest(part) for part in (self.data.validation, self.data.test) if part is not None]
        return {"file": self.sha256, "pictures": [self.data.train.digest, *held]}


def _digest(held: Held) -> str:
    """Return the SHA-256 hex of held-out pictures and what is known of them."""
    state = hashlib.sha256(f"{held.pixels.shape} {held.kinds} {held.names};".encode())
    state.update(np.ascontiguousarray(held.pixels).data)
    if held.masks is not None:
        state.update(np.ascontiguousarray(held.masks).data)
    return state.hexdigest()


def model_of(one: Checkpoint, slug: str) -> VaeModel:
    """Return what a checkpoint is; where its data lay on the machine that trained it is left out."""
    settings = one.head.settings.as_json()
    source, _, argument = str(settings.pop("data")).partition(":")
    is_path = bool(DATASETS[source].facts.get("is_path", False))
    weights = settings.pop("weights")
    return VaeModel(
        file=one.file,
        sha256=one.sha256,
        slug=slug,
        source=f"{source}:" if is_path else f"{source}:{argument}",
        title=one.data.title,
        origin=one.data.origin,
        settings={**settings, **weights},
        steps=one.head.step,
        torch=one.head.torch,
        n_train=len(one.data.train),
        pictures=one.head.pictures,
    )
