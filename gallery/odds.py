"""Log-odds: the scale on which patches nearly add up, and on which errors near 0 and 1 count in full."""

import math

EDGE = 1e-7
"""Probabilities are kept this far from 0 and 1: float32 softmax resolves no more."""


def log_odds(p: float) -> float:
    """Return log(p / (1 - p)), with p kept inside [``EDGE``, 1 - ``EDGE``]."""
    p = min(max(p, EDGE), 1 - EDGE)
    return math.log(p / (1 - p))
