r"""Optimise two masks, one to lose the target by removing, one to win it by inserting.

$M_x$ is kept small for deletion, $M_y$ for insertion, and their product $M_{xy} = M_x M_y$ for both:

$$\min_{0 \le M_x, M_y \le 1} \; D(M_x) - I(M_y) + D(M_{xy}) - I(M_{xy})
+ p \lambda_1 \overline{|1 - M_{xy}|} + p \lambda_2 \mathrm{BTV}(M_{xy})$$

$D(M)$ is the target's probability once what $M$ removes is replaced by the baseline $b$, $I(M)$ its
probability when only that is put into the baseline. As in I-GOS, both are averaged over $S$ points of a
straight path with noise $\varepsilon_s \sim N(0, \sigma^2)$, so that their gradients are integrated ones:

$$D(M) = \frac1S \sum_{s=1}^S f\big(b + \tfrac sS M \odot (x - b) + \varepsilon_s\big), \qquad
I(M) = \frac1S \sum_{s=1}^S f\big(x - \tfrac sS M \odot (x - b) + \varepsilon_s\big)$$

The bilateral total variation forgives differences across edges of the image:

$$\mathrm{BTV}(M) = \tfrac12 \Big[ \mathrm{TV}(M)
+ \overline{\textstyle\sum_d e^{-\overline{(\nabla_d x)^2} / w^2} (\nabla_d M^\uparrow)^2} \Big]$$

with $d$ down and right, $w = 0.1$, $M^\uparrow$ the mask at image size and $\overline{(\nabla_d x)^2}$
averaged over channels. The heatmap is $1 - M_{xy}$: high where the evidence is. $p$ is the target's
probability on the whole image; the penalties are relative to it as in our I-GOS, so that images the
classifier is unsure about get a map too. Published masks of 224 x 224 cells use `l1 = 10` and 20 iterations.

Step lengths are found by backtracking as in I-GOS (`optimiser = "line_search"`), or fixed, with Nesterov's
momentum $M_{t+1} = \theta_{t+1} + \frac{t}{t+3} (\theta_{t+1} - \theta_t)$, $\theta_{t+1} = M_t - \alpha g_t$
(`"nag"`), which needs no further passes.

Differs from the official code:

- The gradient followed is that of the loss above, which the line search judges: there, the gradient halves
  the four terms, and the loss does not.
- The four terms, and all losses that are compared, share one noise, drawn anew for each step; there, every
  evaluation draws its own, so that luck decides whether a step is accepted.
- A line search starts from the length accepted last, not from the longest, takes no step if none is good
  enough, and ends where no cell would change by a thousandth.
- Edges count the same in both directions; there, channels are averaged before squaring for vertical
  neighbours and after the exponential for horizontal ones. $w^2$ is the 0.01 that the code divides by.
- The mask scored is the mask shown: $M_x M_y$ is formed at mask resolution and then upsampled (there, the
  other way round for the terms), with half-pixel centres.
- Iterations and path points are what they are called (the runner exchanges them), `optimiser` has an effect
  (the runner drops it), and the noise is seeded.
- The penalties have the factor $p$. Passes may run in bfloat16 where that is faster, and hold path points of
  all terms and images together; each map is what it would be alone.

As in the official code, and unlike the equations of the paper, the path of an inserting term starts from the
image: a path from the baseline would stay at the baseline while nothing is inserted yet.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from gallery.errors import ConfigError
from gallery.explain.heatmaps._base import HEATMAPS, RawMap, Subject
from gallery.explain.heatmaps._descent import descend_by_line_search, descend_with_momentum
from gallery.explain.heatmaps._integrated import GROUP, Objective, Run, whole_probability
from gallery.explain.heatmaps._passes import passes_of
from gallery.explain.heatmaps._penalties import (
    Upsampling,
    bilateral_variation,
    edge_weights,
    removed_area,
    total_variation,
)

EDGE_WIDTH = 0.1
OPTIMISERS = {"line_search": descend_by_line_search, "nag": descend_with_momentum}


@HEATMAPS.register(
    "igos_plus_plus",
    title="iGOS++",
    reference="Khorram, Lawson and Li, iGOS++: Integrated Gradient Optimized Saliency by Bilateral "
    "Perturbations, CHIL 2021, arXiv:2012.15783",
    uses_baseline=True,
    is_seeded=True,
    is_batched=True,
)
def igos_plus_plus(  # noqa: PLR0913
    subjects: Sequence[Subject],
    *,
    size: int = 28,
    iterations: int = 15,
    path_points: int = 20,
    l1: float = 1.0,
    tv: float = 20.0,
    sigma: float = 0.2,
    step: float = 1000.0,
    optimiser: str = "line_search",
) -> list[RawMap]:
    """Return 1 - Mx * My of the optimised masks for each subject.

    Args:
        subjects: What to explain: images of one size under one classifier.
        size: Cells per side of the masks, >= 2; published are 7, 28 and 224.
        iterations: Descent steps, >= 1.
        path_points: S, points of the integrated gradients, >= 1.
        l1: Weight of the mean removed area relative to p, >= 0.
        tv: Weight of the bilateral total variation relative to p, >= 0.
        sigma: Standard deviation of the noise on path images, in units of the normalised input, >= 0.
        step: Step length tried first, or the fixed one, > 0.
        optimiser: "line_search" or "nag".

    Returns:
        For each subject (size, size) float32 in [0, 1], 1 = removed from the image, or inserted into the
        baseline, first.

    Raises:
        ClassifierError: If a loss is not finite.
        ConfigError: If an option is out of range.
        ShapeError: If the images differ in size.

    Cost:
        For each image ``4 * iterations * path_points`` forward and backward passes; with "line_search" one to
        two times as many forward passes more; memory for the noise of 16 images.
    """
    _check(size, iterations, path_points, (l1, tv, sigma), step)
    if optimiser not in OPTIMISERS:
        known = ", ".join(OPTIMISERS)
        raise ConfigError(
            f"methods.igos_plus_plus.optimiser: unknown optimiser {optimiser!r}. Known: {known}."
        )
    maps: list[RawMap] = []
    for first in range(0, len(subjects), GROUP):
        group = subjects[first : first + GROUP]
        upsampling = Upsampling((size, size), group[0].size, group[0].image.device)
        runs = [
            Run(
                subject=subject,
                objective=_objective(subject, upsampling, l1, tv),
                upsampling=upsampling,
                masks=torch.ones(2, size, size, device=subject.image.device),
                step=step,
                path_points=path_points,
                sigma=sigma,
            )
            for subject in group
        ]
        with passes_of(group) as passes:
            OPTIMISERS[optimiser](passes, runs, iterations)
        maps += [run.raw_map(run.masks[0] * run.masks[1]) for run in runs]
    return maps


def _check(
    size: int, iterations: int, path_points: int, weights: tuple[float, float, float], step: float
) -> None:
    if size < 2 or iterations < 1 or path_points < 1 or step <= 0:
        raise ConfigError(
            "methods.igos_plus_plus: needs size >= 2, iterations >= 1, path_points >= 1 and step > 0."
        )
    if min(weights) < 0:
        raise ConfigError("methods.igos_plus_plus: needs l1 >= 0, tv >= 0 and sigma >= 0.")


def _objective(subject: Subject, upsampling: Upsampling, l1: float, tv: float) -> Objective:
    """Return the four terms of the masks Mx and My, (2, s, s), and the penalties of their product."""
    p_full = whole_probability(subject)
    edges = edge_weights(subject.image[0], EDGE_WIDTH)

    def shown(masks: Tensor) -> list[Tensor]:
        both = masks[0] * masks[1]
        return [masks[0], masks[1], both, both]

    def penalty(masks: Tensor) -> Tensor:
        both = masks[0] * masks[1]
        variation = (total_variation(both) + bilateral_variation(upsampling(both), edges)) / 2
        return p_full * (l1 * removed_area(both) + tv * variation)

    return Objective(shown, inserts=(False, True, False, True), weight=1.0, penalty=penalty)
