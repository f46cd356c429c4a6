"""What the measures share that make a map again: may they, and is it affordable?"""

from gallery.errors import ConfigError
from gallery.measure._base import Measured

MAX_PASSES = 2000
"""Passes that making a map again may cost by default: gradient CAMs fit many times, RISE and I-GOS do not."""

ONE_OF_A_KIND = "maps made from the structural search are not made again"


def why_not(subject: Measured, times: int, max_passes: int, measure: str) -> str:
    """Return why a map cannot be made again ``times`` times, or "" if it can.

    Args:
        subject: The map.
        times: How often the measure makes it again.
        max_passes: Images passed forward or backward that this may cost.
        measure: Registered name, for the remedy.
    """
    if subject.remake is None:
        return ONE_OF_A_KIND
    passes = subject.passes * times
    if passes > max_passes:
        remedy = f"raise measures.options.{measure}.max_passes to have it"
        return f"making the map {times} times more takes {passes} passes, more than {max_passes}: {remedy}"
    return ""


def check_max_passes(max_passes: int, measure: str) -> None:
    """Check the option.

    Raises:
        ConfigError: If it is negative.
    """
    if max_passes < 0:
        raise ConfigError(f"measures.options.{measure}.max_passes: must be 0 or more, got {max_passes}.")
