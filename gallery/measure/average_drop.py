r"""How much probability is lost when the image is dimmed by the map.

$$\frac{\max(0, p - p_m)}{p}$$

$p$ is the target's probability on the whole image and $p_m$ on the image multiplied by the map. The mean over
images is the *average drop*. **Lower is better.** The raw map is scaled from its minimum to its maximum onto
[0, 1] and multiplied with the normalised image, so that dark parts of the map become the mean colour. Values
are fractions, not percent.

**Pitfalls.** The measure favours maps that cover much of the image: a map of ones, but for one pixel, loses
next to nothing. Read it beside deletion and insertion. A map that is the same everywhere is scaled to zeros
and loses almost everything.
"""

import torch

from gallery.measure._base import MEASURES, Measured, Score, unit_range


@MEASURES.register(
    "average_drop",
    title="Average drop",
    reference="Chattopadhay et al., Grad-CAM++, WACV 2018, arXiv:1710.11063, section 4.1",
    unit="fraction of the probability",
    better="lower",
)
def average_drop(subject: Measured) -> Score:
    """Return the relative drop of one image, in [0, 1]; 0 where there is no probability to lose.

    Cost:
        One float32 forward pass.
    """
    drop = max(0.0, subject.p_full - p_dimmed(subject))
    return Score(drop / subject.p_full if drop else 0.0, forwards=1)


def p_dimmed(subject: Measured) -> float:
    """Return the target's probability on the normalised image multiplied by the map scaled onto [0, 1]."""
    keep = unit_range(subject.values)[None]
    zeros = torch.zeros_like(subject.scorer.image)
    return float(subject.scorer.score_soft(keep, exact=True, baseline=zeros)[0])
