"""Area under the probability of the target as the most salient pixels are brought back first.

A map that finds evidence that suffices makes the curve rise at once, so **higher is better**.

**Protocol (RISE).** The curve starts from the blurred image (Gaussian, 11 px, sigma 5 px, its tails folded
back onto the 11 px as in the official code, zeros beyond the border, after normalisation). Pixels are
ordered by descending raw value, equal values in reading order. In each step the next `step_px` pixels are
restored. The probability is taken before the first and after every step, and the area is computed by the
trapezoid rule over equally spaced points. Values are **not comparable** with protocols that start from
another substrate.
"""

from gallery.measure._base import MEASURES, Measured, Score
from gallery.measure._curves import blurred, curve, steps_of


@MEASURES.register(
    "insertion",
    title="Insertion",
    reference="Petsiuk et al., RISE, BMVC 2018, arXiv:1806.07421, section 4.1",
    unit="probability, area over the fraction of pixels",
    better="higher",
    is_curve=True,
)
def insertion(subject: Measured) -> Score:
    """Return the area under the insertion curve, in [0, 1], and the curve.

    Cost:
        ceil(H * W / step_px) + 1 float32 forward passes.
    """
    keep = steps_of(subject.values, subject.step_px)
    return curve(subject, keep, blurred(subject.scorer.image))
