"""Projected gradient descent on the masks of several images in lock-step."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from gallery.explain.heatmaps._integrated import Run, losses, losses_and_gradients
from gallery.explain.heatmaps._passes import Passes

DECAY, ARMIJO = 0.2, 1e-4
"""Line search: factor from one length to the next, and the share of the linear fall that is asked for."""
LEAST_CHANGE, LONGEST = 1e-3, 1e6
"""A search ends where no cell would change by ``LEAST_CHANGE``; no step is longer than ``LONGEST``."""


@dataclass
class _Search:
    """One image's line search, from the loss and the gradient at its masks."""

    run: Run
    loss: float
    gradient: Tensor
    tried: int = 0

    def __post_init__(self) -> None:
        self._slope = ARMIJO * float(self.gradient.square().sum())

    def trial(self) -> Tensor | None:
        """Return the masks at the present step length, or None if the search is over without success.

        The next search then starts from a length longer than all that failed but the longest.
        """
        masks = (self.run.masks - self.run.step * self.gradient).clamp(0, 1)
        if float((masks - self.run.masks).abs().max()) >= LEAST_CHANGE:
            return masks
        self.run.step = min(self.run.step / DECAY**2, LONGEST)
        return None

    def accepts(self, masks: Tensor, loss: float) -> bool:
        """Move to ``masks`` if their loss is low enough, else shorten the step; return whether it moved."""
        self.tried += 1
        if loss <= self.loss - self.run.step * self._slope:
            self.run.masks = masks
            if self.tried == 1:
                self.run.step = min(self.run.step / DECAY, LONGEST)
            return True
        self.run.step *= DECAY
        return False


def descend_by_line_search(passes: Passes, runs: Sequence[Run], iterations: int) -> None:
    """Minimise every run's loss; each step length is found by backtracking.

    Noise is drawn anew for each iteration and kept during its line search, so that losses that are compared
    were taken under the same noise. The loss at the present masks comes with the gradient. A search starts
    from the length accepted last, or from the next longer one if that was accepted at once; where no length
    will do, the masks stay.

    Cost:
        For each image and iteration ``n_inputs`` images forward and backward, and ``n_inputs`` forward for
        each length tried.
    """
    for _ in range(iterations):
        found = _gradients(passes, runs)
        searches = [_Search(run, *at) for run, at in zip(runs, found, strict=True)]
        while searches:
            proposals = [(search, search.trial()) for search in searches]
            trials = [(search, masks) for search, masks in proposals if masks is not None]
            values = losses(passes, [search.run for search, _ in trials], [masks for _, masks in trials])
            searches = [
                search
                for (search, masks), value in zip(trials, values, strict=True)
                if not search.accepts(masks, value)
            ]


def descend_with_momentum(passes: Passes, runs: Sequence[Run], iterations: int) -> None:
    r"""Minimise every run's loss by Nesterov's accelerated gradient with a fixed step length.

    theta_{t+1} = M_t - step * gradient, M_{t+1} = theta_{t+1} + t / (t + 3) (theta_{t+1} - theta_t), clamped.

    Cost:
        For each image and iteration ``n_inputs`` images forward and backward.
    """
    before = [run.masks for run in runs]
    for t in range(iterations):
        for i, (_, gradient) in enumerate(_gradients(passes, runs)):
            theta = runs[i].masks - runs[i].step * gradient
            runs[i].masks = torch.add(theta, theta - before[i], alpha=t / (t + 3)).clamp(0, 1)
            before[i] = theta


def _gradients(passes: Passes, runs: Sequence[Run]) -> list[tuple[float, Tensor]]:
    """Return loss and gradient of each run at its masks, under new noise."""
    for run in runs:
        run.draw_noise()
    return losses_and_gradients(passes, runs)
