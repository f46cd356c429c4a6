r"""Optimise the smallest smooth mask whose removal makes the classifier lose the target.

$$\min_{0 \le M \le 1} \; f\big(\Phi(M)\big) + p \lambda_1 \overline{|1 - M|} + p \lambda_2 \mathrm{TV}(M),
\qquad \Phi(M) = x \odot M + b \odot (1 - M)$$

$f$ is the target's probability, $p$ its value on the whole image and $b$ the baseline of the set. Plain
gradient descent gets stuck where $f$ is flat, so $f$ is averaged along the straight path from the baseline
to $\Phi(M)$:

$$F(M) = \frac{1}{S} \sum_{s=1}^{S} f\big(\Phi(\tfrac{s}{S} M) + \varepsilon_s\big),
\qquad \varepsilon_s \sim N(0, \sigma^2)$$

Its gradient is the integrated gradient. Each step length is found by backtracking with factor 0.2 until $F$
plus the penalties falls enough (Armijo, $10^{-4}$), with the same noise on both sides; noise is drawn anew
for each step. The heatmap is $1 - M$: high where removal matters.

Differs from the official code: the line search judges the integrated loss (as its successor iGOS++ does)
with common noise, starts from the last accepted length and ends where no cell would change by a thousandth,
the mask is upsampled with half-pixel centres, the path average divides by $S$ and not by a literal 20, the
noise is seeded, and the $\lambda_1$ schedule of the demo is left out. The factor $p$ is ours: without it the
penalties outweigh all that can be gained on an image the classifier is unsure about, and the mask stays
empty. Passes may run in bfloat16 where that is faster. Images are explained together, in passes of one fixed
size, and each map is what it would be alone.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from gallery.errors import ConfigError
from gallery.explain.heatmaps._base import HEATMAPS, RawMap, Subject
from gallery.explain.heatmaps._descent import descend_by_line_search
from gallery.explain.heatmaps._integrated import GROUP, Objective, Run, whole_probability
from gallery.explain.heatmaps._passes import passes_of
from gallery.explain.heatmaps._penalties import Upsampling, removed_area, total_variation


@HEATMAPS.register(
    "igos",
    title="I-GOS",
    reference="Qi, Khorram and Li, Visualizing Deep Networks by Optimizing with Integrated Gradients, "
    "AAAI 2020, arXiv:1905.00954",
    uses_baseline=True,
    is_seeded=True,
    is_batched=True,
    version=3,
)
def igos(  # noqa: PLR0913
    subjects: Sequence[Subject],
    *,
    size: int = 28,
    iterations: int = 15,
    path_points: int = 20,
    l1: float = 1.0,
    tv: float = 20.0,
    sigma: float = 0.2,
    step: float = 200.0,
) -> list[RawMap]:
    """Return 1 - M of the optimised mask for each subject.

    Args:
        subjects: What to explain: images of one size under one classifier.
        size: Cells per side of the mask, >= 2.
        iterations: Descent steps, >= 1.
        path_points: S, points of the integrated gradient, >= 1.
        l1: Weight of the mean removed area relative to p, >= 0.
        tv: Weight of the total variation (mean of squared differences at mask resolution) relative to p,
            >= 0.
        sigma: Standard deviation of the noise on path images, in units of the normalised input, >= 0.
        step: Step length tried first, > 0.

    Returns:
        For each subject (size, size) float32 in [0, 1], 1 = removed.

    Raises:
        ClassifierError: If a loss is not finite.
        ConfigError: If an option is out of range.
        ShapeError: If the images differ in size.

    Cost:
        For each image ``iterations * path_points`` forward and backward passes, and one to two times as many
        forward passes for the line search; memory for the noise of 16 images.
    """
    if size < 2 or iterations < 1 or path_points < 1 or step <= 0:
        raise ConfigError("methods.igos: needs size >= 2, iterations >= 1, path_points >= 1 and step > 0.")
    if min(l1, tv, sigma) < 0:
        raise ConfigError("methods.igos: needs l1 >= 0, tv >= 0 and sigma >= 0.")
    maps: list[RawMap] = []
    for first in range(0, len(subjects), GROUP):
        group = subjects[first : first + GROUP]
        upsampling = Upsampling((size, size), group[0].size, group[0].image.device)
        runs = [
            Run(
                subject=subject,
                objective=_objective(whole_probability(subject), l1, tv),
                upsampling=upsampling,
                masks=torch.ones(1, size, size, device=subject.image.device),
                step=step,
                path_points=path_points,
                sigma=sigma,
            )
            for subject in group
        ]
        with passes_of(group) as passes:
            descend_by_line_search(passes, runs, iterations)
        maps += [run.raw_map(run.masks[0]) for run in runs]
    return maps


def _objective(p_full: float, l1: float, tv: float) -> Objective:
    """Return the removing term and the penalties of the single mask, relative to ``p_full``."""

    def penalty(masks: Tensor) -> Tensor:
        return p_full * (l1 * removed_area(masks[0]) + tv * total_variation(masks[0]))

    return Objective(shown=lambda masks: [masks[0]], inserts=(False,), weight=1.0, penalty=penalty)
