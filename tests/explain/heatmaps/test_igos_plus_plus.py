"""iGOS++: loss and gradient in float64, descent, and an image in which one region alone is informative."""

from typing import Any

import pytest
import torch
from torch import Tensor

from gallery.errors import ClassifierError, ConfigError
from gallery.explain.heatmaps._base import HEATMAPS, RawMap, Subject
from gallery.explain.heatmaps._integrated import losses, losses_and_gradients
from gallery.explain.heatmaps._passes import passes_of
from gallery.explain.heatmaps._penalties import Upsampling
from gallery.explain.heatmaps.igos_plus_plus import _objective, igos_plus_plus
from tests import toy
from tests.explain.heatmaps.masked import (
    SIZE,
    informative,
    nonlinear,
    path_twin,
    random_masks,
    run_of,
    upsampled_twin,
    variation_twin,
)

SMALL: dict[str, Any] = {"size": 6, "iterations": 6, "path_points": 4, "l1": 0.1, "tv": 0.2}
WEAK = {**SMALL, "l1": 0.0, "tv": 0.01, "path_points": 3}


def alone(subject: Subject, **options: Any) -> RawMap:  # noqa: ANN401
    maps: list[RawMap] = igos_plus_plus([subject], **options)
    return maps[0]


def bilateral_twin(mask: Tensor, image: Tensor) -> Tensor:
    """Return the bilateral total variation pixel by pixel, float64."""
    keep, x = upsampled_twin(mask), image.double()
    down, right = [], []
    for i in range(SIZE[0]):
        for j in range(SIZE[1]):
            if i + 1 < SIZE[0]:
                d2 = ((x[:, i + 1, j] - x[:, i, j]) ** 2).mean()
                down.append((-d2 / 0.01).exp() * (keep[i + 1, j] - keep[i, j]) ** 2)
            if j + 1 < SIZE[1]:
                d2 = ((x[:, i, j + 1] - x[:, i, j]) ** 2).mean()
                right.append((-d2 / 0.01).exp() * (keep[i, j + 1] - keep[i, j]) ** 2)
    edges = torch.stack(down).mean() + torch.stack(right).mean()
    return (variation_twin(mask) + edges) / 2


def test_loss_and_gradient_agree_with_float64_term_by_term() -> None:
    subject, l1, tv = nonlinear(), 0.7, 3.0
    upsampling = Upsampling((5, 5), SIZE, torch.device("cpu"))
    run = run_of(subject, _objective(subject, upsampling, l1, tv), random_masks(2, 5))
    with passes_of([subject]) as passes:
        ((loss, gradient),) = losses_and_gradients(passes, [run])
        assert losses(passes, [run], [run.masks]) == [pytest.approx(loss, rel=1e-6)]
    p_full = float(subject.scorer.score_soft(torch.ones(1, *SIZE), exact=True)[0])
    image, baseline = subject.image[0], subject.scorer.baseline[0]
    masks = run.masks.double().requires_grad_()
    both = masks[0] * masks[1]
    wanted = p_full * (l1 * (1 - both).abs().mean() + tv * bilateral_twin(both, image))
    wanted = wanted + path_twin(run, baseline, image, masks[0]) - path_twin(run, image, baseline, masks[1])
    wanted = wanted + path_twin(run, baseline, image, both) - path_twin(run, image, baseline, both)
    (slope,) = torch.autograd.grad(wanted, masks)
    assert loss == pytest.approx(float(wanted.detach()), rel=1e-5)
    assert torch.allclose(gradient.double(), slope, rtol=1e-4, atol=1e-6 * float(slope.abs().max()))
    assert run.forwards == 1 + 2 * 12
    assert run.backwards == 12


@pytest.mark.parametrize("options", [{}, {"optimiser": "nag", "step": 5.0}])
def test_finds_the_only_informative_region(options: dict[str, Any]) -> None:
    # Cells are 4 px high and 3.33 px wide: rows 1 and 2, columns 3 to 5.
    native = alone(informative((slice(4, 12), slice(10, 20))), **SMALL, sigma=0.0, **options).native
    inside = torch.zeros(6, 6, dtype=torch.bool)
    inside[1:3, 3:6] = True
    assert native.shape == (6, 6)
    assert float(native.min()) >= 0
    assert float(native.max()) <= 1
    assert float(native[inside].min()) > 0.9
    assert float(native[~inside].mean()) < 0.4
    assert float(native[-1, :2].max()) < 0.05


def test_insertion_alone_would_find_what_deletion_alone_misses() -> None:
    # Either of two regions suffices: deleting asks for both, inserting for one.
    weights = torch.zeros(2, *SIZE)
    weights[0, 2:8, 2:8], weights[1, 14:20, 12:18] = 12 / 36, 12 / 36

    class Either(toy.Evidence):
        def forward(self, x: Tensor) -> Tensor:
            """Return the larger of two pieces of evidence against zero."""
            a = (x.mean(dim=1, keepdim=True) * weights).sum(dim=(2, 3)).logsumexp(dim=1) - 6
            return torch.stack([a, torch.zeros_like(a)], dim=1)

    subject = toy.subject_of(toy.toy(Either(weights), SIZE), torch.ones(1, 3, *SIZE))
    native = alone(subject, **SMALL, sigma=0.0).native
    assert min(float(native[1, 1]), float(native[4, 4])) > 0.5


@pytest.mark.parametrize("optimiser", ["line_search", "nag"])
def test_images_together_get_the_maps_they_get_alone(optimiser: str) -> None:
    subjects = [nonlinear(seed, target=seed + 1) for seed in range(3)]
    together = igos_plus_plus(subjects, **WEAK, optimiser=optimiser)
    apart = [alone(subject, **WEAK, optimiser=optimiser) for subject in subjects]
    assert [m.native.numpy().tobytes() for m in together] == [m.native.numpy().tobytes() for m in apart]
    assert [(m.forwards, m.backwards) for m in together] == [(m.forwards, m.backwards) for m in apart]
    assert len({m.native.numpy().tobytes() for m in together}) == 3


@pytest.mark.parametrize("optimiser", ["line_search", "nag"])
def test_passes_are_counted(optimiser: str) -> None:
    subject = informative((slice(0, 12), slice(0, 10)))
    raw = alone(subject, **{**SMALL, "path_points": 5}, optimiser=optimiser)
    # Four terms of 5 path points fill two passes of 10; the engine's copy scores the whole image.
    assert raw.forwards == 1 + int(subject.classifier.module.images)  # type: ignore[arg-type]
    assert (raw.backwards, raw.seeded, raw.layer) == (6 * 20, True, None)
    assert (raw.forwards == 1 + raw.backwards) == (optimiser == "nag")


@pytest.mark.parametrize("size", [7, 14, 28, 56])
def test_every_published_resolution_works(size: int) -> None:
    native = alone(nonlinear(), size=size, iterations=1, path_points=1, l1=0.0, tv=0.0).native
    assert native.shape == (size, size)
    assert native.any()


def test_official_defaults() -> None:
    assert dict(HEATMAPS["igos_plus_plus"].defaults) == {
        "size": 28,
        "iterations": 15,
        "path_points": 20,
        "l1": 1.0,
        "tv": 20.0,
        "sigma": 0.2,
        "step": 1000.0,
        "optimiser": "line_search",
    }


def test_a_classifier_that_returns_nan_is_an_error() -> None:
    broken = toy.toy(toy.Evidence(torch.full(SIZE, torch.nan)), SIZE)
    with pytest.raises(ClassifierError, match="NaN or infinity"):
        alone(toy.subject_of(broken, torch.ones(1, 3, *SIZE)), size=3, iterations=1, path_points=1)


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
        {"optimiser": "adam"},
    ],
)
def test_options_out_of_range(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=r"methods\.igos_plus_plus"):
        alone(informative((slice(4, 12), slice(10, 20))), **options)
