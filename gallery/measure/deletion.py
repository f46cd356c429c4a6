"""Area under the probability of the target as the most salient pixels are removed first.

A map that finds what the classifier needs makes the curve fall at once, so **lower is better**. A low area
alone can mislead: adversarial noise lowers it too. Read it together with the insertion curve.

**Protocol (RISE).** Pixels are ordered by descending raw value, equal values in reading order. In each step
the next `step_px` pixels are set to the mean colour (zero after normalisation). The probability is taken
before the first and after every step, and the area is computed by the trapezoid rule over equally spaced
points. Values are **not comparable** with protocols that use another substrate or order mask cells.
"""

import torch

from gallery.measure._base import MEASURES, Measured, Score
from gallery.measure._curves import curve, steps_of


@MEASURES.register(
    "deletion",
    title="Deletion",
    reference="Petsiuk et al., RISE, BMVC 2018, arXiv:1806.07421, section 4.1",
    unit="probability, area over the fraction of pixels",
    better="lower",
    is_curve=True,
)
def deletion(subject: Measured) -> Score:
    """Return the area under the deletion curve, in [0, 1], and the curve.

    Cost:
        ceil(H * W / step_px) + 1 float32 forward passes.
    """
    keep = 1 - steps_of(subject.values, subject.step_px)
    return curve(subject, keep, torch.zeros_like(subject.scorer.image))
