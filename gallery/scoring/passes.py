"""Forward passes of one classifier: in float32 or in the precision for screening, in batches of fixed sizes.

The last bits of a result depend on how many images a pass holds. Float32 passes are therefore padded to one
fixed size with copies of their last image, and screening passes to a power of two. On one machine, no
number shown then depends on its neighbours in a batch or on its place in it, so an interrupted build
continues to the same bytes. (Tested on real networks. Layers with very few outputs, such as a head for 3
classes or 12 squeezed channels, may still round their last bit by place in the batch.)

A pass that does not fit into memory is done again in halves, and so are all later ones of its kind. The last
bits may then differ from what one large pass gives, as they do between devices.
"""

import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

import torch
from torch import Tensor

from gallery.errors import ClassifierError
from gallery.interfaces import Classifier
from gallery.scoring.memory import free_cached_memory, is_out_of_memory
from gallery.scoring.tuning import Tuning, screening_copy

SMALLEST_BATCH = 4
"""Images; screening passes are padded to at least so many, or to the batch size where that is less."""

AnswerT = TypeVar("AnswerT")
Around = Callable[[torch.nn.Module], AbstractContextManager[object]]
log = logging.getLogger(__name__)


class Passes:
    """One classifier's network in both precisions.

    Attributes:
        classifier: The classifier.
        tuning: Precision and batch sizes; batches shrink where memory does not suffice.
        device: Where the networks live.
        n_forwards: Images passed forward so far, padding not counted.
    """

    def __init__(self, classifier: Classifier, tuning: Tuning) -> None:
        """Prepare the network's copies: float32 for exact passes, ``tuning.precision`` for screening."""
        torch.backends.cudnn.allow_tf32 = False  # "exact" must mean float32 on a GPU too
        torch.backends.cuda.matmul.allow_tf32 = False
        self.classifier = classifier
        self.tuning = self._chosen = tuning
        self.device = classifier.device
        self.n_forwards = 0
        self._exact = screening_copy(classifier.module, "float32")
        same = tuning.precision == "float32"
        self._screen = self._exact if same else screening_copy(classifier.module, tuning.precision)

    @property
    def screens_exactly(self) -> bool:
        """Whether screening passes are float32 already."""
        return self._screen is self._exact

    @property
    def screen_module(self) -> torch.nn.Module:
        """The network in screening precision, for methods that need many passes with gradients."""
        return self._screen

    @property
    def screen_dtype(self) -> torch.dtype:
        """Input dtype of ``screen_module``."""
        return torch.float32 if self.screens_exactly else torch.bfloat16

    def batch(self, *, exact: bool) -> int:
        """Return how many images one pass takes."""
        return self.tuning.exact_batch if exact else self.tuning.batch

    def probabilities(self, x: Tensor, *, exact: bool) -> Tensor:
        """Return softmax probabilities (B, K) float32 for normalised inputs (B, 3, H, W).

        Args:
            x: Inputs.
            exact: True for float32 passes.

        Raises:
            ClassifierError: If the network returns NaN or infinity, or not even one image fits into memory.
        """
        return torch.cat(self.batched(x, partial(self.one_pass, exact=exact), exact=exact))

    def batched(
        self, items: Sequence[Any] | Tensor, work: Callable[[Any], AnswerT], *, exact: bool
    ) -> list[AnswerT]:
        """Return what ``work`` makes of one batch after another; of smaller ones once memory runs out.

        Raises:
            ClassifierError: If not even one item fits into memory.
        """
        found: list[AnswerT] = []
        done = 0
        while done < len(items):
            part = items[done : done + self.batch(exact=exact)]
            try:
                found.append(work(part))
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                self._halve(exact=exact, reason=str(error).partition("\n")[0])
            else:
                done += len(part)
                continue
            free_cached_memory()  # here, where the error no longer holds on to what it could not finish
        return found

    def one_pass(self, x: Tensor, *, exact: bool, around: Around = nullcontext) -> Tensor:
        """Return softmax probabilities (B, K) float32 of one pass.

        Args:
            x: Normalised inputs (B, 3, H, W), B <= batch size.
            exact: True for a float32 pass.
            around: Makes of the network the context its pass runs in.

        Raises:
            ClassifierError: If the network returns NaN or infinity.
        """
        n = len(x)
        module, dtype = (self._exact, torch.float32) if exact else (self._screen, self.screen_dtype)
        with torch.inference_mode():
            padded = _padded(x, self.pass_size(n, exact=exact)).to(dtype)
            with around(module):
                logits = module(padded.contiguous(memory_format=torch.channels_last))[:n]
            result: Tensor = logits.float().softmax(dim=1)
        if not bool(torch.isfinite(result).all()):
            raise ClassifierError(
                f"{self.classifier.card.id}: the classifier returned NaN or infinity for a masked image; "
                "check its weights and its mean and std."
            )
        self.n_forwards += n
        return result

    def _halve(self, *, exact: bool, reason: str) -> None:
        before = self.batch(exact=exact)
        name = self.classifier.card.title
        if before == 1:
            self.tuning = self._chosen  # this image is to blame, not the batch size
            raise ClassifierError(
                f"{name}: not even one image fits into the memory of {self.device} ({reason}). Free memory "
                "there, or choose another device or a smaller network."
            )
        after = before // 2
        self.tuning = replace(self.tuning, exact_batch=after) if exact else replace(self.tuning, batch=after)
        log.warning("%s: %d images at a time do not fit into memory; going on with %d.", name, before, after)

    def pass_size(self, n: int, *, exact: bool) -> int:
        """Return how many images a pass of ``n`` is padded to."""
        least = self.tuning.exact_batch if exact else min(SMALLEST_BATCH, self.tuning.batch)
        return max(least, 1 << (n - 1).bit_length())


def _padded(x: Tensor, size: int) -> Tensor:
    """Repeat the last image of a batch until there are ``size``."""
    missing = size - len(x)
    return torch.cat([x, x[-1:].expand(missing, -1, -1, -1)]) if missing else x
