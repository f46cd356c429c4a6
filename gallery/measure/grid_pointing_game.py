r"""Share of the positive attribution that lies in the quarter of a composite that shows the target.

$$\frac{\sum_{i \in Q} \max(h_i, 0)}{\sum_i \max(h_i, 0)}$$

$h$ is the raw map at input size and $Q$ the quarter, or quarters, whose label is the target class. **Higher
is better.** On a 2 x 2 composite it is certain, without anyone drawing boxes, where evidence for the target
can be. A map that is positive everywhere and the same scores the share of $Q$, about 0.25 for one quarter:
values near that mean chance. A map without any positive value scores 0. Images that are no composites, and
composites none of whose labels is the target class, get no value.

**Pitfalls.** The other three photographs may hold the target too, and the composite may confuse the
classifier: look at the probability of the target first. Only ratios of raw values count, so a method whose
values all carry an offset (the averages of RISE) is pulled towards 0.25 however well it ranks.

**Differs from the paper.** The paper makes grids of 3 x 3 photographs which its classifiers are confident
about; ours are the 2 x 2 composites of the set, and the classifier's centre crop may cut their outer border.
"""

from gallery.measure._base import MEASURES, Measured, Score
from gallery.measure._regions import NO_QUADRANT, positive_share


@MEASURES.register(
    "grid_pointing_game",
    title="Grid pointing game",
    reference="Böhle, Fritz and Schiele, Convolutional Dynamic Alignment Networks for Interpretable "
    "Classifications, CVPR 2021, arXiv:2104.00032, localisation metric",
    unit="share of the positive attribution",
    better="higher",
    uses_regions=True,
)
def grid_pointing_game(subject: Measured) -> Score:
    """Return the share of one map, in [0, 1]; None where no quarter is known to show the target.

    Cost:
        No forward pass.
    """
    if subject.quadrant is None or not bool(subject.quadrant.any()):
        return Score(None, forwards=0, note=NO_QUADRANT)
    return Score(positive_share(subject.values, subject.quadrant), forwards=0)
