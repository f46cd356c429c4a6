r"""Optimise the smallest smooth mask whose removal makes the classifier lose the target.

$$\min_{0 \le M \le 1} \; f\big(\Phi(M)\big) + p \lambda_1 \overline{|1 - M|} + p \lambda_2 \mathrm{TV}(M),
\qquad \Phi(M) = x \odot M + b \odot (1 - M)$$

$f$ is the target's probability, $p$ its value on the whole image and $b$ the baseline of the set. Plain
gradient descent gets stuck where $f$ is flat, so $f$ is averaged along the straight path from the baseline
to $\Phi(M)$:

$$F(M) = \frac{1}{S} \sum_{s=1}^{S} f\big(\Phi(\tfrac{s}{S} M) + \varepsilon_s\big),
\qquad \varepsilon_s \sim N(0, \sigma^2)$$

Its gradient is the integrated gradient. Each step length is found by backtracking with factor 0.2 until $F$
plus the penalties falls enough (Armijo, $10^{-4}$), with the same noise on both sides. The heatmap is
$1 - M$: high where removal matters.

Differs from the official code: the line search judges the integrated loss (as its successor iGOS++ does)
with common noise and starts from the last accepted length, the mask is upsampled with half-pixel centres,
the path average divides by $S$ and not by a literal 20, the noise is seeded, and the $\lambda_1$ schedule
of the demo is left out. The factor $p$ is ours: without it the penalties outweigh all that can be gained on
an image the classifier is unsure about, and the mask stays empty. Passes may run in bfloat16 where that is
faster.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from gallery.errors import ClassifierError, ConfigError
from gallery.explain.heatmaps._base import HEATMAPS, RawMap, Subject
from gallery.perturbation import compose
from gallery.tensors import generator, left_as_found, upsample

DECAY, ARMIJO, SHORTEST = 0.2, 1e-4, 1e-5


@dataclass(frozen=True)
class _Penalties:
    """Weights of the removed area and of the total variation."""

    l1: float
    tv: float

    def of(self, mask: Tensor) -> Tensor:
        """Return the penalties of a mask (s, s) as a scalar."""
        rows = (mask[1:] - mask[:-1]).square().mean()
        cols = (mask[:, 1:] - mask[:, :-1]).square().mean()
        return self.l1 * (1 - mask).mean() + self.tv * (rows + cols)


@HEATMAPS.register(
    "igos",
    title="I-GOS",
    reference="Qi, Khorram and Li, Visualizing Deep Networks by Optimizing with Integrated Gradients, "
    "AAAI 2020, arXiv:1905.00954",
    uses_baseline=True,
    is_seeded=True,
    version=2,
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
        l1: Weight of the mean removed area relative to p, >= 0.
        tv: Weight of the total variation (mean of squared differences at mask resolution) relative to p,
            >= 0.
        sigma: Standard deviation of the noise on path images, in units of the normalised input, >= 0.
        step: Step length tried first, > 0.

    Returns:
        (size, size) float32 in [0, 1], 1 = removed.

    Raises:
        ClassifierError: If the loss is not finite.
        ConfigError: If an option is out of range.

    Cost:
        ``iterations * path_points`` forward and backward passes, and one to two times as many forward passes
        for the line search; memory for a batch of ``path_points``.
    """
    if size < 2 or iterations < 1 or path_points < 1 or step <= 0:
        raise ConfigError("methods.igos: needs size >= 2, iterations >= 1, path_points >= 1 and step > 0.")
    if min(l1, tv, sigma) < 0:
        raise ConfigError("methods.igos: needs l1 >= 0, tv >= 0 and sigma >= 0.")
    draw = generator(subject.seed)
    mask = torch.ones(size, size, device=subject.image.device)
    p_full = float(subject.scorer.score_soft(torch.ones(1, *subject.size), exact=True)[0])
    penalties = _Penalties(p_full * l1, p_full * tv)
    forwards = 1
    with left_as_found(subject.gradient_module):
        for _ in range(iterations):
            noise = sigma * torch.randn((path_points, *subject.image.shape[1:]), generator=draw)
            noise = noise.to(mask.device)
            loss, gradient = _loss_and_gradient(subject, mask, noise, penalties)
            mask, step, tried = _line_search(subject, mask, (loss, gradient), noise, (penalties, step))
            forwards += path_points * (1 + tried)
    return RawMap((1 - mask).cpu(), forwards=forwards, backwards=iterations * path_points, seeded=True)


def _integrated(subject: Subject, mask: Tensor, noise: Tensor) -> Tensor:
    """Return F(mask): the target's probability averaged along the path, a scalar."""
    n = len(noise)
    shares = torch.arange(1, n + 1, device=mask.device).reshape(-1, 1, 1) / n
    keep = upsample(shares * mask, subject.size)
    images = compose(subject.image, subject.scorer.baseline, keep) + noise
    images = images.to(subject.gradient_dtype).contiguous(memory_format=torch.channels_last)
    logits: Tensor = subject.gradient_module(images).float()
    return logits.softmax(dim=1)[:, subject.target].mean()


def _loss_and_gradient(
    subject: Subject, mask: Tensor, noise: Tensor, penalties: _Penalties
) -> tuple[float, Tensor]:
    """Return F(mask) plus the penalties, and its gradient (s, s)."""
    variable = mask.clone().requires_grad_()
    with torch.enable_grad():
        loss = _integrated(subject, variable, noise) + penalties.of(variable)
        (gradient,) = torch.autograd.grad(loss, variable)
    value = float(loss.detach())
    if not math.isfinite(value):
        raise ClassifierError(
            "igos: the classifier returned NaN or infinity for a masked image; check its weights."
        )
    return value, gradient


def _line_search(
    subject: Subject,
    mask: Tensor,
    at: tuple[float, Tensor],
    noise: Tensor,
    settings: tuple[_Penalties, float],
) -> tuple[Tensor, float, int]:
    """Return the next mask, the step length to try first next time, and how many lengths were tried.

    The mask stays where it is if no length down to ``SHORTEST`` is good enough.
    """
    (loss, gradient), (penalties, step) = at, settings
    slope = ARMIJO * float(gradient.square().sum())
    if slope == 0:  # already flat: any length would be accepted, and the next one grow beyond all numbers
        return mask, step, 0
    tried = 0
    with torch.no_grad():
        while step >= SHORTEST:
            tried += 1
            new = (mask - step * gradient).clamp(0, 1)
            if float(_integrated(subject, new, noise) + penalties.of(new)) <= loss - step * slope:
                return new, step if tried > 1 else step / DECAY, tried
            step *= DECAY
    return mask, SHORTEST / DECAY, tried
