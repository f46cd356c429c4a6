"""A classifier in a form that browsers run, and how true it is to the network it was made of."""

from collections.abc import Mapping
from dataclasses import dataclass

from gallery.records.arrays import UInt8


@dataclass(frozen=True)
class LiveModel:
    """One classifier as an ONNX file.

    Attributes:
        onnx: The file's bytes: normalised input (1, 3, H, W) float32 -> logits (1, K) float32.
        blur: (kernel size, sigma) in input pixels of the blur baseline.
        versions: Package and version of what exported it.
    """

    onnx: UInt8
    blur: tuple[int, float]
    versions: Mapping[str, str]


@dataclass(frozen=True)
class LiveCheck:
    """An exported classifier compared with its network on one photograph, whole and masked.

    Attributes:
        difference: Largest absolute difference of a probability, over all classes and inputs.
        n_inputs: Inputs compared.
    """

    difference: float
    n_inputs: int
