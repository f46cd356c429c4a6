"""Do the orders that papers report hold on this set?

For each reported order "A is better than B", the difference of the two methods is taken on every image of
the set and averaged. The order *holds* if the 95 % bootstrap interval of that mean lies wholly on the
reported side of zero, is *reversed* if it lies wholly on the other side, and otherwise there is *no
evidence* for either. Fewer than 6 images are *too few* to say anything. Differences on the same images are
far sharper than two separate intervals.

Each order is looked at on its own: of twenty that do not hold at all, about one would be said to hold or to
be reversed by chance.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from gallery.survey.bootstrap import DEFAULT, Interval, Resampling, paired_difference
from gallery.survey.comparison import FEWEST, Values, value_table
from gallery.survey.paired import Better, settled
from gallery.survey.published import Claim

Float64 = NDArray[np.float64]
Verdict = Literal["holds", "reversed", "no evidence", "too few images"]


@dataclass(frozen=True)
class Ordering:
    """A reported order and what this set says of it.

    Attributes:
        claim: The order.
        measure: Registered name of the measure it was looked for with.
        difference: Mean of first minus second over the images that have both.
        verdict: What follows.
    """

    claim: Claim
    measure: str
    difference: Interval
    verdict: Verdict


def check_order(
    images: Sequence[Values], claim: Claim, measure: str, better: Better, resampling: Resampling = DEFAULT
) -> Ordering:
    """Return whether a reported order holds.

    Args:
        images: Values of every image.
        claim: The order.
        measure: Registered name of the measure to look at.
        better: Its better direction.
        resampling: How the interval is computed.
    """
    table = value_table(images, (claim.first, claim.second), measure)
    first, second = settled(table[~np.isnan(table).any(axis=1)]).T
    difference = paired_difference(first, second, resampling)
    return Ordering(claim, measure, difference, _verdict(difference, better, first - second))


def _verdict(difference: Interval, better: Better, differences: Float64) -> Verdict:
    if difference.n < FEWEST:
        return "too few images"
    sign = 1 if better == "higher" else -1
    value = sign * (difference.value or 0.0)
    # The same difference on every image has no interval; it is as clear as can be.
    is_clear = difference.excludes(0) or (difference.low is None and bool(differences.any()))
    if not is_clear:
        return "no evidence"
    return "holds" if value > 0 else "reversed"
