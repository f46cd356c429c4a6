"""What every measure receives and returns, and the registry they enter.

A measure is one public module of this package with one function

    (subject: Measured, *, option: type = default, ...) -> Score

registered under the module's name with its unit and direction.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from gallery.interfaces import MaskScorer
from gallery.registry import Registry


@dataclass(frozen=True)
class Measured:
    """One heatmap of one image, and the classifier's answers.

    Attributes:
        values: Raw heatmap at input size, (H, W) float32.
        p_full: Probability of the target on the whole image.
        scorer: Scores soft masks of the image; ``scorer.image`` is the normalised input.
        step_px: Pixels changed per step of a curve.
    """

    values: Tensor
    p_full: float
    scorer: MaskScorer
    step_px: int


@dataclass(frozen=True)
class Score:
    """What a measure returns.

    Attributes:
        value: In the measure's unit.
        forwards: Images passed forward.
        x: (n,) float32 of the curve behind the value, or None.
        y: (n,) float32, or None.
    """

    value: float
    forwards: int
    x: Tensor | None = None
    y: Tensor | None = None


MeasureFunction = Callable[..., Score]
MEASURES: Registry[MeasureFunction] = Registry("measure", "gallery.measure")


def unit_range(values: Tensor) -> Tensor:
    """Return ``values`` scaled from minimum to maximum onto [0, 1]; a constant map becomes all zeros."""
    low, high = values.min(), values.max()
    return (values - low) / (high - low) if bool(high > low) else torch.zeros_like(values)
