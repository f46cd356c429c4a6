"""RISE: the documented draw, exact sums on a classifier that is linear in the mask, streaming."""

import math

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from gallery.errors import ConfigError
from gallery.explain.heatmaps import rise as module
from gallery.explain.heatmaps._base import Subject
from gallery.explain.heatmaps.rise import rise, shifted_masks
from tests import toy

SIZE = (23, 18)


def linear_subject(weights: Tensor, *, seed: int = 3, constant: float = 0.0) -> Subject:
    image = toy.image_of(SIZE)
    scorer = toy.LinearScorer(image, weights, constant)
    return toy.subject_of(toy.toy(toy.Pooled(), SIZE), image, seed=seed, scorer=scorer)


def draw(n: int, cells: int, p: float, seed: int) -> Tensor:
    """Return the masks (n, H, W) float64, made as the method's page says, pixel by pixel where it matters."""
    generator = torch.Generator().manual_seed(seed)
    height, width = math.ceil(SIZE[0] / cells), math.ceil(SIZE[1] / cells)
    grids = (torch.rand(n, cells, cells, generator=generator) < p).double()
    rows = torch.randint(0, height, (n,), generator=generator)
    cols = torch.randint(0, width, (n,), generator=generator)
    masks = []
    for grid, row, col in zip(grids, rows.tolist(), cols.tolist(), strict=True):
        big = F.interpolate(
            grid[None, None], size=((cells + 1) * height, (cells + 1) * width), mode="bilinear"
        )
        masks.append(big[0, 0, row : row + SIZE[0], col : col + SIZE[1]])
    return torch.stack(masks)


def test_equals_the_sum_over_the_documented_masks() -> None:
    weights = torch.rand(SIZE, generator=torch.Generator().manual_seed(1)) / 400
    masks = draw(70, 4, 0.3, seed=3)
    scores = (masks * weights.double()).sum(dim=(1, 2)) + 0.1
    expected = (scores[:, None, None] * masks).sum(dim=0) / (70 * 0.3)
    raw = rise(linear_subject(weights, constant=0.1), n_masks=70, cells=4, p_keep=0.3)
    torch.testing.assert_close(raw.native.double(), expected, rtol=1e-5, atol=1e-7)
    assert (raw.forwards, raw.backwards, raw.layer, raw.seeded) == (70, 0, None, True)


def test_a_constant_classifier_gets_the_mean_mask() -> None:
    masks = draw(50, 3, 0.5, seed=3)
    raw = rise(linear_subject(torch.zeros(SIZE), constant=0.25), n_masks=50, cells=3)
    torch.testing.assert_close(raw.native.double(), 0.25 * masks.mean(dim=0) / 0.5, rtol=1e-5, atol=1e-7)


def test_the_pixels_that_matter_come_out_on_top() -> None:
    weights = torch.zeros(SIZE)
    weights[15:20, 2:6] = 0.05
    native = rise(linear_subject(weights), n_masks=800, cells=4).native
    row, col = divmod(int(native.argmax()), SIZE[1])
    assert 13 <= row <= 21
    assert 0 <= col <= 8


@pytest.mark.parametrize("chunk", [1, 7, 1000])
def test_streaming_equals_all_at_once(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    weights = torch.rand(SIZE) / 400
    whole = rise(linear_subject(weights), n_masks=20, cells=4).native
    monkeypatch.setattr(module, "CHUNK", chunk)
    torch.testing.assert_close(rise(linear_subject(weights), n_masks=20, cells=4).native, whole)


def test_removed_parts_are_the_mean_colour() -> None:
    subject = linear_subject(torch.zeros(SIZE))
    rise(subject, n_masks=3)
    assert isinstance(subject.scorer, toy.LinearScorer)
    assert all(baseline is not None and not baseline.any() for baseline in subject.scorer.baselines)


def test_masks_shift_by_whole_pixels() -> None:
    grid = (torch.rand(1, 4, 4) < 0.5).float()
    still = shifted_masks(grid, torch.tensor([[0, 0]]), (6, 5), (20, 15))[0]
    moved = shifted_masks(grid, torch.tensor([[2, 3]]), (6, 5), (20, 15))[0]
    assert torch.equal(moved[:-2, :-3], still[2:, 3:])


@pytest.mark.parametrize("options", [{"n_masks": 0}, {"cells": 0}, {"p_keep": 0.0}, {"p_keep": 1.0}])
def test_options_out_of_range(options: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=r"methods\.rise"):
        rise(linear_subject(torch.zeros(SIZE)), **options)
