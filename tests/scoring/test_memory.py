"""Running out of memory: passes are halved, nothing is lost, and the scores are those of smaller batches."""

import logging
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from gallery.errors import ClassifierError
from gallery.records import MaskModel
from gallery.scoring.engine import Engine, Scorer
from gallery.scoring.memory import is_out_of_memory
from gallery.scoring.tuning import tune
from tests import toy

SIZE = (24, 32)
MODEL = MaskModel(3, 3)


def cuda_is_full() -> Exception:
    return torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")


def memory_is_full() -> Exception:
    with pytest.raises(RuntimeError) as real:  # what torch really says on this machine
        torch.empty(2**60, dtype=torch.uint8)
    return real.value


class Small(nn.Module):
    """Takes at most ``limit`` images at a time; more raise what ``error`` returns."""

    def __init__(self, limit: int, error: Callable[[], Exception] = cuda_is_full) -> None:
        super().__init__()
        self.limit, self.error = limit, error
        self.inner = toy.Pooled()

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (B, 3)."""
        if len(x) > self.limit:
            raise self.error()
        logits: Tensor = self.inner(x)
        return logits


def scorer_of(limit: int, batch: int, error: Callable[[], Exception] = cuda_is_full) -> Scorer:
    engine = Engine(toy.toy(Small(limit, error), SIZE), toy.tuning(batch=batch, exact_batch=batch))
    return engine.scorer(toy.inputs_of(toy.image_of(SIZE)), 0, MODEL)


@pytest.mark.parametrize("error", [cuda_is_full, memory_is_full, MemoryError])
@pytest.mark.parametrize("limit", [1, 2, 5])
def test_halved_passes_give_the_scores_of_small_passes(
    limit: int, error: Callable[[], Exception], caplog: pytest.LogCaptureFixture
) -> None:
    fitting = {1: 1, 2: 2, 5: 4}[limit]
    masks = list(range(1, 24))
    keep = torch.rand(11, *SIZE, generator=torch.Generator().manual_seed(0))
    small, large = scorer_of(limit, fitting), scorer_of(limit, 16, error)
    assert large.score(masks, exact=True) == small.score(masks, exact=True)
    assert large.forwards == len(masks)
    assert torch.equal(large.score_soft(keep, exact=True), small.score_soft(keep, exact=True))
    said = [record.getMessage() for record in caplog.records]
    assert said[0] == "Toy: 16 images at a time do not fit into memory; going on with 8."
    assert said[-1].endswith(f"going on with {fitting}.")
    assert len(said) == (16 // fitting).bit_length() - 1


def test_the_first_look_at_an_image_is_halved_too() -> None:
    scorer = scorer_of(1, 16)
    assert scorer._engine.probabilities(torch.cat([scorer.image] * 3), exact=True).shape == (3, 3)


def test_a_network_too_large_for_one_image_says_what_to_do() -> None:
    with pytest.raises(ClassifierError, match=r"Toy: not even one image .*CUDA out of memory.*Free memory"):
        (scorer := scorer_of(0, 4)).score([1], exact=True)
    assert scorer._engine.batch(exact=True) == 4  # as before, for images that fit


def test_other_failures_are_not_mistaken_for_it() -> None:
    def broken() -> Exception:
        return RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    assert not is_out_of_memory(broken())
    with pytest.raises(RuntimeError, match="mat1 and mat2"):
        scorer_of(1, 4, broken).score([1, 2], exact=True)


def test_tuning_goes_below_its_smallest_batch(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    found = tune(toy.toy(Small(2), SIZE), seconds=0.0)
    assert found.exact_batch == 2
    assert found.batch <= 2
