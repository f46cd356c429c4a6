r"""Area under the target's probability as the cells of the map are blurred away, most salient first.

Like deletion, but in the protocol of the official I-GOS and iGOS++ code. **Lower is better.**

**Protocol (I-GOS).** What is ordered are the cells of the map at its *own* resolution, by descending raw
value, equal values in reading order. In each step the next $\max(1, \lfloor n / 50 \rfloor)$ of the $n$ cells
are removed: the binary mask of the cells is upsampled bilinearly to the input and mixes the image with its
blur (Gaussian, 51 px, sigma 50 px at 224 px). The area is the right Riemann sum: each step counts with the
probability after it, times its width. A map that is the same everywhere has no order and gets no value.

**Pitfalls.** Values are **not comparable** with deletion in the protocol of RISE: baseline, masks and sum all
differ. Nor are they quite fair between maps of different resolution, because a coarse map is judged with
coarse, smooth masks and a fine one with masks of single pixels.

**Differs from the official code.** Its sum adds the width of the last step as if the probability were 1
there. We multiply it with the probability like all others. The official value is higher by $(1 - p_n)\, w_n$,
where $p_n$ is the probability with everything removed and $w_n$ the last step's width: at most 0.0204 at 7 x
7 cells, 0.0051 at 28 x 28, 0.0115 at 56 x 56, 0.0035 at 112 x 112 and 0.0005 at 224 x 224. Masks are
upsampled with half-pixel centres, as every map on these pages is, not with the corner cells' centres on the
corner pixels; and the blur grows in proportion to the input.
"""

from gallery.measure._base import MEASURES, Measured, Score
from gallery.measure._curves import igos_curve


@MEASURES.register(
    "igos_deletion",
    title="Deletion (I-GOS protocol)",
    reference="Khorram, Lawson and Li, iGOS++, ACM CHIL 2021, arXiv:2012.15783, and its official code",
    unit="probability, area over the fraction of cells",
    better="lower",
    is_curve=True,
    x_label="fraction of cells removed",
    is_default=False,
)
def igos_deletion(subject: Measured) -> Score:
    """Return the area under the deletion curve, in [0, 1], and the curve; None for a constant map.

    Cost:
        51 to 100 float32 forward passes; fewer for maps of less than 50 cells.
    """
    return igos_curve(subject, restore=False)
