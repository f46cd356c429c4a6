r"""The guide of the official SAG code: two steps of I-GOS, at the resolution of the patch grid.

$$\min_{0 \le M \le 1} \; f\big(\Phi(M)\big) + \lambda_1 \overline{|1 - M|} + \lambda_2 \mathrm{TV}(M),
\qquad \Phi(M) = x \odot M + b \odot (1 - M)$$

with M upsampled so that its corner cells sit on the corner pixels. Only two steps are taken, so the map ranks
patches; it does not converge. If no step lowers the loss, as for many images of some classifiers, the map is
flat but for what the last and shortest step leaves in the last bits of float32: most patches tie. Kept as in
the official code, where it differs from ``igos``:

- The line search compares the loss at M itself with the loss at the new M, both without noise or integration,
  starts from step 200 in both iterations, and takes the last step it tried even if none was good enough.
- The 20 losses along the path are divided by a literal 20.
- The penalty is on $|1 - M|$, whose derivative is taken as 0 at the start, where M = 1: the first step
  follows the classifier alone.
- Noise is added to the first channel (red) only, with standard deviation 0.4 in normalised units. The source
  says 0.2, but ``cv2.randn`` reads a scalar as the deviation of the first channel and 0 for the others, and
  it fills its argument in place, so that the sum of array and result is twice the draw. (Tried with OpenCV
  4.5.5 and 5.0.)

Differs from it: the noise is seeded, the path points pass through the network as one batch, and the pass that
only feeds a curve no one reads is left out.
"""

import math

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from gallery.errors import ClassifierError, ConfigError
from gallery.explain.heatmaps._base import RawMap, Subject
from gallery.perturbation import compose
from gallery.tensors import generator, left_as_found

ITERATIONS, PATH_POINTS, DIVISOR = 2, 20, 20.0
L1, TV = 1.0, 20.0
SIGMA = 0.4
STEP, DECAY, ARMIJO, SHORTEST = 200.0, 0.2, 1e-4, 1e-5


def igos2021(subject: Subject, rows: int, cols: int) -> RawMap:
    """Return 1 - M of the mask after two steps.

    Args:
        subject: What to explain; the baseline is that of its scorer, the noise hangs on its seed alone.
        rows: R of the patch grid, >= 2.
        cols: S of the patch grid, >= 2.

    Returns:
        (R, S) float64 in [0, 1], high where the patch matters. Float64, because 1 - M in float32 would tie
        cells that M tells apart, and ties are broken by patch id.

    Raises:
        ClassifierError: If the loss is not finite.
        ConfigError: If the grid has a single row or column, for which the total variation is not defined.

    Cost:
        40 forward and backward passes, and 2 to 13 forward passes per iteration for the line search; memory
        for a batch of 20.
    """
    if rows < 2 or cols < 2:
        raise ConfigError(
            "search.guide: igos2021 needs a grid of at least 2 x 2 patches; choose another guide."
        )
    draw = generator(subject.seed)
    mask = torch.ones(rows, cols, device=subject.image.device)
    forwards = 0
    with left_as_found(subject.classifier.module):
        for _ in range(ITERATIONS):
            start = _loss(subject, mask)
            gradient = _integrated_gradient(subject, mask, draw)
            mask, tried = _line_search(subject, mask, start, gradient)
            forwards += 1 + PATH_POINTS + tried
    native = 1 - mask.double().cpu()
    return RawMap(native, forwards=forwards, backwards=ITERATIONS * PATH_POINTS, seeded=True)


def _penalties(mask: Tensor) -> Tensor:
    """Return the weighted penalties of a mask (R, S), a scalar."""
    rows = (mask[:-1] - mask[1:]).abs().square().mean()
    cols = (mask[:, :-1] - mask[:, 1:]).abs().square().mean()
    return L1 * (1 - mask).abs().mean() + TV * (rows + cols)


def _upsampled(mask: Tensor, size: tuple[int, int]) -> Tensor:
    """Return the mask as (1, H, W); as ``perturbation.cell_basis`` does with ``align_corners``."""
    return F.interpolate(mask[None, None], size=size, mode="bilinear", align_corners=True)[0]


def _probabilities(subject: Subject, images: Tensor) -> Tensor:
    """Return the target's probability for each image, (B,) float32."""
    logits: Tensor = subject.classifier.module(images.contiguous(memory_format=torch.channels_last))
    return logits.softmax(dim=1)[:, subject.target]


def _loss(subject: Subject, mask: Tensor) -> Tensor:
    """Return the probability under ``mask`` plus its penalties, a scalar."""
    with torch.no_grad():
        image = compose(subject.image, subject.scorer.baseline, _upsampled(mask, subject.size))
        loss = _probabilities(subject, image)[0] + _penalties(mask)
    if not math.isfinite(float(loss)):
        raise ClassifierError(
            "igos2021: the classifier returned NaN or infinity for a masked image; check its weights."
        )
    return loss


def _integrated_gradient(subject: Subject, mask: Tensor, draw: torch.Generator) -> Tensor:
    """Return the gradient (R, S) of the losses summed along the path, and of the penalties."""
    noise = torch.zeros(PATH_POINTS, 3, *subject.size)
    for point in noise:  # one draw per point, so that the numbers do not hang on the size of the batch
        point[0] = SIGMA * torch.randn(subject.size, generator=draw)
    shares = torch.arange(1, PATH_POINTS + 1, device=mask.device).reshape(-1, 1, 1) / PATH_POINTS
    variable = mask.clone().requires_grad_()
    with torch.enable_grad():
        keep = shares * _upsampled(variable, subject.size)
        images = compose(subject.image, subject.scorer.baseline, keep) + noise.to(mask.device)
        loss = (_probabilities(subject, images) / DIVISOR).sum() + _penalties(variable)
        (gradient,) = torch.autograd.grad(loss, variable)
    return gradient


def _line_search(subject: Subject, mask: Tensor, start: Tensor, gradient: Tensor) -> tuple[Tensor, int]:
    """Return the next mask, and how many step lengths were tried."""
    step, tried = STEP, 0
    slope = gradient.square().sum()
    while True:
        tried += 1
        new = (mask - step * gradient).clamp(0, 1)
        is_good = bool(_loss(subject, new) <= start - ARMIJO * step * slope)
        if is_good or step < SHORTEST:
            return new, tried
        step *= DECAY
