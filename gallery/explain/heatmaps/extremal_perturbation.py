r"""Find the smooth region of a given area that, left sharp in a blurred image, excites the target most.

$$\max_{0 \le \bar m \le 1} \; Y\big(m \otimes x\big)
- \lambda_t \, \overline{\big(\operatorname{sort}(m) - r_a\big)^2}$$

$Y$ is the target's logit and $m \otimes x$ the image with every pixel $u$ blurred by $20\,(1 - m(u))$ pixels
(at 224 px; in eight levels, mixed linearly). The mask is the smooth maximum of bumps around the points of a
lattice, 7 pixels apart, of width $\sigma = 21$ pixels, whose heights $\bar m$ are optimised; so it is smooth
by construction and needs no penalty. The area is not traded against the logit but prescribed: the sorted
mask is compared with $r_a$, zeros with a share $a$ of ones at its end, and the weight $\lambda_t$ grows. The
heatmap is $m$: close to 1 in the region. It says which tenth of the image suffices best and ranks nothing
inside it.

Ascent is by momentum (0.9, dampened by as much), from all ones, the image mirrored every second step. The
schedule is that of the published code for 800 steps: length 0.01, $\lambda_0 = 300$, growing by 1.0035. With
fewer steps each is longer and the growth faster in proportion, so that the same way is gone.

With `cutoff` below 1 the gradient's high frequencies are taken out before each step: of its cosine transform
over the lattice only the share `cutoff` of the lowest frequencies is kept, in rows and in columns. This is
our reading, on photographs, of the frequency modulation that F-EP applies to videos (BMVC 2021,
arXiv:2111.01215); only its idea is known to us, not its window. It is off by default.

Differs from the published code: lengths in pixels grow with the image's shorter side, the lattice is centred
on the image, and the area is a share of the image, where theirs counts a margin of $\sigma$ around it too.
Passes may run in bfloat16 where that is faster.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from gallery.errors import ClassifierError, ConfigError
from gallery.explain.heatmaps._base import HEATMAPS, RawMap, Subject
from gallery.explain.heatmaps._passes import Passes, logit, passes_of
from gallery.explain.heatmaps._smooth_masks import SmoothMasks, blur_pyramid, perturb

STEP, SIGMA, BLUR, LEVELS = 7, 21.0, 20.0, 8
"""Lattice step, width of a bump and strongest blur in pixels of an image of 224; levels of blur."""
STEPS, LENGTH, MOMENTUM = 800, 0.01, 0.9
WEIGHT, GROWTH = 300.0, 1.0035
TOGETHER = 16
"""Images optimised at a time; on a GPU also the images in a pass."""


@HEATMAPS.register(
    "extremal_perturbation",
    title="Extremal perturbation",
    reference="Fong, Patrick and Vedaldi, Understanding Deep Networks via Extremal Perturbations and Smooth "
    "Masks, ICCV 2019, arXiv:1910.08485",
    is_batched=True,
    is_default=False,
)
def extremal_perturbation(
    subjects: Sequence[Subject], *, area: float = 0.1, iterations: int = 200, cutoff: float = 1.0
) -> list[RawMap]:
    """Return the mask of the best region for each subject.

    Args:
        subjects: What to explain: images of one size under one classifier.
        area: Share of the image the region covers, in (0, 1).
        iterations: Ascent steps, >= 1; the published code takes 800.
        cutoff: Share of the gradient's frequencies that is kept in rows and columns, in (0, 1]; 1 keeps all.

    Returns:
        For each subject (H, W) float32 in [0, 1], 1 = inside the region.

    Raises:
        ClassifierError: If a logit is not finite.
        ConfigError: If an option is out of range.
        ShapeError: If the images differ in size.

    Cost:
        For each image ``iterations`` forward and backward passes, on a CPU one at a time.
    """
    if not 0 < area < 1 or iterations < 1 or not 0 < cutoff <= 1:
        raise ConfigError(
            "methods.extremal_perturbation: needs 0 < area < 1, iterations >= 1 and 0 < cutoff <= 1."
        )
    maps: list[RawMap] = []
    for first in range(0, len(subjects), TOGETHER):
        group = subjects[first : first + TOGETHER]
        with passes_of(group, cpu=1, cuda=TOGETHER, score=logit) as passes:
            maps += _ascend(passes, group, area, iterations, cutoff)
    return maps


@dataclass
class _Ascent:
    """One image's optimisation: its blurs, the parameters (rows, columns), and their velocity."""

    pyramid: Tensor
    parameters: Tensor
    velocity: Tensor | None = None

    def move(self, gradient: Tensor, length: float) -> None:
        """Take one step along ``gradient`` with momentum; the first is not dampened, as torch's SGD does."""
        if self.velocity is None:
            self.velocity = gradient
        else:
            self.velocity = MOMENTUM * self.velocity + (1 - MOMENTUM) * gradient
        self.parameters = (self.parameters + length * self.velocity).clamp(0, 1)


def _ascend(
    passes: Passes, group: Sequence[Subject], area: float, iterations: int, cutoff: float
) -> list[RawMap]:
    """Return the maps of a group of images."""
    size, device = group[0].size, group[0].image.device
    scale = min(size) / 224
    masks = SmoothMasks(size, max(1, round(STEP * scale)), SIGMA * scale, device)
    low_pass = LowPass(masks.cells, cutoff, device)
    wanted = area_profile(area, size[0] * size[1]).to(device)
    ascents = [
        _Ascent(blur_pyramid(subject.image[0], LEVELS, BLUR * scale), torch.ones(masks.cells, device=device))
        for subject in group
    ]
    pace = STEPS / iterations
    for t in range(iterations):
        leaves = [ascent.parameters.clone().requires_grad_() for ascent in ascents]
        with torch.enable_grad():
            keeps = [masks(leaf) for leaf in leaves]
            shown = [perturb(a.pyramid, keep) for a, keep in zip(ascents, keeps, strict=True)]
        slopes = _logit_gradients(passes, group, shown, is_mirrored=t % 2 == 0)
        weight = WEIGHT * GROWTH ** (pace * t)
        for ascent, leaf, keep, image, slope in zip(ascents, leaves, keeps, shown, slopes, strict=True):
            with torch.enable_grad():
                miss = (keep.flatten().sort().values - wanted).square().mean()
                (gradient,) = torch.autograd.grad((image * slope).sum() - weight * miss, leaf)
            ascent.move(low_pass(gradient), LENGTH * pace)
    return [
        RawMap(masks(ascent.parameters).clone().cpu(), forwards=iterations, backwards=iterations)
        for ascent in ascents
    ]


def _logit_gradients(
    passes: Passes, group: Sequence[Subject], shown: Sequence[Tensor], *, is_mirrored: bool
) -> list[Tensor]:
    """Return the gradient of each target's logit with respect to its image, (3, H, W)."""
    turned = [image.detach().flip(-1) if is_mirrored else image.detach() for image in shown]
    slopes: list[Tensor] = []
    scores = passes.scores(
        [subject.target for subject in group],
        lambda i: turned[i],
        lambda _, gradient: slopes.append(gradient.flip(-1) if is_mirrored else gradient),
    )
    if not all(map(math.isfinite, scores.tolist())):
        raise ClassifierError(
            f"{group[0].classifier.card.id}: the classifier returned NaN or infinity for a blurred image; "
            "check its weights."
        )
    return slopes


def area_profile(area: float, n: int) -> Tensor:
    """Return what a sorted mask of ``n`` pixels should be, (n,): zeros, then ``area * n`` ones, rounded."""
    profile = torch.zeros(n)
    profile[n - round(area * n) :] = 1
    return profile


class LowPass:
    """Takes the high frequencies out of a map: cosine transform, window, back."""

    def __init__(self, cells: tuple[int, int], cutoff: float, device: torch.device) -> None:
        """Prepare for maps (rows, columns); frequencies from the share ``cutoff`` on are set to zero."""
        self.rows, self.cols = (_projection(n, cutoff).to(device) for n in cells)

    def __call__(self, values: Tensor) -> Tensor:
        """Return the map (rows, columns) without its high frequencies."""
        return self.rows @ values @ self.cols


def _projection(n: int, cutoff: float) -> Tensor:
    """Return the (n, n) matrix that keeps the first ``cutoff * n`` cosines (rounded up) of the DCT-II."""
    places = (torch.arange(n, dtype=torch.float64) + 0.5) / n
    frequencies = torch.arange(math.ceil(cutoff * n), dtype=torch.float64)
    basis = (math.pi * frequencies[:, None] * places[None]).cos()
    basis = basis / basis.square().sum(dim=1, keepdim=True).sqrt()
    return (basis.T @ basis).float()
