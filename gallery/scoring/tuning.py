"""Pick precision and batch size for screening by a short measurement."""

import copy
import time
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from gallery.errors import ClassifierError
from gallery.interfaces import Classifier
from gallery.scoring.folding import fold_batch_norm
from gallery.scoring.memory import free_cached_memory, is_out_of_memory

Precision = Literal["float32", "bfloat16"]

CPU_BATCHES = (4, 8, 16, 32)
CUDA_BATCHES = (64, 128, 256, 512)
"""Batch sizes considered; the first is the one of float32 passes."""

NOTICEABLE = 1.15
"""A candidate must be this much faster to displace the one before it, so that noise does not decide."""


@dataclass(frozen=True)
class Tuning:
    """How masks are screened on this machine.

    Attributes:
        precision: Number format of screening passes; exact passes are always float32.
        batch: Images per screening pass.
        exact_batch: Images per float32 pass. Fixed per device, not measured: shown numbers come from it.
        rates: Measured images/s by "<precision>/<batch>", for `gallery bench` and the logs.
    """

    precision: Precision
    batch: int
    exact_batch: int
    rates: dict[str, float]


def screening_copy(module: nn.Module, precision: Precision) -> nn.Module:
    """Return ``module`` in channels_last and the given precision; the original is left alone.

    Batch normalisation is folded where it can be.
    """
    twin = copy.deepcopy(module).eval()
    fold_batch_norm(twin)
    dtype = torch.bfloat16 if precision == "bfloat16" else torch.float32
    return twin.to(dtype=dtype, memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def tune(classifier: Classifier, seconds: float = 0.4) -> Tuning:
    """Measure screening speed and choose.

    The first question is whether bfloat16 is faster than float32, the second which batch size is fastest in
    the winner; a larger batch must be ``NOTICEABLE`` faster to be taken. A candidate that cannot run (a
    network that mixes in float32 constants, a batch that does not fit in memory) or returns NaN has rate 0.
    Where not even the smallest batch fits in memory, smaller ones are tried.

    Args:
        classifier: Its network is copied, not changed.
        seconds: Time to spend on each candidate.

    Raises:
        ClassifierError: If not even the smallest float32 batch runs.

    Cost:
        At most 6 * ``seconds``, plus one copy of the weights per precision.
    """
    batches: tuple[int, ...] = CUDA_BATCHES if classifier.device.startswith("cuda") else CPU_BATCHES
    rates: dict[str, float] = {}

    def rate(module: nn.Module, precision: Precision, batch: int) -> float:
        dtype = torch.bfloat16 if precision == "bfloat16" else torch.float32
        x = torch.zeros(batch, 3, *classifier.card.preprocessing.size, dtype=dtype, device=classifier.device)
        x = x.contiguous(memory_format=torch.channels_last)
        try:
            value = _images_per_second(module, x, seconds)
        except (RuntimeError, MemoryError) as error:
            if precision == "float32" and batch == batches[0]:
                raise ClassifierError(
                    f"{classifier.card.id}: cannot run a batch of {batch}: {error}"
                ) from error
            value = 0.0
        rates[f"{precision}/{batch}"] = round(value, 1)
        return value

    plain, half = screening_copy(classifier.module, "float32"), screening_copy(classifier.module, "bfloat16")
    while batches[0] > 1 and not _fits(plain, classifier, batches[0]):
        batches = (batches[0] // 2, *batches)
        free_cached_memory()
    best_plain = max(rate(plain, "float32", batch) for batch in batches[:2])
    best_half = rate(half, "bfloat16", batches[1])
    precision: Precision = "bfloat16" if best_half > NOTICEABLE * best_plain else "float32"
    winner = half if precision == "bfloat16" else plain
    best = batches[1] if precision == "bfloat16" else batches[0]
    for batch in batches:
        known = rates.get(f"{precision}/{batch}")
        value = rate(winner, precision, batch) if known is None and batch > best else known
        if batch > best and value is not None and value > NOTICEABLE * rates[f"{precision}/{best}"]:
            best = batch
    return Tuning(precision=precision, batch=best, exact_batch=batches[0], rates=rates)


def _fits(module: nn.Module, classifier: Classifier, batch: int) -> bool:
    """Return whether a float32 pass of so many images fits in memory; other errors are left for later."""
    try:
        x = torch.zeros(batch, 3, *classifier.card.preprocessing.size, device=classifier.device)
        with torch.inference_mode():
            module(x.contiguous(memory_format=torch.channels_last))
    except (RuntimeError, MemoryError) as error:
        return not is_out_of_memory(error)
    return True


def _images_per_second(module: nn.Module, x: Tensor, seconds: float) -> float:
    """Return the throughput of the fastest pass of ``module`` on ``x``; 0 if it returns NaN.

    The fastest pass, because other work on the machine can only slow a pass down.
    """
    with torch.inference_mode():
        if not bool(torch.isfinite(module(x)).all()):
            return 0.0
        _wait(x)
        begin, fastest = time.perf_counter(), float("inf")
        while (start := time.perf_counter()) - begin < seconds or fastest == float("inf"):
            module(x)
            _wait(x)
            fastest = min(fastest, time.perf_counter() - start)
        return len(x) / fastest


def _wait(x: Tensor) -> None:
    if x.is_cuda:
        torch.cuda.synchronize()
