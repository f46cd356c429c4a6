"""Pictures to train on and to judge by: ``"<source>:<argument>"`` -> ``DataSet``.

A source is one module of this package that registers a function ``(argument, size) -> DataSet`` under its
own name, with ``is_path=True`` if the argument names a file or folder. Pixels are uint8, (N, C, H, W), so
that whole data sets fit into memory.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gallery.errors import ConfigError
from gallery.registry import Registry, did_you_mean

UInt8 = NDArray[np.uint8]
Bool = NDArray[np.bool_]
Indices = NDArray[np.int64]
GOOD = "good"
"""Kind of a held-out picture without a defect."""


class Pictures(Protocol):
    """Square pictures that can be taken by index; they need not all be in memory."""

    @property
    def size(self) -> int:
        """Side, pixels."""

    @property
    def channels(self) -> int:
        """1 or 3."""

    @property
    def digest(self) -> str:
        """What identifies the pictures."""

    def __len__(self) -> int:
        """Return how many there are."""

    def take(self, indices: Indices) -> UInt8:
        """Return some, (B, C, H, W) uint8."""


@dataclass(frozen=True)
class Stack:
    """Pictures in memory.

    Attributes:
        pixels: (N, C, H, W) uint8, H = W.
    """

    pixels: UInt8

    @property
    def size(self) -> int:
        """Side, pixels."""
        return int(self.pixels.shape[-1])

    @property
    def channels(self) -> int:
        """1 or 3."""
        return int(self.pixels.shape[1])

    @property
    def digest(self) -> str:
        """Return the SHA-256 hex of shape and pixels."""
        shape = "x".join(map(str, self.pixels.shape))
        return hashlib.sha256(shape.encode() + np.ascontiguousarray(self.pixels).tobytes()).hexdigest()

    def __len__(self) -> int:
        """Return N."""
        return len(self.pixels)

    def take(self, indices: Indices) -> UInt8:
        """Return some, (B, C, H, W)."""
        return self.pixels[indices]


@dataclass(frozen=True)
class Held:
    """Pictures that are not trained on, and what is known about them.

    Attributes:
        pixels: (N, C, H, W) uint8.
        masks: (N, H, W), True where the defect is; None where only the kind of the whole picture is known.
        kinds: Of every picture; ``GOOD`` for normal ones.
        names: Of every picture, as pages print it.
    """

    pixels: UInt8
    masks: Bool | None
    kinds: tuple[str, ...]
    names: tuple[str, ...]


@dataclass(frozen=True)
class DataSet:
    """What a source gives.

    Attributes:
        title: As printed.
        origin: Where the pictures come from, their licence, and how they were divided.
        train: Normal pictures; or, for disentanglement, pictures made from known factors.
        validation: Chooses thresholds; None where there are no anomalies.
        test: Is reported; None likewise.
    """

    title: str
    origin: str
    train: Pictures
    validation: Held | None = None
    test: Held | None = None


Source = Callable[[str, int], DataSet]
DATASETS: Registry[Source] = Registry("data set", "gallery.generative.data")


def load(spec: str, size: int) -> DataSet:
    """Load the data set ``spec`` names, in pictures of ``size`` x ``size`` pixels.

    Raises:
        ConfigError: If the spec cannot be understood, or the source cannot give that size.
        CurationError: If files are missing or damaged.
    """
    source, colon, argument = spec.partition(":")
    if source not in DATASETS:
        hint = did_you_mean(source, DATASETS.names())
        raise ConfigError(f"data: {spec!r}: unknown source {source!r}. {hint} Write <source>:<argument>.")
    if not colon:
        example = DATASETS[source].reference
        raise ConfigError(
            f"data: {spec!r}: after the source, a colon and its argument are missing, as in {example}."
        )
    return DATASETS[source].call(argument, size)


def located(spec: str, folder: Path) -> str:
    """Return ``spec`` with its argument below ``folder`` if it is a relative path."""
    source, colon, argument = spec.partition(":")
    is_path = source in DATASETS and DATASETS[source].facts.get("is_path", False)
    return f"{source}{colon}{folder / argument}" if is_path and argument else spec


def join(parts: Sequence[Held]) -> Held:
    """Return held-out pictures of several groups as one; masks only if all have them."""
    masks = [part.masks for part in parts if part.masks is not None]
    return Held(
        np.concatenate([part.pixels for part in parts]),
        np.concatenate(masks) if len(masks) == len(parts) else None,
        tuple(kind for part in parts for kind in part.kinds),
        tuple(name for part in parts for name in part.names),
    )
