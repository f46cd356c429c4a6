"""What every measure receives and returns, and the registry they enter.

A measure is one public module of this package with one function

    (subject: Measured, *, option: type = default, ...) -> Score

registered under the module's name with its ``unit`` and its direction ``better``. Further facts: ``version``
(raise it when results change), ``is_curve`` (it returns a curve, whose axes ``x_label`` and ``y_label`` name;
"fraction of pixels changed" and "probability" if absent), ``range`` (of its values, [0, 1] if absent),
``uses_steps`` (its result hangs on ``Measured.step_px``), ``is_seeded`` (it draws from ``Measured.seed``),
``uses_regions`` (it looks at the object's region or the composite's quadrant), ``is_default`` (False leaves
it out where a manifest names no measures), ``remakes`` (it makes the map again on other inputs or networks,
which multiplies the cost of the map).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

from gallery.interfaces import MaskScorer
from gallery.registry import Registry


@dataclass(frozen=True)
class Remade:
    """A heatmap made again: raw values at input size, (H, W) float32, and the images passed forward."""

    values: Tensor
    forwards: int


class Remake(Protocol):
    """Makes the same method's map again, with the same options, target class and seed."""

    def __call__(self, image: Tensor | None = None, module: nn.Module | None = None) -> Remade:
        """Return the map of another input, or of another network with the same layers.

        Args:
            image: (1, 3, H, W) float32, normalised; None for the image itself. Its baseline is made anew.
            module: Network in evaluation mode; None for the classifier's own.
        """


@dataclass(frozen=True)
class Measured:
    """One heatmap of one image, and the classifier's answers.

    Attributes:
        values: Raw heatmap at input size, (H, W) float32.
        p_full: Probability of the target on the whole image.
        scorer: Scores soft masks of the image; ``scorer.image`` is the normalised input.
        step_px: Pixels changed per step of a curve.
        native: The raw heatmap at the method's own resolution, (h, w) float32; ``values`` if not given.
        seed: For everything random in this measure of this map.
        passes: Images the method passed forward plus images it passed backward to make the map.
        remake: Makes the map again; None for maps that come from the structural search.
        module: The classifier's network, float32, in evaluation mode; must be left as found.
        region: (H, W) float32 in [0, 1], the share of each pixel that belongs to the marked object; None if
            nothing is marked.
        quadrant: (H, W) float32 in [0, 1], likewise for the quarter(s) of a composite that show the target
            class; None if the image is no composite or none of its quarters does.
    """

    values: Tensor
    p_full: float
    scorer: MaskScorer
    step_px: int
    native: Tensor | None = None
    seed: int = 0
    passes: int = 0
    remake: Remake | None = None
    module: nn.Module | None = None
    region: Tensor | None = None
    quadrant: Tensor | None = None


@dataclass(frozen=True)
class Score:
    """What a measure returns.

    Attributes:
        value: In the measure's unit; None where the measure says nothing about this map.
        forwards: Images passed forward.
        x: (n,) float32 of the curve behind the value, or None.
        y: (n,) float32, or None.
        note: "" or why there is no value, as a phrase: "the image has no marked object".
    """

    value: float | None
    forwards: int
    x: Tensor | None = None
    y: Tensor | None = None
    note: str = ""


MeasureFunction = Callable[..., Score]
MEASURES: Registry[MeasureFunction] = Registry("measure", "gallery.measure")


def unit_range(values: Tensor) -> Tensor:
    """Return ``values`` scaled from minimum to maximum onto [0, 1]; a constant map becomes all zeros."""
    low, high = values.min(), values.max()
    return (values - low) / (high - low) if bool(high > low) else torch.zeros_like(values)
