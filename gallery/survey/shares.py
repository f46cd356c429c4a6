"""A share with an interval that is right for few images and near 0 and 1 as well."""

from math import sqrt
from statistics import NormalDist

from gallery.errors import ConfigError
from gallery.survey.bootstrap import Interval


def wilson(n_true: int, n: int, confidence: float = 0.95) -> Interval:
    """Return ``n_true / n`` with Wilson's score interval.

    Reference: Wilson, Probable inference, the law of succession, and statistical inference, Journal of the
    American Statistical Association 22(158), 1927; without continuity correction.

    Args:
        n_true: Things for which something is true.
        n: All of them; without any, there is neither a share nor an interval.
        confidence: Share of such intervals that should contain the truth, in (0, 1).

    Raises:
        ConfigError: If ``n_true`` is not between 0 and ``n``, or ``confidence`` is no such share.
    """
    if not 0 <= n_true <= n:
        raise ConfigError(f"{n_true} of {n} is no share.")
    if not 0 < confidence < 1:
        raise ConfigError(f"confidence is {confidence}; give a number between 0 and 1, such as 0.95.")
    if n == 0:
        return Interval(None, None, None, 0)
    z2 = NormalDist().inv_cdf((1 + confidence) / 2) ** 2
    share = n_true / n
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    reach = sqrt(z2 * (share * (1 - share) / n + z2 / (4 * n * n))) / (1 + z2 / n)
    return Interval(share, max(0.0, centre - reach), min(1.0, centre + reach), n)
