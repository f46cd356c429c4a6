"""Forward passes have fixed sizes, leave the classifier alone, and do not let NaN through."""

import math

import pytest
import torch

from gallery.errors import ClassifierError
from gallery.scoring.passes import Passes
from tests import toy

SIZE = (24, 32)


def evidence() -> toy.Toy:
    return toy.toy(toy.Evidence(torch.full(SIZE, 0.02)), SIZE)


def passes_of(classifier: toy.Toy, precision: str, batch: int = 8, exact_batch: int = 4) -> Passes:
    return Passes(classifier, toy.tuning(precision, batch, exact_batch))  # type: ignore[arg-type]


@pytest.mark.parametrize("exact_batch", [4, 16])
def test_every_float32_pass_has_the_same_size(exact_batch: int) -> None:
    passes = passes_of(evidence(), "bfloat16", exact_batch=exact_batch)
    for n in (1, 3, 5, 17):
        assert passes.probabilities(torch.rand(n, 3, *SIZE), exact=True).shape == (n, 2)
    assert set(passes._exact.calls) == {exact_batch}  # type: ignore[arg-type]
    assert passes.n_forwards == 26


def test_screening_passes_are_padded_to_a_power_of_two() -> None:
    passes = passes_of(evidence(), "bfloat16")
    for n in (1, 5, 8, 11):
        passes.probabilities(torch.rand(n, 3, *SIZE), exact=False)
    assert passes._screen.calls == [4, 8, 8, 8, 4]


def test_float32_screening_is_exact_already() -> None:
    passes = passes_of(evidence(), "float32")
    assert passes.screens_exactly
    assert passes.screen_module is passes._exact
    assert passes.screen_dtype == torch.float32
    half = passes_of(evidence(), "bfloat16")
    assert (half.screens_exactly, half.screen_dtype) == (False, torch.bfloat16)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_classifier_that_returns_nan_is_named(value: float) -> None:
    passes = passes_of(toy.toy(toy.Evidence(torch.full(SIZE, value)), SIZE), "float32")
    with pytest.raises(ClassifierError, match="toy:net: the classifier returned NaN or infinity"):
        passes.probabilities(torch.rand(1, 3, *SIZE), exact=True)


def test_the_classifier_itself_is_never_run_or_changed() -> None:
    classifier = evidence()
    classifier.module.train()
    passes = passes_of(classifier, "bfloat16")
    for exact in (True, False):
        passes.probabilities(torch.rand(2, 3, *SIZE), exact=exact)
    assert classifier.module.images == 0
    assert classifier.module.training
    assert classifier.module.weights.dtype == torch.float32
