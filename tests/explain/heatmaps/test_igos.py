"""I-GOS: gradient, descent, and an image in which one region alone is informative."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from gallery.errors import ClassifierError, ConfigError
from gallery.explain.heatmaps import igos as module
from gallery.explain.heatmaps._base import Subject
from gallery.explain.heatmaps.igos import _integrated, _line_search, _loss_and_gradient, _Penalties, igos
from tests import toy

SIZE = (24, 20)
SMALL: dict[str, Any] = {"size": 6, "iterations": 6, "path_points": 4, "l1": 0.1, "tv": 0.2}


def informative(region: tuple[slice, slice]) -> Subject:
    """Return an image of ones in which only ``region`` raises the target's probability."""
    weights = torch.zeros(SIZE)
    weights[region] = 8.0 / weights[region].numel()
    image = torch.ones(1, 3, *SIZE)
    return toy.subject_of(toy.toy(toy.Evidence(weights, offset=-3.0), SIZE), image)


def test_finds_the_only_informative_region() -> None:
    subject = informative((slice(4, 12), slice(10, 20)))
    native = igos(subject, **SMALL, sigma=0.0).native
    # Cells are 4 px high and 3.33 px wide: rows 1 and 2, columns 3 to 5.
    inside = torch.zeros(6, 6, dtype=torch.bool)
    inside[1:3, 3:6] = True
    assert float(native[inside].min()) > 0.95
    assert float(native[~inside].mean()) < 0.35  # not 0: the mask is smooth
    assert float(native[-1, :2].max()) == 0


def test_mask_stays_in_the_unit_interval_and_passes_are_counted() -> None:
    subject = informative((slice(0, 12), slice(0, 10)))
    raw = igos(subject, **SMALL)
    assert raw.native.shape == (6, 6)
    assert 0 <= float(raw.native.min()) < float(raw.native.max()) <= 1
    path = int(subject.classifier.module.images)  # type: ignore[arg-type]
    # The whole image is scored once by the engine, which has a copy of the network.
    assert (raw.forwards, raw.backwards, raw.seeded, raw.layer) == (path + 1, 6 * 4, True, None)


def noise_of(subject: Subject, n: int, sigma: float) -> Tensor:
    generator = torch.Generator().manual_seed(5)
    return sigma * torch.randn(n, *subject.image.shape[1:], generator=generator)


def twin_loss(subject: Subject, mask: Tensor, noise: Tensor, l1: float, tv: float) -> float:
    """Return the objective in float64, path point by path point."""
    network = toy.Evidence(subject.classifier.module.weights.double(), offset=-3.0)  # type: ignore[arg-type]
    image, total = subject.image.double(), 0.0
    for s in range(1, len(noise) + 1):
        keep = nn.functional.interpolate(s / len(noise) * mask[None, None], SIZE, mode="bilinear")
        x = image * keep + torch.zeros_like(image) * (1 - keep) + noise[s - 1].double()
        total += float(network(x).softmax(dim=1)[0, subject.target]) / len(noise)
    down, right = mask[1:] - mask[:-1], mask[:, 1:] - mask[:, :-1]
    return total + l1 * float((1 - mask).mean()) + tv * float((down**2).mean() + (right**2).mean())


def test_loss_and_gradient_agree_with_finite_differences() -> None:
    subject = informative((slice(4, 12), slice(10, 20)))
    noise = noise_of(subject, 3, 0.2)
    mask = torch.rand(5, 5, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    loss, gradient = _loss_and_gradient(subject, mask.float(), noise, _Penalties(0.7, 3.0))
    assert loss == pytest.approx(twin_loss(subject, mask, noise, 0.7, 3.0), rel=1e-5)
    for row, col in [(0, 0), (2, 3), (4, 4), (1, 2)]:
        step = torch.zeros(5, 5, dtype=torch.float64)
        step[row, col] = 1e-4
        up = twin_loss(subject, mask + step, noise, 0.7, 3.0)
        down = twin_loss(subject, mask - step, noise, 0.7, 3.0)
        assert float(gradient[row, col]) == pytest.approx((up - down) / 2e-4, rel=1e-3, abs=1e-6)


def test_every_step_lowers_the_loss_under_the_same_noise(monkeypatch: pytest.MonkeyPatch) -> None:
    subject = informative((slice(4, 12), slice(10, 20)))
    falls: list[float] = []

    def watched(
        s: Subject, mask: Tensor, at: tuple[float, Tensor], noise: Tensor, settings: tuple[_Penalties, float]
    ) -> tuple[Tensor, float, int]:
        new, step, tried = _line_search(s, mask, at, noise, settings)
        after = float(_integrated(s, new, noise) + settings[0].of(new))
        assert after <= at[0] + 1e-6
        falls.append(at[0] - after)
        return new, step, tried

    monkeypatch.setattr(module, "_line_search", watched)
    igos(subject, **SMALL)
    assert falls[0] > 0.01


def test_a_flat_classifier_ends_with_nothing_removed() -> None:
    # With no gradient every step length would be accepted, and the next be 5 times longer, up to infinity.
    subject = toy.subject_of(toy.toy(toy.Evidence(torch.zeros(SIZE)), SIZE), torch.ones(1, 3, *SIZE))
    raw = igos(subject, size=3, iterations=600, path_points=1, l1=0.0, tv=0.0)
    assert not raw.native.any()
    assert raw.forwards == 601, "the whole image once, and no length is tried"


def test_penalties_scale_with_confidence_so_that_unsure_images_get_a_map() -> None:
    weights = torch.zeros(SIZE)
    weights[4:12, 10:20] = 3.0 / 80
    unsure = toy.toy(toy.Evidence(weights, offset=-5.0), SIZE)  # p is about 0.12 on the whole image
    subject = toy.subject_of(unsure, torch.ones(1, 3, *SIZE))
    assert float(subject.scorer.score_soft(torch.ones(1, *SIZE), exact=True)[0]) < 0.2
    assert float(igos(subject, size=6, iterations=6, path_points=4, sigma=0.0).native.max()) > 0.1


def test_a_classifier_that_returns_nan_is_an_error() -> None:
    subject = toy.subject_of(
        toy.toy(toy.Evidence(torch.full(SIZE, torch.nan)), SIZE), torch.ones(1, 3, *SIZE)
    )
    with pytest.raises(ClassifierError, match="NaN or infinity"):
        igos(subject, size=3, iterations=1, path_points=1)


def test_noise_is_drawn_from_the_seed_alone() -> None:
    subject = informative((slice(4, 12), slice(10, 20)))
    torch.manual_seed(1)
    first = igos(subject, **SMALL).native
    torch.manual_seed(2)
    assert torch.equal(first, igos(subject, **SMALL).native)


@pytest.mark.parametrize(
    "options",
    [
        {"size": 1},
        {"iterations": 0},
        {"path_points": 0},
        {"step": 0.0},
        {"l1": -1.0},
        {"tv": -1.0},
        {"sigma": -0.1},
    ],
)
def test_options_out_of_range(options: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=r"methods\.igos"):
        igos(informative((slice(4, 12), slice(10, 20))), **options)
