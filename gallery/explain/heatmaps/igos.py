r"""Optimise the smallest smooth mask whose removal makes the classifier lose the target.

$$\min_{0 \le M \le 1} \; f\big(\Phi(M)\big) + \lambda_1 \overline{|1 - M|} + \lambda_2 \mathrm{TV}(M), \qquad
\Phi(M) = x \odot M + b \odot (1 - M)$$

$f$ is the target's probability and $b$ the baseline of the set. Plain gradient descent gets stuck, so the direction
of $f$ is an integrated gradient along the straight path from the baseline to $\Phi(M)$:

$$\frac{1}{S} \sum_{s=1}^{S} \nabla_M f\big(\Phi(\tfrac{s}{S} M) + \varepsilon_s\big), \qquad \varepsilon_s \sim N(0, \sigma^2)$$

Each step length is found by backtracking from `step` with factor 0.2 until the loss falls enough (Armijo, $10^{-4}$).
The heatmap is $1 - M$: high where removal matters.

Differs from the official code: the mask is upsampled with half-pixel centres, the path average divides by $S$ (not by a
literal 20), the noise is seeded, several step lengths are tried in one batch, and the $\lambda_1$ schedule of its demo
is left out. Path gradients may run in bfloat16 where that is faster; the line search is float32.
"""

import torch
from torch import Tensor

from gallery.errors import ConfigError
from gallery.explain.heatmaps._base import HEATMAPS, RawMap, Subject
from gallery.perturbation import compose
from gallery.tensors import generator, left_as_found, upsample

DECAY, ARMIJO, SHORTEST = 0.2, 1e-4, 1e-5
TRIED_TOGETHER = 4


@HEATMAPS.register(
    "igos",
    title="I-GOS",
    reference="Qi, Khorram and Li, Visualizing Deep Networks by Optimizing with Integrated Gradients, AAAI 2020, "
    "arXiv:1905.00954",
    uses_baseline=True,
    is_seeded=True,
)
def igos(  # noqa: PLR0913
    subject: Subject,
    *,
    size: int = 28,
    iterations: int = 15,
    path_points: int = 20,
    l1: float = 1.0,
    tv: float = 20.0,
    sigma: float = 0.2,
    step: float = 200.0,
) -> RawMap:
    """Return 1 - M of the optimised mask.

    Args:
        subject: What to explain.
        size: Cells per side of the mask, >= 2.
        iterations: Descent steps, >= 1.
        path_points: S, points of the integrated gradient, >= 1.
        l1: Weight of the mean removed area.
        tv: Weight of the total variation (mean of squared differences at mask resolution).
        sigma: Standard deviation of the noise on path images, in units of the normalised input.
        step: First step length tried, > 0.

    Returns:
        (size, size) float32 in [0, 1], 1 = removed.

    Raises:
        ConfigError: If an option is out of range.

    Cost:
        ``iterations * path_points`` forward and backward passes, and 4 to 12 forward passes a step.
    """
    if size < 2 or iterations < 1 or path_points < 1 or step <= 0:
        raise ConfigError("methods.igos: needs size >= 2, iterations >= 1, path_points >= 1 and step > 0.")
    draw = generator(subject.seed)
    mask = torch.ones(1, size, size, device=subject.image.device)
    forwards = 1
    loss = _losses(subject, mask, l1, tv)
    with left_as_found(subject.gradient_module):
        for _ in range(iterations):
            gradient = _path_gradient(subject, mask, path_points, sigma, draw) + _penalty_gradient(mask, l1, tv)
            mask, loss, tried = _line_search(subject, mask, gradient, loss, (l1, tv, step))
            forwards += path_points + tried
    return RawMap(
        (1 - mask[0]).cpu(), forwards=forwards, backwards=iterations * path_points, seeded=True
    )


def penalty(masks: Tensor, l1: float, tv: float) -> Tensor:
    """Return l1 * mean(1 - M) + tv * TV(M) for masks (B, s, s) as (B,)."""
    rows = (masks[:, 1:] - masks[:, :-1]).square().mean(dim=(1, 2))
    cols = (masks[:, :, 1:] - masks[:, :, :-1]).square().mean(dim=(1, 2))
    return l1 * (1 - masks).mean(dim=(1, 2)) + tv * (rows + cols)


def _penalty_gradient(mask: Tensor, l1: float, tv: float) -> Tensor:
    variable = mask.clone().requires_grad_()
    with torch.enable_grad():
        (gradient,) = torch.autograd.grad(penalty(variable, l1, tv).sum(), variable)
    return gradient


def _losses(subject: Subject, masks: Tensor, l1: float, tv: float) -> Tensor:
    """Return the loss of each mask, (B,) float32."""
    keep = upsample(masks, subject.size)
    return subject.scorer.score_soft(keep, exact=True) + penalty(masks, l1, tv).cpu()


def _path_gradient(
    subject: Subject, mask: Tensor, points: int, sigma: float, draw: torch.Generator
) -> Tensor:
    """Return the integrated gradient of the target's probability with respect to ``mask``."""
    variable = mask.clone().requires_grad_()
    shares = torch.arange(1, points + 1, device=mask.device).reshape(-1, 1, 1) / points
    noise = torch.randn((points, *subject.image.shape[1:]), generator=draw).to(mask.device)
    with torch.enable_grad():
        keep = upsample(shares * variable, subject.size)
        images = compose(subject.image, subject.scorer.baseline, keep) + sigma * noise
        images = images.to(subject.gradient_dtype).contiguous(memory_format=torch.channels_last)
        logits = subject.gradient_module(images).float()
        score = logits.softmax(dim=1)[:, subject.target].sum() / points
        (gradient,) = torch.autograd.grad(score, variable)
    return gradient


def _line_search(
    subject: Subject, mask: Tensor, gradient: Tensor, loss: Tensor, settings: tuple[float, float, float]
) -> tuple[Tensor, Tensor, int]:
    """Return the accepted mask, its loss (1,) and how many were tried; the last one tried if none is accepted."""
    l1, tv, step = settings
    slope = ARMIJO * gradient.square().sum().cpu()
    tried = 0
    while True:
        steps = [step * DECAY ** (tried + i) for i in range(TRIED_TOGETHER)]
        masks = torch.cat([(mask - length * gradient).clamp(0, 1) for length in steps])
        losses = _losses(subject, masks, l1, tv)
        for i, length in enumerate(steps):
            if losses[i] <= loss[0] - length * slope or length * DECAY < SHORTEST:
                return masks[i : i + 1], losses[i : i + 1], tried + TRIED_TOGETHER
        tried += TRIED_TOGETHER
