"""I-GOS: gradient, descent, and an image in which one region alone is informative."""

from typing import Any

import pytest
import torch

from gallery.errors import ClassifierError, ConfigError, ShapeError
from gallery.explain.heatmaps._base import HEATMAPS, RawMap, Subject
from gallery.explain.heatmaps._integrated import losses, losses_and_gradients
from gallery.explain.heatmaps._passes import passes_of
from gallery.explain.heatmaps.igos import _objective, igos
from tests import toy
from tests.explain.heatmaps.masked import (
    SIZE,
    informative,
    nonlinear,
    path_twin,
    random_masks,
    run_of,
    variation_twin,
)

SMALL: dict[str, Any] = {"size": 6, "iterations": 6, "path_points": 4, "l1": 0.1, "tv": 0.2}


def alone(subject: Subject, **options: Any) -> RawMap:  # noqa: ANN401
    maps: list[RawMap] = igos([subject], **options)
    return maps[0]


def test_finds_the_only_informative_region() -> None:
    native = alone(informative((slice(4, 12), slice(10, 20))), **SMALL, sigma=0.0).native
    # Cells are 4 px high and 3.33 px wide: rows 1 and 2, columns 3 to 5.
    inside = torch.zeros(6, 6, dtype=torch.bool)
    inside[1:3, 3:6] = True
    assert float(native[inside].min()) > 0.95
    assert float(native[~inside].mean()) < 0.35  # not 0: the mask is smooth
    assert float(native[-1, :2].max()) == 0


def test_mask_stays_in_the_unit_interval_and_passes_are_counted() -> None:
    subject = informative((slice(0, 12), slice(0, 10)))
    raw = alone(subject, **SMALL)
    assert raw.native.shape == (6, 6)
    assert 0 <= float(raw.native.min()) < float(raw.native.max()) <= 1
    # Passes of 10 with 4 path points each. The whole image is scored by the engine, which has its own copy.
    n_passes = len(subject.classifier.module.calls)  # type: ignore[arg-type]
    assert (raw.forwards, raw.backwards, raw.seeded, raw.layer) == (1 + 4 * n_passes, 6 * 4, True, None)
    assert set(subject.classifier.module.calls) == {10}  # type: ignore[arg-type]


def test_loss_and_gradient_agree_with_float64_point_by_point() -> None:
    subject, l1, tv = nonlinear(), 0.7, 3.0
    run = run_of(subject, _objective(0.6, l1, tv), random_masks(1, 5))
    with passes_of([subject]) as passes:
        ((loss, gradient),) = losses_and_gradients(passes, [run])
        assert losses(passes, [run], [run.masks]) == [pytest.approx(loss, rel=1e-6)]
    mask = run.masks[0].double().requires_grad_()
    penalty = l1 * (1 - mask).abs().mean() + tv * variation_twin(mask)
    wanted = path_twin(run, subject.scorer.baseline[0], subject.image[0], mask) + 0.6 * penalty
    (slope,) = torch.autograd.grad(wanted, mask)
    assert loss == pytest.approx(float(wanted.detach()), rel=1e-5)
    assert torch.allclose(gradient[0].double(), slope, rtol=1e-4, atol=1e-6 * float(slope.abs().max()))


def test_images_together_get_the_maps_they_get_alone() -> None:
    subjects = [nonlinear(seed, target=seed + 1) for seed in range(3)]
    options = {**SMALL, "l1": 0.0, "tv": 0.01, "path_points": 3}
    together = igos(subjects, **options)
    apart = [alone(subject, **options) for subject in subjects]
    assert [m.native.numpy().tobytes() for m in together] == [m.native.numpy().tobytes() for m in apart]
    assert [(m.forwards, m.backwards) for m in together] == [(m.forwards, m.backwards) for m in apart]
    assert len({m.native.numpy().tobytes() for m in together}) == 3
    assert igos([], **options) == []


def test_a_flat_classifier_ends_with_nothing_removed() -> None:
    # With no gradient every step length would be accepted, and the next be 5 times longer, up to infinity.
    subject = toy.subject_of(toy.toy(toy.Evidence(torch.zeros(SIZE)), SIZE), torch.ones(1, 3, *SIZE))
    raw = alone(subject, size=3, iterations=600, path_points=1, l1=0.0, tv=0.0)
    assert not raw.native.any()
    assert raw.forwards == 601, "the whole image once, and no length is tried"


def test_penalties_scale_with_confidence_so_that_unsure_images_get_a_map() -> None:
    unsure = informative((slice(4, 12), slice(10, 20)), total=3.0, offset=-5.0)
    assert float(unsure.scorer.score_soft(torch.ones(1, *SIZE), exact=True)[0]) < 0.2
    assert float(alone(unsure, size=6, iterations=6, path_points=4, sigma=0.0).native.max()) > 0.1


def test_a_classifier_that_returns_nan_is_an_error() -> None:
    broken = toy.toy(toy.Evidence(torch.full(SIZE, torch.nan)), SIZE)
    with pytest.raises(ClassifierError, match="NaN or infinity"):
        alone(toy.subject_of(broken, torch.ones(1, 3, *SIZE)), size=3, iterations=1, path_points=1)


def test_images_of_different_sizes_are_an_error() -> None:
    small = toy.subject_of(toy.toy(toy.TwoConv(), SIZE), torch.ones(1, 3, 20, 20))
    with pytest.raises(ShapeError, match=r"one size, got \[\(20, 20\), \(24, 20\)\]"):
        igos([nonlinear(), small], **SMALL)


def test_noise_is_drawn_from_the_seed_alone() -> None:
    subject = informative((slice(4, 12), slice(10, 20)))
    torch.manual_seed(1)
    first = alone(subject, **SMALL).native
    torch.manual_seed(2)
    assert torch.equal(first, alone(subject, **SMALL).native)


def test_official_defaults() -> None:
    given = dict(HEATMAPS["igos"].defaults)
    assert given == {
        "size": 28,
        "iterations": 15,
        "path_points": 20,
        "l1": 1.0,
        "tv": 20.0,
        "sigma": 0.2,
        "step": 200.0,
    }


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
def test_options_out_of_range(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=r"methods\.igos"):
        alone(informative((slice(4, 12), slice(10, 20))), **options)
