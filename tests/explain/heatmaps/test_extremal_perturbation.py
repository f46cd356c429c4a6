"""Extremal perturbation: area, region, steps one by one, and the low-pass window."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from gallery.errors import ClassifierError, ConfigError
from gallery.explain.heatmaps import extremal_perturbation as module
from gallery.explain.heatmaps._base import RawMap, Subject
from gallery.explain.heatmaps._smooth_masks import SmoothMasks, blur_pyramid, perturb
from gallery.explain.heatmaps.extremal_perturbation import LowPass, area_profile, extremal_perturbation
from tests import toy
from tests.explain.heatmaps.masked import SIZE, nonlinear

CPU = torch.device("cpu")


def alone(subject: Subject, **options: Any) -> RawMap:  # noqa: ANN401
    maps: list[RawMap] = extremal_perturbation([subject], **options)
    return maps[0]


class Sharpness(toy.Evidence):
    """The logit is the contrast of neighbouring pixels, weighted: blurring lowers it."""

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (B, 2)."""
        plane = x.mean(dim=1)
        contrast = (plane[:, :, 1:] - plane[:, :, :-1]).square()
        # Mirrored inputs must answer the same, so the weights are symmetric.
        a = (contrast * self.weights[:, 1:]).sum(dim=(1, 2))
        return torch.stack([a, torch.zeros_like(a)], dim=1)


def sharp() -> Subject:
    """Return a checkerboard of which only a band of rows matters to the classifier."""
    weights = torch.zeros(SIZE)
    weights[12:18] = 0.5
    board = torch.tensor([[(-1.0) ** (i + j) for j in range(SIZE[1])] for i in range(SIZE[0])])
    return toy.subject_of(toy.toy(Sharpness(weights), SIZE), board.expand(1, 3, *SIZE).clone())


@pytest.mark.parametrize("cutoff", [1.0, 0.5])
def test_the_region_has_the_area_asked_for_and_lies_where_the_evidence_is(cutoff: float) -> None:
    native = alone(sharp(), area=0.25, iterations=100, cutoff=cutoff).native
    assert native.shape == SIZE
    assert 0 <= float(native.min()) < float(native.max()) <= 1
    assert float(native.mean()) == pytest.approx(0.25, abs=0.05)
    assert float((native > 0.5).float().mean()) == pytest.approx(0.25, abs=0.05)
    assert float(native[12:18].mean()) > 0.85
    assert float(native[:9].mean()) < 0.05


def step_twin(subject: Subject, n: int, area: float, cutoff: float) -> Tensor:
    """Return the mask after ``n`` plain steps, written with autograd and torch's own SGD.

    In float32, because the pixels of the first mask tie, and rounding decides how they are sorted.
    """
    scale, (h, w) = 20 / 224, SIZE
    masks = SmoothMasks(SIZE, 2, 21 * scale, CPU)
    pyramid = blur_pyramid(subject.image[0], 8, 20 * scale)
    network = toy.TwoConv()
    parameters = torch.ones(masks.cells, requires_grad=True)
    optimiser = torch.optim.SGD([parameters], lr=0.1, momentum=0.9, dampening=0.9)
    for t in range(n):
        keep = masks(parameters)
        x = perturb(pyramid, keep)
        x = x.flip(-1) if t % 2 == 0 else x
        ordered = keep.flatten().sort().values
        wanted = (torch.arange(h * w) >= h * w - round(area * h * w)).float()
        weight = 300 * 1.0035 ** (10 * t)
        energy = network(x[None])[0, subject.target] - weight * ((ordered - wanted) ** 2).mean()
        optimiser.zero_grad()
        (-energy).backward()
        assert parameters.grad is not None
        parameters.grad = window_twin(parameters.grad.double(), cutoff).float()
        optimiser.step()
        parameters.data.clamp_(0, 1)
    return masks(parameters).detach()


def window_twin(values: Tensor, cutoff: float) -> Tensor:
    """Return the map without its high frequencies: coefficients one by one, by the sum that defines them."""
    h, w = values.shape
    result = torch.zeros_like(values)
    for i in range(h):
        for j in range(w):
            if i < cutoff * h and j < cutoff * w:
                rows = (math.pi * i * (torch.arange(h) + 0.5).double() / h).cos()
                cols = (math.pi * j * (torch.arange(w) + 0.5).double() / w).cos()
                wave = rows[:, None] * cols[None]
                result += wave * (values * wave).sum() / wave.square().sum()
    return result


def test_steps_agree_with_plain_autograd(monkeypatch: pytest.MonkeyPatch) -> None:
    # A tenth of the steps of a schedule for 60, on a lattice of every second pixel.
    monkeypatch.setattr(module, "STEPS", 60)
    monkeypatch.setattr(module, "STEP", 22)
    subject = nonlinear()
    native = alone(subject, area=0.3, iterations=6, cutoff=0.5).native
    wanted = step_twin(subject, 6, 0.3, 0.5)
    assert torch.allclose(native, wanted, atol=1e-4)
    assert float(wanted.std()) > 0.01


def test_low_pass_equals_the_cosine_transform_written_out() -> None:
    values = torch.randn(6, 5, generator=torch.Generator().manual_seed(1))
    for cutoff in (0.3, 0.5, 1.0):
        filtered = LowPass((6, 5), cutoff, CPU)(values)
        assert torch.allclose(filtered.double(), window_twin(values.double(), cutoff), atol=1e-6)
    assert torch.allclose(LowPass((6, 5), 1.0, CPU)(values), values, atol=1e-6)
    constant = torch.full((6, 5), 0.7)
    assert torch.allclose(LowPass((6, 5), 0.01, CPU)(constant), constant, atol=1e-6)


def test_area_profile() -> None:
    assert area_profile(0.25, 8).tolist() == [0] * 6 + [1] * 2
    assert int(area_profile(0.1, 50176).sum()) == 5018


def test_images_together_get_the_maps_they_get_alone() -> None:
    subjects = [nonlinear(seed, target=seed + 1) for seed in range(3)]
    options: dict[str, Any] = {"area": 0.3, "iterations": 10}
    together = extremal_perturbation(subjects, **options)
    apart = [alone(subject, **options) for subject in subjects]
    assert [m.native.numpy().tobytes() for m in together] == [m.native.numpy().tobytes() for m in apart]
    assert {(m.forwards, m.backwards, m.seeded) for m in (*together, *apart)} == {(10, 10, False)}
    assert len({m.native.numpy().tobytes() for m in together}) == 3


def test_passes_are_counted() -> None:
    subject = sharp()
    network = subject.classifier.module
    calls: list[int] = []
    network.register_forward_hook(lambda _, given, __: calls.append(len(given[0])))
    raw = alone(subject, iterations=5)
    assert calls == [1] * 5
    assert (raw.forwards, raw.backwards) == (5, 5)


def test_a_classifier_that_returns_nan_is_an_error() -> None:
    broken = toy.toy(toy.Evidence(torch.full(SIZE, torch.nan)), SIZE)
    with pytest.raises(ClassifierError, match="NaN or infinity"):
        alone(toy.subject_of(broken, torch.ones(1, 3, *SIZE)), iterations=1)


@pytest.mark.parametrize(
    "options", [{"area": 0.0}, {"area": 1.0}, {"iterations": 0}, {"cutoff": 0.0}, {"cutoff": 1.1}]
)
def test_options_out_of_range(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=r"methods\.extremal_perturbation"):
        alone(nonlinear(), **options)
