"""Pick precision and batch size for screening by a short measurement."""

import copy
import time
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from gallery.interfaces import Classifier

Precision = Literal["float32", "bfloat16"]

CPU_BATCHES = (4, 8, 16, 32)
CUDA_BATCHES = (32, 64, 128, 256, 512)
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
    """Return ``module`` in channels_last and the given precision; the original is left alone."""
    twin = copy.deepcopy(module).eval()
    dtype = torch.bfloat16 if precision == "bfloat16" else torch.float32
    return twin.to(dtype=dtype, memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def tune(classifier: Classifier, seconds: float = 0.4) -> Tuning:
    """Measure screening speed and choose.

    The first question is whether bfloat16 is faster than float32 at a middle batch size, the second which
    batch size is fastest in the winner; larger batches must be ``NOTICEABLE`` faster to be taken.

    Args:
        classifier: Its network is copied, not changed.
        seconds: Time to spend on each candidate.

    Cost:
        About 5 * ``seconds``, plus one copy of the weights per precision.
    """
    size = classifier.card.preprocessing.size
    batches = CUDA_BATCHES if classifier.device.startswith("cuda") else CPU_BATCHES
    middle = batches[1]
    rates: dict[str, float] = {}

    def rate(module: nn.Module, precision: Precision, batch: int) -> float:
        dtype = torch.bfloat16 if precision == "bfloat16" else torch.float32
        x = torch.zeros(batch, 3, *size, dtype=dtype, device=classifier.device)
        value = _images_per_second(module, x.contiguous(memory_format=torch.channels_last), seconds)
        rates[f"{precision}/{batch}"] = round(value, 1)
        return value

    twins: dict[Precision, nn.Module] = {
        "float32": screening_copy(classifier.module, "float32"),
        "bfloat16": screening_copy(classifier.module, "bfloat16"),
    }
    plain, half = rate(twins["float32"], "float32", middle), rate(twins["bfloat16"], "bfloat16", middle)
    precision: Precision = "bfloat16" if half > NOTICEABLE * plain else "float32"
    best, best_rate = middle, max(half, plain)
    for batch in batches:
        if batch > middle and (value := rate(twins[precision], precision, batch)) > NOTICEABLE * best_rate:
            best, best_rate = batch, value
    return Tuning(precision=precision, batch=best, exact_batch=middle, rates=rates)


def _images_per_second(module: nn.Module, x: Tensor, seconds: float) -> float:
    """Return the throughput of ``module`` on ``x``, one warm-up pass not counted."""
    with torch.inference_mode():
        module(x)
        _wait(x)
        start, n = time.perf_counter(), 0
        while n == 0 or time.perf_counter() - start < seconds:
            module(x)
            n += len(x)
            _wait(x)
        return n / (time.perf_counter() - start)


def _wait(x: Tensor) -> None:
    if x.is_cuda:
        torch.cuda.synchronize()
