"""How many digits a column of numbers is printed with, from the numbers themselves.

Measures have values of any size: probabilities, ranks, counts of passes, squared errors. All numbers of one
column have the same number of decimals, three or four significant digits of the largest; where that would
need many zeros, the column is printed in units of a power of ten, which its head names.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import floor, isfinite, log10

_SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


@dataclass(frozen=True)
class Digits:
    """How a column is printed: decimals, of numbers divided by 10 to the ``power``."""

    decimals: int = 3
    power: int = 0

    def text(self, value: float, *, signed: bool = False) -> str:
        """Return a number as text, with a real minus sign; zero has no sign."""
        rounded = round(value / 10.0**self.power, self.decimals) + 0.0
        text = f"{rounded:{'+' if signed and rounded else ''}.{self.decimals}f}"
        return text.replace("-", "\N{MINUS SIGN}")

    @property
    def unit(self) -> str:
        """What the column's head says: "in 10⁻⁵", or ""."""
        return f"in 10{str(self.power).translate(_SUPERSCRIPTS)}" if self.power else ""


def digits_for(values: Iterable[float | None], *, whole: bool = False) -> Digits:
    """Return how to print these numbers; those that are None or not finite do not count.

    Args:
        values: All numbers of the column.
        whole: Whether a column of nothing but whole numbers is printed without decimals.
    """
    known = [value for value in values if value is not None and isfinite(value)]
    largest = max((abs(value) for value in known), default=0.0)
    size = floor(log10(largest)) if largest else 0
    if not -3 < size < 6:
        return Digits(decimals=2, power=size)
    if whole and known and all(value == round(value) for value in known):
        return Digits(decimals=0)
    return Digits(decimals=2 - size if size < 0 else max(0, 3 - size))
