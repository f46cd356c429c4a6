r"""How much of the map is concentrated in few pixels: the Gini index of its absolute values.

$$G = 1 - 2 \sum_{k=1}^{n} \frac{|h|_{(k)}}{\lVert h \rVert_1} \cdot \frac{n - k + \frac12}{n}$$

$|h|_{(1)} \le \dots \le |h|_{(n)}$ are the absolute raw values of the map at input size in ascending order.
$G$ is 0 where all pixels carry the same weight and nears 1 where a single one carries all. **Higher is
better** by the convention of the field, which prefers concise explanations; a map that is zero everywhere
gets no value.

**Pitfalls.** Higher only means *more concentrated*. A map that marks one arbitrary pixel is perfect here and
explains nothing, so never read the measure alone. It looks at the map only, not at the classifier. An offset
counts as weight: methods that average positive scores (RISE) or fill the map with a small value look diffuse.
Upsampling smooths, so maps of coarse resolution cannot reach values that pixelwise ones can.
"""

import torch

from gallery.measure._base import MEASURES, Measured, Score

ALL_ZERO = "the map is zero everywhere"


@MEASURES.register(
    "sparseness",
    title="Sparseness",
    reference="Chalasani et al., Concise Explanations of Neural Networks using Adversarial Training, "
    "ICML 2020, arXiv:1810.06583",
    unit="Gini index",
    better="higher",
)
def sparseness(subject: Measured) -> Score:
    """Return the Gini index of one map, in [0, 1); None for a map of zeros.

    Cost:
        No forward pass.
    """
    weights = subject.values.double().abs().flatten().sort().values
    total = float(weights.sum())
    if total == 0:
        return Score(None, forwards=0, note=ALL_ZERO)
    n = len(weights)
    from_top = (n - torch.arange(1, n + 1, dtype=torch.float64, device=weights.device) + 0.5) / n
    return Score(max(0.0, 1 - 2 * float((weights / total * from_top).sum())), forwards=0)
