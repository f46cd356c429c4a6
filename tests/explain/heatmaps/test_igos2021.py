"""The guide of the official SAG code against a literal twin, one image at a time, in float64."""

import copy

import pytest
import torch
from torch import Tensor, nn

from gallery.errors import ClassifierError, ConfigError
from gallery.explain.heatmaps import _igos2021 as module
from gallery.explain.heatmaps._base import HEATMAPS, Subject
from gallery.explain.heatmaps._igos2021 import igos2021
from gallery.perturbation import make_baseline
from gallery.records import MaskModel
from gallery.scoring.engine import Engine
from tests import toy
from tests.benchmarks.reference_sag import OneByOne, guide

SIZE = (20, 26)


def subject(network: nn.Module, *, seed: int = 0, target: int = 1) -> Subject:
    image = toy.image_of(SIZE, seed=seed)
    classifier = toy.toy(network, SIZE)
    inputs = toy.inputs_of(image, make_baseline("black", image, classifier.card.preprocessing))
    scorer = Engine(classifier, toy.tuning()).scorer(inputs, target, MaskModel(baseline="black"))
    return toy.subject_of(classifier, image, target=target, seed=seed, scorer=scorer)


def blob(strength: float = 12.0) -> toy.Evidence:
    weights = torch.zeros(SIZE)
    weights[4:12, 8:20] = strength / 96
    return toy.Evidence(weights, offset=-1.0)


class Either(nn.Module):
    """Two corners, either of which convinces: not linear, and not smooth."""

    def __init__(self) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.tensor(4.0))  # so that it follows the network to float64

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (B, 2)."""
        seen = x.mean(dim=1)
        corners = torch.stack(
            [seen[:, 2:9, 2:12].mean(dim=(1, 2)), seen[:, 11:18, 15:24].mean(dim=(1, 2))], 1
        )
        a = self.gain * (corners + 0.7).relu().square().sum(dim=1) - 1
        return torch.stack([a, torch.zeros_like(a)], dim=1)


NETWORKS = {"weak blob": lambda: blob(4.0), "strong blob": lambda: blob(8.0), "either corner": Either}


class Oracle:
    """The official two steps, word by word, in float64."""

    def __init__(self, what: Subject, rows: int, cols: int) -> None:
        self.network = copy.deepcopy(what.classifier.module).double()
        self.image, self.baseline = what.image.double(), what.scorer.baseline.double()
        self.target = what.target
        self.draw = torch.Generator().manual_seed(what.seed)
        self.mask = torch.ones(rows, cols, dtype=torch.float64)
        self.forwards = 0

    def probability(self, keep: Tensor, noise: Tensor | float = 0.0) -> Tensor:
        """Return the target's probability for one image."""
        self.forwards += 1
        x = self.image * keep + self.baseline * (1 - keep) + noise
        return self.network(x).softmax(dim=1)[0, self.target]  # type: ignore[no-any-return]

    def keep(self, mask: Tensor) -> Tensor:
        """Return the mask at the size of the image."""
        return nn.UpsamplingBilinear2d(size=SIZE)(mask[None, None])  # type: ignore[no-any-return]

    def penalty(self, mask: Tensor) -> Tensor:
        """Return the mean removed area and 20 times the total variation."""
        rows = torch.mean(torch.abs(mask[:-1, :] - mask[1:, :]) ** 2)
        cols = torch.mean(torch.abs(mask[:, :-1] - mask[:, 1:]) ** 2)
        return torch.mean(torch.abs(1 - mask)) + 20 * (rows + cols)

    def step(self) -> None:
        """Take one step."""
        mask = self.mask.clone().requires_grad_()
        keep, total = self.keep(mask), self.penalty(mask)
        before = float((total + self.probability(keep)).detach())
        for s in range(20):
            noise = torch.zeros(1, 3, *SIZE, dtype=torch.float64)
            noise[0, 0] = 0.4 * torch.randn(SIZE, generator=self.draw)
            total = total + self.probability((s + 1) / 20 * keep, noise) / 20.0
        (gradient,) = torch.autograd.grad(total, mask)
        step = 200.0
        while True:
            new = (self.mask - step * gradient).clamp(0, 1)
            after = float(self.penalty(new) + self.probability(self.keep(new)))
            if after <= before - 1e-4 * step * float((gradient**2).sum()) or step < 1e-5:
                break
            step *= 0.2
        self.mask = new


@pytest.mark.parametrize("seed", [1, 2, 4])
@pytest.mark.parametrize("grid", [(7, 7), (4, 6)])
@pytest.mark.parametrize("network", NETWORKS)
def test_equals_the_literal_twin(network: str, grid: tuple[int, int], seed: int) -> None:
    what = subject(NETWORKS[network](), seed=seed, target=0)
    raw, oracle = igos2021(what, *grid), Oracle(what, *grid)
    oracle.step()
    oracle.step()
    assert raw.native.numpy() == pytest.approx((1 - oracle.mask).numpy(), abs=1e-6)
    assert float(raw.native.max()) > 1e-3
    assert (raw.forwards, raw.backwards) == (oracle.forwards, 40)


def test_map_is_high_where_the_evidence_is() -> None:
    native = igos2021(subject(blob(), target=0), 5, 5).native
    assert native.shape == (5, 5)
    assert native.dtype == torch.float64
    assert 0 <= float(native.min()) <= float(native.max()) <= 1
    assert float(native[1:3, 2:4].min()) > float(native[4].max())


def test_passes_are_counted_and_the_noise_hangs_on_the_seed_alone() -> None:
    network = blob()
    raw = igos2021(subject(network, seed=4, target=0), 4, 4)
    assert (raw.forwards, raw.seeded, raw.layer) == (network.images, True, None)
    torch.manual_seed(9)
    again = subject(blob(), seed=4, target=0)
    assert torch.equal(raw.native, igos2021(again, 4, 4).native)
    again.seed = 5
    assert not torch.equal(raw.native, igos2021(again, 4, 4).native)


def test_noise_is_on_the_first_channel_only_and_twice_what_the_source_says() -> None:
    what = subject(toy.TwoConv())
    batches: list[Tensor] = []
    what.classifier.module.register_forward_hook(lambda _, inputs, __: batches.append(inputs[0].detach()))
    igos2021(what, 4, 4)
    path = next(batch for batch in batches if len(batch) == 20)  # of the first step, where M = 1
    shares = torch.arange(1, 21).reshape(-1, 1, 1, 1) / 20
    noise = path - (what.image * shares + what.scorer.baseline * (1 - shares))
    assert float(noise[:, 1:].abs().max()) < 1e-5
    assert float(noise[:, 0].std()) == pytest.approx(0.4, rel=0.03)
    assert not torch.equal(noise[0, 0], noise[1, 0])


def test_penalties_alone_move_nothing() -> None:
    # The derivative of |1 - M| is 0 at the start, so without evidence the mask stays whole at once.
    raw = igos2021(subject(toy.Evidence(torch.zeros(SIZE)), target=0), 4, 4)
    assert not raw.native.any()
    assert raw.forwards == 2 * (1 + 20 + 1)


def test_the_last_step_is_taken_even_if_none_is_good_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_loss", lambda *_: torch.tensor(1.0))
    mask, gradient = torch.full((2, 2), 0.5), torch.full((2, 2), 1000.0)
    new, tried = module._line_search(subject(toy.TwoConv()), mask, torch.tensor(0.5), gradient)
    assert tried == 12
    assert new.numpy() == pytest.approx(0.5 - 200 * 0.2**11 * 1000, abs=1e-6)


@pytest.mark.parametrize("seed", range(2))
def test_the_timing_baseline_makes_the_same_guide(seed: int) -> None:
    what = subject(blob(), seed=seed, target=0)
    baseline = make_baseline("black", what.image, what.classifier.card.preprocessing)
    one_by_one = OneByOne(what.classifier.module, what.image, baseline, what.target)
    raw, slow = igos2021(what, 7, 7), guide(one_by_one, seed)
    assert raw.native.numpy() == pytest.approx(1 - slow.double().numpy(), abs=1e-6)
    assert float(raw.native.max()) > 1e-3
    assert raw.forwards == one_by_one.forwards - 2  # it also scores the 40 best cells, twice, for a curve


@pytest.mark.parametrize("grid", [(1, 7), (7, 1)])
def test_a_single_row_or_column_has_no_variation(grid: tuple[int, int]) -> None:
    with pytest.raises(ConfigError, match="at least 2 x 2 patches"):
        igos2021(subject(toy.TwoConv()), *grid)


def test_a_classifier_that_returns_nan_is_an_error_and_is_left_as_found() -> None:
    what = subject(toy.Evidence(torch.full(SIZE, torch.nan)), target=0)
    what.classifier.module.train()
    with pytest.raises(ClassifierError, match="NaN or infinity"):
        igos2021(what, 3, 3)
    assert what.classifier.module.training


def test_it_is_a_guide_and_not_a_heatmap_method() -> None:
    assert "igos2021" not in HEATMAPS
    assert "_igos2021" not in HEATMAPS
