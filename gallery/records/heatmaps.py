"""Heatmaps and their measurements."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gallery.records.arrays import Float32


@dataclass(frozen=True)
class HeatmapPart:
    """One of the maps that a heatmap is the mean of.

    Attributes:
        name: Such as "head 0".
        native: (h, w) float32 at the method's own resolution.
    """

    name: str
    native: Float32


@dataclass(frozen=True)
class Heatmap:
    """One method's map of one image.

    Attributes:
        method: Registered name.
        values: (H, W) float32 at input size, raw (not scaled).
        native: (h, w) float32 at the method's own resolution.
        options: Every option the method ran with.
        layer: Dotted path of the module explained, or None.
        seed: Seed of everything random, or None.
        forwards: Images passed forward.
        backwards: Images passed backward.
        seconds: Wall time; not part of the reproducible results.
        parts: Maps it is the mean of, where a method has some.
    """

    method: str
    values: Float32
    native: Float32
    options: Mapping[str, Any]
    layer: str | None
    seed: int | None
    forwards: int
    backwards: int
    seconds: float
    parts: tuple[HeatmapPart, ...] = field(default=(), metadata={"later": True})


@dataclass(frozen=True)
class Measurement:
    """One measure of one heatmap of one image.

    Attributes:
        measure: Registered name.
        method: Heatmap method measured.
        value: In the measure's unit; None where the measure says nothing about this map (see ``note``).
        x: (n,) float32 of the curve behind the value, or None.
        y: (n,) float32, or None.
        forwards: Images passed forward.
        seconds: Wall time; not part of the reproducible results.
        note: "" or why there is no value.
    """

    measure: str
    method: str
    value: float | None
    x: Float32 | None
    y: Float32 | None
    forwards: int
    seconds: float
    note: str = ""
