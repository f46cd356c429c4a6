"""Images for the methods that optimise masks: their answers are known, or computed slowly in float64."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from gallery.explain.heatmaps._base import Subject
from gallery.explain.heatmaps._integrated import Objective, Run
from gallery.explain.heatmaps._penalties import Upsampling
from tests import toy

SIZE = (24, 20)


def informative(region: tuple[slice, slice], *, total: float = 8.0, offset: float = -3.0) -> Subject:
    """Return an image of ones in which only ``region`` raises the target's probability."""
    weights = torch.zeros(SIZE)
    weights[region] = total / weights[region].numel()
    image = torch.ones(1, 3, *SIZE)
    return toy.subject_of(toy.toy(toy.Evidence(weights, offset=offset), SIZE), image)


def nonlinear(seed: int = 0, target: int = 1) -> Subject:
    """Return a random smooth image under a small convolutional network, with a baseline that is not zero."""
    subject = toy.subject_of(toy.toy(toy.TwoConv(), SIZE), toy.image_of(SIZE, seed), target=target, seed=seed)
    subject.scorer.baseline = 0.3 * toy.image_of(SIZE, seed + 50)
    return subject


def run_of(subject: Subject, objective: Objective, masks: Tensor, *, n: int = 3, sigma: float = 0.2) -> Run:
    """Return a run at ``masks`` (k, s, s) with its first noise drawn."""
    upsampling = Upsampling((masks.shape[1], masks.shape[2]), subject.size, masks.device)
    run = Run(subject, objective, upsampling, masks, step=100.0, path_points=n, sigma=sigma)
    run.draw_noise()
    return run


def probability_twin(subject: Subject) -> Callable[[Tensor], Tensor]:
    """Return a function from one image (3, H, W) float64 to the target's probability."""
    network = toy.TwoConv().double()

    def probability(x: Tensor) -> Tensor:
        answer: Tensor = network(x[None]).softmax(dim=1)[0, subject.target]
        return answer

    return probability


def upsampled_twin(mask: Tensor) -> Tensor:
    """Return a mask (s, s) at the size of the image."""
    keep: Tensor = nn.functional.interpolate(mask[None, None], SIZE, mode="bilinear", align_corners=False)
    return keep[0, 0]


def path_twin(run: Run, start: Tensor, end: Tensor, mask: Tensor) -> Tensor:
    """Return the probability averaged on the way from ``start`` to where ``mask`` shows ``end``, float64."""
    probability, n = probability_twin(run.subject), run.path_points
    total = torch.zeros((), dtype=torch.float64)
    for s in range(1, n + 1):
        keep = s / n * upsampled_twin(mask)
        x = end.double() * keep + start.double() * (1 - keep) + run.noise[s - 1].double()
        total = total + probability(x) / n
    return total


def variation_twin(mask: Tensor) -> Tensor:
    """Return the mean squared differences of neighbours, cell by cell, float64."""
    h, w = mask.shape
    down = [(mask[i + 1, j] - mask[i, j]) ** 2 for i in range(h - 1) for j in range(w)]
    right = [(mask[i, j + 1] - mask[i, j]) ** 2 for i in range(h) for j in range(w - 1)]
    return torch.stack(down).mean() + torch.stack(right).mean()


def random_masks(k: int, cells: int, seed: int = 2) -> Tensor:
    """Return (k, s, s) float32 uniform in [0, 1]."""
    return torch.rand(k, cells, cells, generator=torch.Generator().manual_seed(seed))
