"""Area under the probability of the target as the most salient pixels are removed first.

A map that finds what the classifier needs makes the curve fall at once, so **lower is better**. A low area
alone can mislead: adversarial noise lowers it too. Read it together with the insertion curve.

**Protocol (RISE).** Pixels are ordered by descending raw value, equal values in reading order. In each step
the next `step_px` pixels are set to the mean colour (zero after normalisation). The probability is taken
before the first and after every step, and the area is computed by the trapezoid rule over equally spaced
points. A map that is the same everywhere has no order and gets no value.

**Pitfalls.** Values are not comparable with protocols that use another substrate or order mask cells, such as
that of I-GOS. Grey pixels in a photograph are something the classifier never saw: part of a drop is due to
that, whatever was removed. The step (`measures.step_px`) changes the value a little, so compare values of one
step only. A large plateau of equal values, such as the zeros of a map cut off at zero, is removed row by row
from the top; what comes after it says little about the map.
"""

import torch

from gallery.measure._base import MEASURES, Measured, Score
from gallery.measure._curves import rise_curve


@MEASURES.register(
    "deletion",
    title="Deletion",
    reference="Petsiuk et al., RISE, BMVC 2018, arXiv:1806.07421, section 4.1",
    unit="probability, area over the fraction of pixels",
    better="lower",
    is_curve=True,
    x_label="fraction of pixels removed",
    uses_steps=True,
)
def deletion(subject: Measured) -> Score:
    """Return the area under the deletion curve, in [0, 1], and the curve; None for a constant map.

    Cost:
        ceil(H * W / step_px) + 1 float32 forward passes.
    """
    return rise_curve(subject, torch.zeros_like(subject.scorer.image), restore=False)
