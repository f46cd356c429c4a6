r"""Share of images whose target gains probability when only the most salient pixels are kept.

$$y(s) = \left[\, p\big(x \odot m_s\big) > p(x) \,\right], \qquad
\frac{1}{5} \sum_{s} y(s), \quad s \in \{0.05,\ 0.1,\ 0.2,\ 0.25,\ 0.5\}$$

$m_s$ keeps the share $s$ of the pixels with the highest raw values, equal values in reading order, and sets
the others to the mean colour (zero after normalisation). $p$ is the target's softmax probability. **Higher is
better.** The value of one image is the mean over the five shares; averaged over images, the curve shows each
share by itself. Its end points are measured too: nothing kept, and everything kept, where nothing can rise. A
map that is the same everywhere has no order and gets no value.

**This is a reading.** The paper reports a metric called "percentage" at 5, 10, 20, 25 and 50 % in per cent,
but its definition was not available to us. Keeping the top share of the map and counting the images whose
probability rises fits the size of the printed numbers; what the paper replaces the other pixels with, and
whether it compares probabilities or logits, is our choice. Do not set these values beside the paper's.

**Pitfalls.** Few images gain when most of them is grey, so the values at small shares are near zero for every
method and need many images. Where the probability of the whole image is near 1 there is nothing to gain.
"""

import torch

from gallery.measure._base import MEASURES, Measured, Score
from gallery.measure._curves import NO_ORDER, first_cells, is_constant, salient_rank

SHARES = (0.05, 0.1, 0.2, 0.25, 0.5)


@MEASURES.register(
    "percentage",
    title="Percentage kept",
    reference="An and Joe, Attention Map-Guided Visual Explanations for Deep Neural Networks, "
    "Applied Sciences 12(8):3846, 2022, table of the percentage metric (our reading)",
    unit="share of images, mean over five shares of kept pixels",
    better="higher",
    is_curve=True,
    x_label="fraction of pixels kept",
    y_label="share of images that gain",
)
def percentage(subject: Measured) -> Score:
    """Return the mean of the five answers, in [0, 1], and all of them; None for a constant map.

    At least one pixel is kept at every share.

    Cost:
        Six float32 forward passes.
    """
    if is_constant(subject):
        return Score(None, forwards=0, note=NO_ORDER)
    cells = subject.values.numel()
    limits = torch.tensor([0, *(max(1, round(share * cells)) for share in SHARES)])
    keep = first_cells(salient_rank(subject.values), limits)
    baseline = torch.zeros_like(subject.scorer.image)
    p = subject.scorer.score_soft(keep, exact=True, baseline=baseline)
    y = torch.cat([(p > subject.p_full).float().cpu(), torch.zeros(1)])
    x = torch.tensor([0.0, *SHARES, 1.0])
    return Score(float(y[1:-1].double().mean()), forwards=len(p), x=x, y=y)
