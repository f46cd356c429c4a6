"""Checkpoints: safetensors files whose one metadata entry is a JSON head; nothing is ever unpickled.

``model.safetensors`` holds the autoencoder and the moments of the normal latents, all that explaining
needs. ``state.safetensors`` also holds the discriminator, both optimisers, the random state and the history
of the losses, all that going on needs. The head says which format, which settings, which pictures and how
many steps.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn
from torch.optim import Optimizer

from gallery.errors import GalleryError, TrainingError
from gallery.generative.settings import TrainSettings
from gallery.store.store import write_atomic

FORMAT = "gallery-vae-1"
_ENTRY = "gallery"
"""The only metadata entry: several would be written in no fixed order."""
_AGAIN = "Copy it again, or train anew with --restart."


@dataclass(frozen=True)
class Head:
    """What a checkpoint says about itself.

    Attributes:
        settings: Of the run.
        step: Steps done.
        channels: Of a picture: 1 or 3.
        pictures: Digest of the training pictures.
        torch: Version that trained it.
    """

    settings: TrainSettings
    step: int
    channels: int
    pictures: str
    torch: str


def write(path: Path, head: Head, tensors: Mapping[str, Tensor]) -> None:
    """Write a checkpoint, completely or not at all; the same content gives the same bytes.

    Raises:
        StoreError: If the file cannot be written.
    """
    text = json.dumps(
        {"format": FORMAT, **head.__dict__, "settings": head.settings.as_json()}, sort_keys=True
    )
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    write_atomic(path, save(plain, {_ENTRY: text}))


def read(path: Path) -> tuple[Head, dict[str, Tensor]]:
    """Read a checkpoint.

    Raises:
        TrainingError: If it is missing, damaged or none of ours; names the file.
    """
    if not path.is_file():
        raise TrainingError(f"{path}: no such checkpoint. `gallery vae train --out FOLDER` makes one.")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise TrainingError(f"{path}: cannot be read ({error.strerror}). Check its permissions.") from error
    return parse(content, str(path))


def parse(content: bytes, where: str) -> tuple[Head, dict[str, Tensor]]:
    """Return what the bytes of a checkpoint hold.

    Args:
        content: Of the file.
        where: What messages call it.

    Raises:
        TrainingError: If they are damaged or none of ours.
    """
    try:
        tensors = load(content)
        length = int.from_bytes(content[:8], "little")
        metadata = json.loads(content[8 : 8 + length]).get("__metadata__", {})
    except (SafetensorError, ValueError) as error:
        raise TrainingError(f"{where}: damaged, or no safetensors file ({error}). {_AGAIN}") from error
    return _head(where, metadata), tensors


def _head(path: str, metadata: Mapping[str, str]) -> Head:
    try:
        values: dict[str, Any] = json.loads(metadata[_ENTRY])
        is_ours = values.pop("format") == FORMAT
        head = Head(TrainSettings.from_json(values.pop("settings")), **values) if is_ours else None
    except (KeyError, TypeError, ValueError, AttributeError, GalleryError) as error:
        raise TrainingError(f"{path}: its head cannot be understood ({error}). {_AGAIN}") from error
    if head is None:
        raise TrainingError(f"{path}: written in another format than {FORMAT}. Train anew with --restart.")
    return head


def prefixed(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return tensors with "<prefix>." before every name."""
    return {f"{prefix}.{name}": tensor for name, tensor in tensors.items()}


def below(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors whose names begin with "<prefix>.", without it."""
    start = f"{prefix}."
    return {name.removeprefix(start): tensor for name, tensor in tensors.items() if name.startswith(start)}


def optimiser_tensors(optimiser: Optimizer) -> dict[str, Tensor]:
    """Return what an optimiser remembers, as "<parameter>.<name>" -> tensor; rates are in the settings."""
    state: Mapping[int, Mapping[str, Tensor]] = optimiser.state_dict()["state"]
    return {f"{i}.{name}": tensor for i, entry in state.items() for name, tensor in entry.items()}


def restore_optimiser(path: Path, optimiser: Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Put back what ``optimiser_tensors`` returned.

    Raises:
        TrainingError: If it belongs to another network.
    """
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        i, _, entry = name.partition(".")
        state.setdefault(int(i), {})[entry] = tensor
    now = optimiser.state_dict()
    parameters = list(_parameters(optimiser))
    fits = set(state) == set(range(len(parameters))) and all(
        "exp_avg" in entry and entry["exp_avg"].shape == p.shape
        for entry, p in zip((state[i] for i in sorted(state)), parameters, strict=True)
    )
    if not fits:
        raise TrainingError(f"{path}: its optimiser belongs to another network. {_AGAIN}")
    optimiser.load_state_dict({**now, "state": state})


def restore_network(path: Path | str, network: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Put weights into a network.

    Raises:
        TrainingError: If they do not fit.
    """
    try:
        network.load_state_dict(dict(tensors))
    except RuntimeError as error:
        raise TrainingError(f"{path}: its weights do not fit its own settings. {_AGAIN}") from error


def _parameters(optimiser: Optimizer) -> Iterator[Tensor]:
    for group in optimiser.param_groups:
        yield from group["params"]


def torch_version() -> str:
    """Return the version of torch without its build suffix."""
    return str(torch.__version__).split("+")[0]
