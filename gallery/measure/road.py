r"""Difference between removing the least and the most salient pixels, filled in from their neighbours.

$$\frac{1}{m} \sum_{s} \frac{p\big(x^{\text{LeRF}}_s\big) - p\big(x^{\text{MoRF}}_s\big)}{2},
\qquad s \in \{0.2,\ 0.4,\ 0.6,\ 0.8\}$$

$p$ is the target's softmax probability. In $x^{\text{MoRF}}_s$ the share $s$ of the pixels with the highest
raw values is removed (most relevant first), in $x^{\text{LeRF}}_s$ the share with the lowest (least relevant
first). **Higher is better**, between $-0.5$ and $0.5$; a random order gives about 0. The curve shows half the
difference at every share; it is 0 at both ends, where nothing or everything is removed. A map that is the
same everywhere has no order and gets no value.

**Protocol (ROAD, remove and debias).** A grey or black patch betrays its shape: the classifier can use the
outline of what was removed. ROAD therefore fills removed pixels in. Each is set to the weighted mean of its
eight neighbours (direct neighbours 1/6, diagonal ones 1/12, fewer at the border), which is one sparse linear
system, and Gaussian noise of standard deviation 0.01 (normalised units) is added. Ties are broken in reading
order.

**Pitfalls.** Filling in is good for scattered pixels and poor for connected regions, which become a blur that
still shows roughly what was there: smooth maps (CAMs) are judged more gently when their top is removed. Half
the value comes from the least salient pixels, so a map that ranks the background well gains as much as one
that ranks the object well.

**Differs from the paper.** The paper shows the *accuracy* on a data set after removal, for the two orders
separately. A single image has no accuracy; half the difference of the probabilities is what is commonly
reported in its place.
"""

import torch

from gallery.errors import ConfigError
from gallery.measure._base import MEASURES, Measured, Score
from gallery.measure._curves import NO_ORDER, is_constant, salient_rank
from gallery.measure._imputation import NOISE, impute
from gallery.tensors import generator


@MEASURES.register(
    "road",
    title="ROAD",
    reference="Rong et al., A Consistent and Efficient Evaluation Strategy for Attribution Methods, "
    "ICML 2022, arXiv:2202.00449",
    unit="probability, half the difference of two orders",
    better="higher",
    is_curve=True,
    x_label="fraction of pixels removed",
    y_label="half difference of probabilities",
    is_seeded=True,
    is_default=False,
    range=(-0.5, 0.5),
)
def road(subject: Measured, *, n_shares: int = 4) -> Score:
    """Return the mean half difference, in [-0.5, 0.5], and the curve; None for a constant map.

    Args:
        subject: The map and the classifier's answers.
        n_shares: m, shares of removed pixels, equally spaced between 0 and 1, 1 to 99.

    Raises:
        ConfigError: If ``n_shares`` is out of range.

    Cost:
        2 * ``n_shares`` float32 forward passes, one at a time, and as many sparse systems.
    """
    if not 1 <= n_shares <= 99:
        raise ConfigError(f"measures.options.road.n_shares: must lie in 1 to 99, got {n_shares}.")
    if is_constant(subject):
        return Score(None, forwards=0, note=NO_ORDER)
    image, draw = subject.scorer.image, generator(subject.seed)
    rank = salient_rank(subject.values)
    nothing = torch.zeros(1, *rank.shape)

    def probability(removed: torch.Tensor) -> float:
        noise = NOISE * torch.randn(image.shape, generator=draw)
        filled = impute(image, removed, noise)
        return float(subject.scorer.score_soft(nothing, exact=True, baseline=filled)[0])

    shares = [step / (n_shares + 1) for step in range(1, n_shares + 1)]
    halves = []
    for share in shares:
        n = min(round(share * rank.numel()), rank.numel() - 1)
        most, least = probability(rank < n), probability(rank >= rank.numel() - n)
        halves.append((least - most) / 2)
    x, y = torch.tensor([0.0, *shares, 1.0]), torch.tensor([0.0, *halves, 0.0])
    return Score(sum(halves) / n_shares, forwards=2 * n_shares, x=x, y=y)
