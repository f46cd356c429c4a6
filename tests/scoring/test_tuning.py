"""Tuning: a choice among the candidates, by rate, that leaves the classifier alone."""

import pytest
import torch
from torch import Tensor, nn

from gallery.errors import ClassifierError
from gallery.scoring import tuning
from gallery.scoring.tuning import CPU_BATCHES, screening_copy, tune
from tests import toy

SIZE = (8, 8)


def rates(monkeypatch: pytest.MonkeyPatch, known: dict[str, float]) -> list[str]:
    """Replace the clock by a table; return the list that candidates measured are added to."""
    measured: list[str] = []

    def rate(_: nn.Module, x: Tensor, __: float) -> float:
        name = f"{str(x.dtype).removeprefix('torch.')}/{len(x)}"
        measured.append(name)
        return known[name]

    monkeypatch.setattr(tuning, "_images_per_second", rate)
    return measured


SLOW_HALF = {
    "float32/4": 100.0,
    "float32/8": 110.0,
    "float32/16": 118.0,
    "float32/32": 160.0,
    "bfloat16/8": 100.0,
}
FAST_HALF = {
    "float32/4": 100.0,
    "float32/8": 110.0,
    "bfloat16/8": 200.0,
    "bfloat16/16": 220.0,
    "bfloat16/32": 240.0,
}


@pytest.mark.parametrize(
    ("known", "chosen"),
    [
        (SLOW_HALF, ("float32", 32)),
        ({**SLOW_HALF, "float32/32": 120.0}, ("float32", 16)),  # 118 > 1.15 * 100, 120 is no gain over it
        ({**SLOW_HALF, "float32/16": 112.0, "float32/32": 114.0}, ("float32", 4)),
        ({**SLOW_HALF, "bfloat16/8": 126.0}, ("float32", 32)),  # not noticeably faster than 110
        (FAST_HALF, ("bfloat16", 32)),
        ({**FAST_HALF, "bfloat16/32": 225.0}, ("bfloat16", 8)),
    ],
)
def test_takes_what_is_noticeably_faster(
    known: dict[str, float], chosen: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    measured = rates(monkeypatch, known)
    result = tune(toy.toy(toy.Pooled(), SIZE))
    assert (result.precision, result.batch) == chosen
    assert result.exact_batch == CPU_BATCHES[0]
    assert len(measured) == len(set(measured)) <= 6
    assert result.rates == {name: known[name] for name in measured}


def test_a_real_measurement_chooses_a_candidate_and_leaves_the_classifier_alone() -> None:
    classifier = toy.toy(toy.TwoConv(), SIZE)
    classifier.module.train()
    before = {name: value.clone() for name, value in classifier.module.state_dict().items()}
    result = tune(classifier, seconds=0.01)
    assert result.batch in CPU_BATCHES
    assert f"{result.precision}/{result.batch}" in result.rates
    assert all(rate > 0 for rate in result.rates.values())
    assert classifier.module.training
    assert all(torch.equal(v, before[k]) for k, v in classifier.module.state_dict().items())


class FloatOnly(toy.Pooled):
    """Normalises with float32 constants that are no buffers, so its bfloat16 copy cannot run."""

    scale = torch.tensor([1.0, 2.0, 3.0]).reshape(1, 3, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits."""
        return super().forward(x * self.scale)


class NanInHalf(toy.Pooled):
    """Returns NaN in bfloat16."""

    def forward(self, x: Tensor) -> Tensor:
        """Return logits."""
        return super().forward(x) * (torch.nan if x.dtype == torch.bfloat16 else 1.0)


@pytest.mark.parametrize("network", [FloatOnly, NanInHalf])
def test_a_network_without_a_working_bfloat16_copy_is_screened_in_float32(network: type[toy.Pooled]) -> None:
    result = tune(toy.toy(network(), SIZE), seconds=0.01)
    assert result.precision == "float32"
    assert result.rates["bfloat16/8"] == 0.0


class Small(toy.Pooled):
    """Runs out of memory above a number of images."""

    limit = 8

    def forward(self, x: Tensor) -> Tensor:
        """Return logits, or raise."""
        if len(x) > self.limit:
            raise torch.OutOfMemoryError("out of memory")
        return super().forward(x)


def test_a_batch_that_does_not_fit_is_not_chosen() -> None:
    result = tune(toy.toy(Small(), SIZE), seconds=0.01)
    assert result.batch <= 8
    assert result.rates[f"{result.precision}/16"] == 0.0


def test_a_network_that_cannot_run_at_all_is_an_error() -> None:
    network = Small()
    network.limit = 0
    with pytest.raises(ClassifierError, match="toy:net: cannot run a batch of 1: out of memory"):
        tune(toy.toy(network, SIZE), seconds=0.01)


def test_copies_are_separate_and_in_the_precision_asked_for() -> None:
    module = toy.TwoConv()
    half = screening_copy(module, "bfloat16")
    assert {p.dtype for p in half.parameters()} == {torch.bfloat16}
    assert {p.dtype for p in module.parameters()} == {torch.float32}
    assert (half.training, module.training) == (False, True)
    assert not {p.data_ptr() for p in screening_copy(module, "float32").parameters()} & {
        p.data_ptr() for p in module.parameters()
    }
