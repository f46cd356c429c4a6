"""Occlusion: exact sums on a classifier that is linear in the mask, the windows, and streaming."""

import pytest
import torch
from torch import Tensor

from gallery.errors import ConfigError
from gallery.explain.heatmaps import occlusion as module
from gallery.explain.heatmaps._base import Subject
from gallery.explain.heatmaps.occlusion import hidden, occlusion, windows
from tests import toy

SIZE = (23, 18)


def linear_subject(weights: Tensor) -> Subject:
    image = toy.image_of(SIZE)
    scorer = toy.LinearScorer(image, weights, constant=0.1)
    return toy.subject_of(toy.toy(toy.Pooled(), SIZE), image, scorer=scorer)


def some_weights() -> Tensor:
    return (torch.rand(SIZE, generator=torch.Generator().manual_seed(1)) - 0.3) / 400


def twin(weights: Tensor, side: int, stride: int) -> Tensor:
    """Return the map in float64, pixel by pixel: hiding a window costs the sum of its weights."""
    w, result = weights.double(), torch.zeros(SIZE, dtype=torch.float64)
    corners = [
        [top for top in range(0, whole, stride) if top < whole - side + stride] for whole in SIZE
    ]  # the first that reaches the border is the last
    for i in range(SIZE[0]):
        for j in range(SIZE[1]):
            drops = [
                float(w[top : top + side, left : left + side].sum())
                for top in corners[0]
                for left in corners[1]
                if top <= i < top + side and left <= j < left + side
            ]
            result[i, j] = sum(drops) / len(drops)
    return result


@pytest.mark.parametrize(("cells", "steps", "side", "stride"), [(3, 2, 6, 3), (4, 2, 5, 2), (2, 1, 9, 9)])
def test_is_the_mean_drop_over_the_windows_that_cover_a_pixel(
    cells: int, steps: int, side: int, stride: int
) -> None:
    raw = occlusion(linear_subject(some_weights()), cells=cells, steps=steps)
    torch.testing.assert_close(
        raw.native.double(), twin(some_weights(), side, stride), rtol=1e-5, atol=1e-6
    )  # what is left of a probability near 0.1 in float32
    assert raw.native.shape == SIZE
    assert (raw.backwards, raw.layer, raw.seeded) == (0, None, False)


def test_evidence_against_the_target_is_negative() -> None:
    weights = torch.zeros(SIZE)
    weights[:6, :6], weights[12:18, 12:18] = 0.01, -0.005
    native = occlusion(linear_subject(weights), cells=3, steps=3).native
    assert float(native[0, 0]) == pytest.approx(0.36, abs=1e-6)
    assert float(native[17, 17]) < 0
    assert divmod(int(native.argmin()), SIZE[1]) >= (12, 12)


def test_passes_are_counted_and_windows_are_grey() -> None:
    subject = linear_subject(some_weights())
    raw = occlusion(subject, cells=3, steps=2)
    assert isinstance(subject.scorer, toy.LinearScorer)
    assert raw.forwards == subject.scorer.forwards == 1 + 7 * 5
    assert all(baseline is not None and not baseline.any() for baseline in subject.scorer.baselines)


@pytest.mark.parametrize("chunk", [1, 7])
def test_streaming_changes_nothing(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = occlusion(linear_subject(some_weights()), cells=3, steps=2).native
    monkeypatch.setattr(module, "CHUNK", chunk)
    assert torch.equal(occlusion(linear_subject(some_weights()), cells=3, steps=2).native, whole)


def test_windows_of_the_documented_size_at_224_px() -> None:
    places = windows((224, 224), 32, 8)
    assert len(places) == 625
    assert places[1] == (slice(0, 32), slice(8, 40))
    assert places[-1] == (slice(192, 224), slice(192, 224))


@pytest.mark.parametrize("size", [(5, 5), (20, 26), (7, 31)])
@pytest.mark.parametrize(("side", "stride"), [(1, 1), (2, 1), (2, 2), (3, 2), (5, 1), (5, 2), (5, 3), (5, 5)])
def test_windows_cover_every_pixel_and_none_is_empty(size: tuple[int, int], side: int, stride: int) -> None:
    gone = 1 - hidden(windows(size, side, stride), size)
    assert bool((gone.sum(dim=0) > 0).all())
    assert bool((gone.sum(dim=(1, 2)) > 0).all())


def test_one_window_may_hide_everything() -> None:
    raw = occlusion(linear_subject(torch.full(SIZE, 0.001)), cells=1, steps=1)
    assert raw.forwards == 1 + 2  # 18 pixels wide: one across, two down
    assert float(raw.native[0, 0]) == pytest.approx(18 * 18 * 0.001, abs=1e-6)


@pytest.mark.parametrize("options", [{"cells": 0}, {"steps": 0}])
def test_options_out_of_range(options: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match=r"methods\.occlusion"):
        occlusion(linear_subject(some_weights()), **options)
