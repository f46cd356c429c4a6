r"""The integrated loss of I-GOS and iGOS++ and its gradient, for several images at a time.

A loss is a weighted sum of terms plus penalties. Each term is the target's probability averaged over $S$
points of a straight path of images, with noise:

- removing: $\frac1S \sum_s f\big(b + \tfrac{s}{S} M \odot (x - b) + \varepsilon_s\big)$, from the baseline
  $b$ to the image $x$ without what the mask $M$ removes;
- inserting: $-\frac1S \sum_s f\big(x - \tfrac{s}{S} M \odot (x - b) + \varepsilon_s\big)$, from the image to
  the baseline with only that put in.

All terms of one evaluation share one noise $\varepsilon_1, \dots, \varepsilon_S$.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from gallery.errors import ClassifierError
from gallery.explain.heatmaps._base import RawMap, Subject
from gallery.explain.heatmaps._passes import Passes
from gallery.explain.heatmaps._penalties import Upsampling
from gallery.tensors import generator

GROUP = 16
"""Images optimised at a time, which bounds the memory for their noise: 12 MB each at 224 px."""


def whole_probability(subject: Subject) -> float:
    """Return the target's probability on the whole image: one image forward."""
    return float(subject.scorer.score_soft(torch.ones(1, *subject.size), exact=True)[0])


@dataclass(frozen=True)
class Objective:
    """What a method minimises: weight * sum of the terms + penalty.

    Attributes:
        shown: Optimised masks (k, s, s) -> one mask (s, s) per term, differentiable.
        inserts: For each term, whether it inserts (else it removes).
        weight: Of every term.
        penalty: Optimised masks (k, s, s) -> scalar, differentiable.
    """

    shown: Callable[[Tensor], list[Tensor]]
    inserts: tuple[bool, ...]
    weight: float
    penalty: Callable[[Tensor], Tensor]


@dataclass
class Run:
    """One image's optimisation.

    Attributes:
        subject: What is explained.
        objective: What is minimised.
        upsampling: From the masks to the image.
        masks: (k, s, s) float32 in [0, 1], 1 = kept.
        step: Step length tried next.
        path_points: S.
        sigma: Standard deviation of the noise, normalised units.
        forwards: Images passed forward so far, the whole image among them.
        backwards: Images passed backward so far.
        noise: (S, 3, H, W) float32 of the present iteration.
    """

    subject: Subject
    objective: Objective
    upsampling: Upsampling
    masks: Tensor
    step: float
    path_points: int
    sigma: float
    forwards: int = 1
    backwards: int = 0
    noise: Tensor = field(init=False)

    def __post_init__(self) -> None:
        self._draw = generator(self.subject.seed)
        self._image, self._baseline = (
            # In memory channels last, as the noise and the network's inputs.
            x[0].permute(1, 2, 0).contiguous().permute(2, 0, 1)
            for x in (self.subject.image, self.subject.scorer.baseline)
        )
        self._between = self._image - self._baseline

    def draw_noise(self) -> None:
        """Draw the noise of all path points anew, (S, 3, H, W) float32."""
        shape = (self.path_points, *self.subject.size, 3)  # drawn as it lies in memory, channels last
        noise = torch.randn(shape, generator=self._draw).mul_(self.sigma).permute(0, 3, 1, 2)
        self.noise = noise.to(self.subject.image.device)

    def raw_map(self, mask: Tensor) -> RawMap:
        """Return 1 - ``mask`` and what it cost."""
        return RawMap((1 - mask).cpu(), self.forwards, self.backwards, seeded=True)

    @property
    def n_inputs(self) -> int:
        """Network inputs of one evaluation."""
        return len(self.objective.inserts) * self.path_points

    def paths(self, masks: Tensor) -> list["Path"]:
        """Return the path of every term at ``masks`` (k, s, s)."""
        directions = [self._between * self.upsampling(mask) for mask in self.objective.shown(masks)]
        return [
            Path(self._image, -direction, self.noise)
            if inserts
            else Path(self._baseline, direction, self.noise)
            for direction, inserts in zip(directions, self.objective.inserts, strict=True)
        ]

    def mask_gradient(self, total: Tensor) -> Tensor:
        """Return the gradient of one term with respect to its mask, (s, s).

        Removing and inserting terms have the same sign here: an inserting term counts negatively, and so does
        the direction of its path.

        Args:
            total: Gradients of the scores along the term's path times their shares, summed, (3, H, W).
        """
        keep_gradient = (self._between * total).sum(dim=0)
        return self.upsampling.back(keep_gradient) * (self.objective.weight / self.path_points)

    def value(self, scores: Tensor) -> float:
        """Return weight * sum of the terms, from their scores (terms, S)."""
        signs = [-1.0 if inserts else 1.0 for inserts in self.objective.inserts]
        means: list[float] = scores.mean(dim=1).tolist()
        return self.objective.weight * sum(sign * mean for sign, mean in zip(signs, means, strict=True))


@dataclass(frozen=True)
class Path:
    """Network inputs start + s / S * direction + noise[s - 1] for s = 1 to S; all (3, H, W) float32."""

    start: Tensor
    direction: Tensor
    noise: Tensor

    def share(self, point: int) -> float:
        """Return s / S of the point with index ``point`` = s - 1."""
        return (point + 1) / len(self.noise)

    def input(self, point: int) -> Tensor:
        """Return one network input."""
        return torch.add(self.noise[point], self.direction, alpha=self.share(point)).add_(self.start)


def losses(passes: Passes, runs: Sequence[Run], masks: Sequence[Tensor]) -> list[float]:
    """Return the loss of each run at the given masks, under the run's present noise.

    Cost:
        ``n_inputs`` images forward for each run.
    """
    paths = [run.paths(at) for run, at in zip(runs, masks, strict=True)]
    scores = _walk(passes, runs, paths, None)
    for run in runs:
        run.forwards += run.n_inputs
    with torch.no_grad():
        return [
            run.value(part) + float(run.objective.penalty(at))
            for run, part, at in zip(runs, scores, masks, strict=True)
        ]


def losses_and_gradients(passes: Passes, runs: Sequence[Run]) -> list[tuple[float, Tensor]]:
    """Return loss and gradient (k, s, s) of each run at its masks, under its present noise.

    Raises:
        ClassifierError: If a loss is not finite.

    Cost:
        ``n_inputs`` images forward and backward for each run.
    """
    paths = [run.paths(run.masks) for run in runs]
    sums = [[torch.zeros_like(path.direction) for path in terms] for terms in paths]
    scores = _walk(passes, runs, paths, sums)
    results = []
    for run, part, totals in zip(runs, scores, sums, strict=True):
        run.forwards += run.n_inputs
        run.backwards += run.n_inputs
        slopes = [run.mask_gradient(total) for total in totals]
        masks = run.masks.clone().requires_grad_()
        with torch.enable_grad():
            penalty = run.objective.penalty(masks)
            shown = run.objective.shown(masks)
            surrogate = penalty + sum((m * g).sum() for m, g in zip(shown, slopes, strict=True))
            (gradient,) = torch.autograd.grad(surrogate, masks)
        value = run.value(part) + float(penalty.detach())
        if not math.isfinite(value):
            raise ClassifierError(
                f"{run.subject.classifier.card.id}: the classifier returned NaN or infinity for a masked "
                "image; check its weights."
            )
        results.append((value, gradient))
    return results


def _walk(
    passes: Passes, runs: Sequence[Run], paths: Sequence[Sequence[Path]], sums: list[list[Tensor]] | None
) -> list[Tensor]:
    """Return the scores of all path points, (terms, S) float64 for each run.

    If ``sums`` are given, the share-weighted gradients of every path are added to them.
    """
    if len(runs) > 1 and not passes.are_shared:
        return [
            _walk(passes, [run], [paths[i]], None if sums is None else [sums[i]])[0]
            for i, run in enumerate(runs)
        ]
    queue = [
        (i, term, point)
        for i, run in enumerate(runs)
        for term in range(len(run.objective.inserts))
        for point in range(run.path_points)
    ]

    def fill(n: int) -> Tensor:
        i, term, point = queue[n]
        return paths[i][term].input(point)

    def take(n: int, gradient: Tensor) -> None:
        i, term, point = queue[n]
        if sums is not None:
            sums[i][term].add_(gradient, alpha=paths[i][term].share(point))

    targets = [runs[i].subject.target for i, _, _ in queue]
    scores = passes.scores(targets, fill, None if sums is None else take)
    parts = torch.split(scores, [run.n_inputs for run in runs])
    return [part.reshape(-1, run.path_points) for run, part in zip(runs, parts, strict=True)]
