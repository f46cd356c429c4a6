"""Whether the classifier becomes more confident when the image is dimmed by the map.

1 if the target's probability on the image multiplied by the map exceeds the probability on the whole image,
else 0; the mean over images is the share of images with an increase. **Higher is better.** The map is scaled
and multiplied as for *average drop*.

**Pitfalls.** One bit per image: means over few images are coarse. Any rise counts, however small, so an image
whose probability is near 1 counts against every map.
"""

from gallery.measure._base import MEASURES, Measured, Score
from gallery.measure.average_drop import p_dimmed


@MEASURES.register(
    "increase_in_confidence",
    title="Increase in confidence",
    reference="Chattopadhay et al., Grad-CAM++, WACV 2018, arXiv:1710.11063, section 4.1",
    unit="share of images",
    better="higher",
)
def increase_in_confidence(subject: Measured) -> Score:
    """Return 1.0 if confidence rises on the dimmed image, else 0.0.

    Cost:
        One float32 forward pass.
    """
    return Score(float(p_dimmed(subject) > subject.p_full), forwards=1)
