"""The procedure of the official iGOS++ code as a timing baseline: one photograph at a time, in float32.

Written by us from its behaviour (khorrams/IGOS_pp, 2023), as plain as the original. Each of the four terms is
a pass of its own with all its path points, five fresh draws of noise an evaluation and iteration; the graph
of the upsampled masks is kept from term to term; the line search starts from its longest step in every
iteration, evaluates the loss at the present masks once more, and takes the last step it tried even if none
was good enough; its loss has the four terms whole, its gradient halves them. Masks are upsampled with aligned
corners. The bilateral total variation averages channels before squaring for vertical neighbours and after the
exponential for horizontal ones. Nothing is read, drawn or written, none of which is timed.

Differs from it: the noise is seeded, and the numbers of iterations and path points are those that are given,
where the original's runner swaps them.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

ITERATIONS, PATH_POINTS = 15, 20
L1, TV, SIGMA, EDGE = 1.0, 20.0, 0.2, 0.01
STEP, DECAY, ARMIJO, SHORTEST = 1000.0, 0.2, 1e-4, 1e-5


@dataclass(frozen=True)
class Reference:
    """What the official procedure makes of one image, and what it spends.

    Attributes:
        mask: Mx * My, (s, s) float32 on the CPU, low where the image matters.
        forwards: Images passed forward.
        backwards: Images passed backward.
        tried: Step lengths tried in all.
        seconds: Wall time.
    """

    mask: Tensor
    forwards: int
    backwards: int
    tried: int
    seconds: float


@dataclass
class TermByTerm:
    """Passes the path points of one term at a time, and counts.

    Attributes:
        module: (B, 3, H, W) float32 -> (B, K) logits, in evaluation mode, parameters without gradients.
        image: (1, 3, H, W) float32, normalised, where ``module`` is.
        baseline: Likewise.
        target: Class index.
        path_points: Images in a pass.
        draw: Of the noise.
        forwards: Images passed forward so far.
        backwards: Images passed backward so far.
    """

    module: nn.Module
    image: Tensor
    baseline: Tensor
    target: int
    path_points: int
    draw: torch.Generator
    forwards: int = 0
    backwards: int = 0

    def upsampled(self, masks: Tensor) -> Tensor:
        """Return masks (n, 1, s, s) at the size of the image."""
        size = (self.image.shape[-2], self.image.shape[-1])
        keep: Tensor = nn.functional.interpolate(masks, size=size, mode="bilinear", align_corners=True)
        return keep

    def along(self, near: Tensor, far: Tensor, keep: Tensor) -> Tensor:
        """Return the target's probability averaged from ``far`` to ``near * keep + far * (1 - keep)``."""
        shares = torch.linspace(1 / self.path_points, 1, self.path_points, device=keep.device)
        parts = shares.reshape(-1, 1, 1, 1) * keep
        x = near * parts + far * (1 - parts)
        x = x + SIGMA * torch.randn(x.shape, generator=self.draw).to(x.device)
        self.forwards += self.path_points
        probabilities = nn.Softmax(dim=1)(self.module(x))
        mean: Tensor = probabilities[:, self.target].sum() / self.path_points
        return mean

    def removing(self, keep: Tensor) -> Tensor:
        """Return the term of deletion, a scalar."""
        return self.along(self.image, self.baseline, keep)

    def inserting(self, keep: Tensor) -> Tensor:
        """Return the term of insertion, a scalar: the same path with image and baseline exchanged."""
        return -self.along(self.baseline, self.image, keep)

    def penalties(self, mask: Tensor) -> Tensor:
        """Return the weighted penalties of a mask (1, 1, s, s), a scalar."""
        down, right = _differences(mask)
        up_down, up_right = _differences(self.upsampled(mask))
        image_down, image_right = _differences(self.image)
        edge_down = torch.exp(-(image_down.mean(dim=1).square()) / EDGE)
        edge_right = torch.exp(-image_right.square() / EDGE).mean(dim=1)
        plain = down.square().mean() + right.square().mean()
        bilateral = (edge_down * up_down.square()[0]).mean() + (edge_right * up_right.square()[0]).mean()
        return L1 * (1 - mask).abs().mean() + TV * 0.5 * (plain + bilateral)

    def loss(self, masks: Tensor) -> Tensor:
        """Return what the line search compares, for the masks Mx and My, (2, 1, s, s)."""
        deletion, insertion = torch.split(self.upsampled(masks), 1)
        total = self.removing(deletion) + self.inserting(insertion)
        total = total + self.removing(deletion * insertion) + self.inserting(deletion * insertion)
        return total + self.penalties(masks[:1] * masks[1:])


def explain_one_by_one(
    module: nn.Module,
    image: Tensor,
    baseline: Tensor,
    target: int,
    *,
    size: int = 28,
    iterations: int = ITERATIONS,
    path_points: int = PATH_POINTS,
    seed: int = 0,
) -> Reference:
    """Run the official procedure on one image.

    Args:
        module: (B, 3, H, W) float32 -> (B, K) logits, in evaluation mode; its parameters must not require
            gradients, or every pass would record them.
        image: (1, 3, H, W) float32, normalised, on the device of ``module``.
        baseline: Likewise; the official one is the image blurred.
        target: Class index.
        size: Cells per side of the masks.
        iterations: Descent steps.
        path_points: Points of the integrated gradient.
        seed: Of the noise.

    Cost:
        For each iteration 4 * path_points images forward and backward, and 4 * path_points forward for the
        loss at the masks and for every step length tried.
    """
    draw = torch.Generator().manual_seed(seed)
    network = TermByTerm(module, image, baseline, target, path_points, draw)
    start, tried = time.perf_counter(), 0
    masks = torch.ones(2, 1, size, size, device=image.device)
    for _ in range(iterations):
        gradient = _gradient(network, masks)
        step, n = _step_length(network, masks, gradient)
        masks = (masks - step * gradient).clamp(0, 1)
        tried += n
    both = (masks[0, 0] * masks[1, 0]).cpu()
    return Reference(both, network.forwards, network.backwards, tried, time.perf_counter() - start)


def _differences(maps: Tensor) -> tuple[Tensor, Tensor]:
    """Return the differences of vertical and of horizontal neighbours."""
    return maps[..., 1:, :] - maps[..., :-1, :], maps[..., 1:] - maps[..., :-1]


def _gradient(network: TermByTerm, masks: Tensor) -> Tensor:
    """Return half of the four integrated gradients plus that of the penalties, (2, 1, s, s)."""
    masks = masks.detach().requires_grad_()
    deletion, insertion = torch.split(network.upsampled(masks), 1)
    terms: tuple[Callable[[], Tensor], ...] = (
        lambda: network.removing(deletion * insertion),
        lambda: network.inserting(deletion * insertion),
        lambda: network.removing(deletion),
        lambda: network.inserting(insertion),
    )
    total = torch.zeros_like(masks)
    for term in terms:
        (gradient,) = torch.autograd.grad(term(), [masks], retain_graph=True)
        total += gradient / 2
        network.backwards += network.path_points
    return total + torch.autograd.grad(network.penalties(masks[:1] * masks[1:]), masks)[0]


def _step_length(network: TermByTerm, masks: Tensor, gradient: Tensor) -> tuple[float, int]:
    """Return the first step length that lowers the loss enough, or a very short one, and the number tried."""
    step, tried = STEP, 0
    with torch.no_grad():
        base, slope = network.loss(masks), ARMIJO * gradient.square().sum()
        while True:
            tried += 1
            loss = network.loss((masks - step * gradient).clamp(0, 1))
            if not bool(loss > base - step * slope) or step < SHORTEST:
                return step, tried
            step *= DECAY
