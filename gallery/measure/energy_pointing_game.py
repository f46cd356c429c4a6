r"""Share of the map's energy that lies inside the marked object.

$$\frac{\sum_{i \in R} \max(h_i, 0)}{\sum_i \max(h_i, 0)}$$

$h$ is the raw map at input size and $R$ the region that the set marks in the photograph, by boxes or a mask;
pixels on its border count with the share that belongs to it. **Higher is better.** A map without any positive
value scores 0. Photographs without a marked object, or whose object lies outside what the classifier sees,
get no value.

**Pitfalls.** A large object is easy: a map that is positive everywhere and the same scores the object's share
of the image. Compare methods on the same images, never images with each other. And the measure asks where
people see the object, not what the classifier uses: a classifier that decides by the background is explained
well by a map that scores low.

**Differs from the paper.** The paper's maps are cut off at zero; of a signed map we take the positive part.
No other scaling is done, so a method whose values all carry an offset (the averages of RISE) is pulled
towards the object's share of the image.
"""

from gallery.measure._base import MEASURES, Measured, Score
from gallery.measure._regions import NO_OBJECT, OUT_OF_SIGHT, positive_share


@MEASURES.register(
    "energy_pointing_game",
    title="Energy-based pointing game",
    reference="Wang et al., Score-CAM, CVPR Workshops 2020, arXiv:1910.01279, energy-based pointing game",
    unit="share of the positive attribution",
    better="higher",
    uses_regions=True,
)
def energy_pointing_game(subject: Measured) -> Score:
    """Return the share of one map, in [0, 1]; None without a marked object.

    Cost:
        No forward pass.
    """
    if subject.region is None:
        return Score(None, forwards=0, note=NO_OBJECT)
    if not bool(subject.region.any()):
        return Score(None, forwards=0, note=OUT_OF_SIGHT)
    return Score(positive_share(subject.values, subject.region), forwards=0)
