"""How many images per second a classifier takes: plain, and through the masked-scoring engine."""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np
import torch

from gallery.interfaces import Classifier
from gallery.perturbation import make_baseline
from gallery.records import MaskModel, ModelInput
from gallery.scoring.engine import Engine
from gallery.scoring.tuning import CPU_BATCHES, CUDA_BATCHES, Precision, Tuning, screening_copy

WARM_UP = 2
"""Calls before the clock starts: memory is allocated and kernels are chosen in them."""


@dataclass(frozen=True)
class Rate:
    """The speed of one classifier in one precision and batch size.

    Attributes:
        classifier: Its title.
        precision: "float32" or "bfloat16".
        batch: Images per pass.
        plain: Images/s through the network; None if it cannot run so.
        masked: Masks/s scored by the engine, composing of the masked images included; None likewise.
        note: "" or why it cannot run.
    """

    classifier: str
    precision: str
    batch: int
    plain: float | None
    masked: float | None
    note: str = ""


def batches_for(device: str) -> tuple[int, ...]:
    """Return the batch sizes tried on a device."""
    return (1, *(CUDA_BATCHES if device.startswith("cuda") else CPU_BATCHES))


def precisions() -> tuple[Precision, ...]:
    """Return the precisions tried."""
    return get_args(Precision)


def rate_of(
    classifier: Classifier, precision: Precision, batch: int, mask_model: MaskModel, seconds: float, seed: int
) -> Rate:
    """Measure one precision and batch size on random pixels and random masks.

    Args:
        classifier: Its network is copied, not changed.
        precision: Of the copy.
        batch: Images per pass.
        mask_model: How patches are removed; superpixels are measured as a grid of about as many.
        seconds: For each of the two measurements, at least.
        seed: Of pixels and masks.
    """
    title = classifier.card.title
    try:
        plain = _plain(classifier, precision, batch, seconds, seed)
        masked = _masked(classifier, Tuning(precision, batch, batch, {}), mask_model, seconds, seed)
    except RuntimeError as error:  # the network mixes in float32 constants, or the batch is too large
        return Rate(title, precision, batch, None, None, str(error).splitlines()[0][:120])
    return Rate(title, precision, batch, round(plain, 1), round(masked, 1))


def _plain(classifier: Classifier, precision: Precision, batch: int, seconds: float, seed: int) -> float:
    module = screening_copy(classifier.module, precision)
    dtype = torch.bfloat16 if precision == "bfloat16" else torch.float32
    draw = torch.Generator().manual_seed(seed)
    x = torch.randn(batch, 3, *classifier.card.preprocessing.size, generator=draw)
    x = x.to(device=classifier.device, dtype=dtype).contiguous(memory_format=torch.channels_last)

    def call() -> int:
        module(x)
        return batch

    with torch.inference_mode():
        return _per_second(call, seconds, classifier.device)


def _masked(
    classifier: Classifier, tuning: Tuning, mask_model: MaskModel, seconds: float, seed: int
) -> float:
    engine = Engine(classifier, tuning)
    model = mask_model if mask_model.partition == "grid" else MaskModel(baseline=mask_model.baseline)
    inputs = _inputs(classifier, model, seed)
    draw = random.Random(seed)
    exact = tuning.precision == "float32"

    def call() -> int:
        # A new scorer each time: scores are remembered, and no mask shall be known.
        scorer = engine.scorer(inputs, 0, model)
        scorer.score(_masks(draw, model.n_cells, 2 * tuning.batch), exact=exact)
        return scorer.forwards

    return _per_second(call, seconds, classifier.device)


def _masks(draw: random.Random, n_cells: int, n: int) -> Sequence[int]:
    """Return ``n`` different random masks, or as many as there are."""
    return sorted({draw.getrandbits(n_cells) for _ in range(4 * n)})[:n]


def _inputs(classifier: Classifier, model: MaskModel, seed: int) -> ModelInput:
    """Return random pixels as what the classifier saw."""
    preprocessing = classifier.card.preprocessing
    height, width = preprocessing.size
    pixels = np.random.default_rng(seed).standard_normal((1, 3, height, width)).astype(np.float32)
    baseline = make_baseline(model.baseline, torch.from_numpy(pixels), preprocessing).numpy()
    return ModelInput(np.zeros((height, width, 3), np.uint8), pixels, baseline)


def _per_second(call: Callable[[], int], seconds: float, device: str) -> float:
    """Return images per second of a call that returns how many it took."""
    for _ in range(WARM_UP):
        call()
    _wait(device)
    start, n = time.perf_counter(), 0
    while (elapsed := time.perf_counter() - start) < seconds or n == 0:
        n += call()
        _wait(device)
    return n / elapsed


def _wait(device: str) -> None:
    if device.startswith("cuda"):
        torch.cuda.synchronize(device)
