"""The one rule that brings raw heatmap values to [0, 1]; every picture and page uses it and names it.

- Unsigned maps: from the map's minimum (0) to its maximum (1). For the CAM family the minimum is 0 nearly
  always; RISE maps never come near 0, and a scale that started there would show them as an even wash.
- Signed maps: symmetric about zero, -max|v| (0) to +max|v| (1), so that zero has one colour, the middle.
- Constant maps carry no ranking: all 0 (unsigned) or all middle (signed), never a division by zero.

The raw range is returned with the values and printed beside every picture, because two maps with the same
colours can differ by any factor.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gallery.errors import RenderError
from gallery.records import Float32

UNSIGNED_RULE = "minimum to maximum"
SIGNED_RULE = "symmetric about zero"
# Smaller ranges would overflow in the division, and mean nothing: they count as constant.
_TINY = float(np.finfo(np.float32).tiny)


@dataclass(frozen=True)
class Scaled:
    """A heatmap ready for colouring, and what its colours stand for.

    Attributes:
        values: float32 in [0, 1], shaped like the raw map.
        low: Raw value drawn with the colour map's first colour.
        high: Raw value drawn with its last colour.
        minimum: Smallest raw value.
        maximum: Largest raw value.
        rule: Name of the rule, as printed.
        constant: Whether all raw values are equal.
    """

    values: Float32
    low: float
    high: float
    minimum: float
    maximum: float
    rule: str
    constant: bool


def scale(values: NDArray[np.floating], *, signed: bool = False) -> Scaled:
    """Bring raw values to [0, 1] by the rule of this module.

    Args:
        values: Raw heatmap of any shape.
        signed: Whether negative values mean evidence against the class.

    Raises:
        RenderError: If the map is empty or a value is not finite.
    """
    if values.size == 0 or not np.isfinite(values).all():
        raise RenderError("A heatmap is empty or holds values that are not finite; compute it again.")
    raw = values.astype(np.float64)
    minimum, maximum = float(raw.min()), float(raw.max())
    reach = max(abs(minimum), abs(maximum))
    low, high = (-reach, reach) if signed else (minimum, maximum)
    if high - low < _TINY:
        scaled = np.full(raw.shape, 0.5 if signed else 0.0, dtype=np.float32)
    else:
        scaled = np.clip((raw - low) / (high - low), 0.0, 1.0).astype(np.float32)
    rule = SIGNED_RULE if signed else UNSIGNED_RULE
    return Scaled(scaled, low, high, minimum, maximum, rule, minimum == maximum)


def format_number(value: float) -> str:
    """Return three significant digits: ``0``, ``0.0132``, ``3.21``, ``1.2e-05``, ``4.56e+06``."""
    if value == 0:
        return "0"
    if 1e-3 <= abs(value) < 1e4:
        digits = max(0, 2 - int(np.floor(np.log10(abs(value)))))
        return f"{value:.{digits}f}"
    return f"{value:.2e}"


def range_text(scaled: Scaled) -> str:
    """Return the raw range the colours span and the rule, as printed: ``0 to 3.21 (minimum to maximum)``."""
    if scaled.constant:
        return f"constant at {format_number(scaled.minimum)}"
    return f"{format_number(scaled.low)} to {format_number(scaled.high)} ({scaled.rule})"
