"""Area under the probability of the target as the most salient pixels are brought back first.

A map that finds evidence that suffices makes the curve rise at once, so **higher is better**.

**Protocol (RISE).** The curve starts from the blurred image (Gaussian, 11 px, sigma 5 px, its tails folded
back onto the 11 px as in the official code, zeros beyond the border, after normalisation). Pixels are ordered
by descending raw value, equal values in reading order. In each step the next `step_px` pixels are restored.
The probability is taken before the first and after every step, and the area is computed by the trapezoid rule
over equally spaced points. A map that is the same everywhere has no order and gets no value.

**Pitfalls.** Values are not comparable with protocols that start from another substrate, such as that of
I-GOS. The blur is mild: on many photographs the classifier is still right at the start, so that the curve
starts high and methods differ little. Smooth maps bring connected regions back and are favoured over
scattered ones. Plateaus of equal values come back row by row, as for deletion.
"""

from gallery.measure._base import MEASURES, Measured, Score
from gallery.measure._curves import blurred, rise_curve


@MEASURES.register(
    "insertion",
    title="Insertion",
    reference="Petsiuk et al., RISE, BMVC 2018, arXiv:1806.07421, section 4.1",
    unit="probability, area over the fraction of pixels",
    better="higher",
    is_curve=True,
    x_label="fraction of pixels restored",
    uses_steps=True,
)
def insertion(subject: Measured) -> Score:
    """Return the area under the insertion curve, in [0, 1], and the curve; None for a constant map.

    Cost:
        ceil(H * W / step_px) + 1 float32 forward passes.
    """
    return rise_curve(subject, blurred(subject.scorer.image), restore=True)
