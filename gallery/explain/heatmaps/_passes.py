"""Passes of one fixed size through a network, for the methods that optimise masks.

The last bits of a network's answer depend on how many images pass together, and on a CPU with several threads
also on an image's place among them. So every pass has the same number of images, the last one filled up with
copies of its last image; on a CPU each photograph has passes of its own, which costs nothing where its path
points fill them, and on a GPU photographs share passes. A map is then the same, byte for byte, whichever
photographs were explained with it (on a GPU as far as place does not matter there). All else is computed
photograph by photograph, in tensors whose shape does not depend on the neighbours.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from gallery.errors import ShapeError
from gallery.explain.heatmaps._base import Subject
from gallery.explain.heatmaps._strided import FastStrides
from gallery.tensors import left_as_found

Fill = Callable[[int], Tensor]
"""Returns network input i, (3, H, W) float32, where the network is."""
Take = Callable[[int, Tensor], None]
"""Receives the gradient of score i with respect to input i, (3, H, W) float32."""


def probability(logits: Tensor, targets: Tensor) -> Tensor:
    """Return the softmax probability of each row's target, (B,)."""
    return logits.softmax(dim=1).gather(1, targets[:, None])[:, 0]


def logit(logits: Tensor, targets: Tensor) -> Tensor:
    """Return the logit of each row's target, (B,)."""
    return logits.gather(1, targets[:, None])[:, 0]


@dataclass(frozen=True)
class Passes:
    """A network and the size of its passes.

    Attributes:
        module: (B, 3, H, W) -> (B, K) logits, in evaluation mode, its parameters without gradients.
        dtype: Of its input.
        device: Where it is.
        size: Images in every pass.
        score: Of (B, K) float32 logits and (B,) targets -> (B,).
    """

    module: nn.Module
    dtype: torch.dtype
    device: torch.device
    size: int
    score: Callable[[Tensor, Tensor], Tensor] = probability

    CPU: ClassVar[int] = 10
    """Half of the path points of I-GOS by default, so that passes are full also for a photograph alone."""
    CUDA: ClassVar[int] = 128

    @property
    def are_shared(self) -> bool:
        """Whether the inputs of several photographs may stand in one pass."""
        return self.device.type != "cpu"

    def scores(self, targets: Sequence[int], fill: Fill, take: Take | None = None) -> Tensor:
        """Return the score of every input, (n,) float64 on the CPU.

        Args:
            targets: Class index of each input.
            fill: Makes the inputs.
            take: If given, receives the gradients, in order of the inputs.

        Cost:
            n images forward, and n backward if ``take`` is given, without the copies that fill passes up.
        """
        parts = [
            self._one(range(first, min(first + self.size, len(targets))), targets, fill, take)
            for first in range(0, len(targets), self.size)
        ]
        return torch.cat(parts).double().cpu() if parts else torch.zeros(0, dtype=torch.float64)

    def _one(self, which: range, targets: Sequence[int], fill: Fill, take: Take | None) -> Tensor:
        """Return the scores of the inputs ``which``, (n,), n <= size."""
        with torch.inference_mode() if take is None else nullcontext():
            x = self._inputs(which, fill)
            rows = [targets[i] for i in which] + [targets[which[-1]]] * (self.size - len(which))
            index = torch.tensor(rows, device=self.device)
            if take is None:
                return self.score(self.module(x).float(), index)[: len(which)].clone()
            with torch.enable_grad():
                with FastStrides():
                    logits = self.module(x.requires_grad_())
                scores = self.score(logits.float(), index)[: len(which)]
                (gradients,) = torch.autograd.grad(scores.sum(), x)
        for i, gradient in zip(which, gradients, strict=False):
            take(i, gradient.float())
        return scores.detach()

    def _inputs(self, which: range, fill: Fill) -> Tensor:
        """Return the inputs ``which`` as a full pass, (size, 3, H, W) in ``dtype``, channels last."""
        first = fill(which[0])
        x = torch.empty(
            (self.size, *first.shape),
            dtype=self.dtype,
            device=self.device,
            memory_format=torch.channels_last,
        )
        x[0] = first
        for row, i in enumerate(which[1:], start=1):
            x[row] = fill(i)
        x[len(which) :] = x[len(which) - 1]
        return x


@contextmanager
def passes_of(
    subjects: Sequence[Subject],
    *,
    cpu: int = Passes.CPU,
    cuda: int = Passes.CUDA,
    score: Callable[[Tensor, Tensor], Tensor] = probability,
) -> Iterator[Passes]:
    """Lend the network that all ``subjects`` share, frozen and in evaluation mode; it is left as found.

    Args:
        subjects: At least one, of one classifier and one size.
        cpu: Images in a pass on a CPU.
        cuda: Images in a pass on any other device.
        score: See ``Passes``.

    Raises:
        ShapeError: If the images differ in size.
    """
    sizes = {subject.size for subject in subjects}
    if len(sizes) > 1:
        raise ShapeError(f"subjects: images explained together must have one size, got {sorted(sizes)}.")
    module, device = subjects[0].gradient_module, subjects[0].image.device
    with left_as_found(module):
        module.eval().requires_grad_(requires_grad=False)
        yield Passes(module, subjects[0].gradient_dtype, device, cpu if device.type == "cpu" else cuda, score)
