"""Classifiers, and what they say about a whole image."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Preprocessing:
    """How a photograph becomes a classifier's input.

    Attributes:
        size: (H, W) of the input, pixels.
        resize: The shorter side is resized to this many pixels, then the centre is cropped; None resizes the
            whole photograph to ``size`` without keeping its aspect ratio.
        interpolation: "bilinear" or "bicubic" (Pillow's antialiased filters).
        mean: Per RGB channel, subtracted after scaling to [0, 1].
        std: Per RGB channel, divided by.
    """

    size: tuple[int, int]
    resize: int | None
    interpolation: Literal["bilinear", "bicubic"]
    mean: tuple[float, float, float]
    std: tuple[float, float, float]


@dataclass(frozen=True)
class ClassifierCard:
    """What pages say about a classifier; no weights.

    Attributes:
        id: "<source>:<model>", such as "embedded:efficientnet_lite0".
        slug: ``id`` for file names and URLs: letters, digits, "-" and "_" only.
        digest: SHA-256 hex of architecture name, weights and preprocessing.
        title: Name as printed.
        architecture: Architecture name in its library.
        class_names: K names, by class index.
        preprocessing: How inputs are made.
        cam_layer: Dotted path of the module whose output the CAM methods explain.
        licence: Licence of the weights.
        paper: Reference, one line.
        url: Where the weights are published, or "".
        n_parameters: Number of weights.
    """

    id: str
    slug: str
    digest: str
    title: str
    architecture: str
    class_names: tuple[str, ...]
    preprocessing: Preprocessing
    cam_layer: str
    licence: str
    paper: str
    url: str
    n_parameters: int


@dataclass(frozen=True)
class TopClass:
    """One row of the top-5 table: class index, name and softmax probability."""

    index: int
    name: str
    probability: float


@dataclass(frozen=True)
class Prediction:
    """What the classifier says about the whole image.

    Attributes:
        target: Class index explained.
        class_name: Its name.
        p_full: Softmax probability of ``target`` on the whole image, float32 precision.
        top: The five most probable classes, descending.
    """

    target: int
    class_name: str
    p_full: float
    top: tuple[TopClass, ...]
