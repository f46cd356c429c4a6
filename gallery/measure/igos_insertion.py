r"""Area under the target's probability as the cells of the map are brought back first, in a blurred image.

Like insertion, but in the protocol of the official I-GOS and iGOS++ code. **Higher is better.**

**Protocol (I-GOS).** The curve starts from the strongly blurred image (Gaussian, 51 px, sigma 50 px at 224
px). What is ordered are the cells of the map at its *own* resolution, by descending raw value, equal values
in reading order. In each step the next $\max(1, \lfloor n / 50 \rfloor)$ of the $n$ cells are restored: the
binary mask of the cells is upsampled bilinearly and mixes the image with its blur. The area is the right
Riemann sum: each step counts with the probability after it, times its width. A map that is the same
everywhere has no order and gets no value.

**Pitfalls.** Values are **not comparable** with insertion in the protocol of RISE, which starts from a mild
blur and restores pixels. As for deletion, maps of different resolution are judged with masks of different
smoothness.

**Differs from the official code** as for deletion: the last step counts with its probability and not as if it
were 1 (the official value is higher by at most $(1 - p)\, w_n$ with $p$ the probability of the whole image
and $w_n$ the last step's width, 0.0204 at 7 x 7 cells and 0.0051 at 28 x 28), masks are upsampled with
half-pixel centres, and the blur grows in proportion to the input.
"""

from gallery.measure._base import MEASURES, Measured, Score
from gallery.measure._curves import igos_curve


@MEASURES.register(
    "igos_insertion",
    title="Insertion (I-GOS protocol)",
    reference="Khorram, Lawson and Li, iGOS++, ACM CHIL 2021, arXiv:2012.15783, and its official code",
    unit="probability, area over the fraction of cells",
    better="higher",
    is_curve=True,
    x_label="fraction of cells restored",
    is_default=False,
)
def igos_insertion(subject: Measured) -> Score:
    """Return the area under the insertion curve, in [0, 1], and the curve; None for a constant map.

    Cost:
        51 to 100 float32 forward passes; fewer for maps of less than 50 cells.
    """
    return igos_curve(subject, restore=True)
