"""LIME: the documented draw, the fit in closed form, and why captum's defaults are not taken."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from captum.attr import Lime
from torch import Tensor

from gallery.errors import ConfigError
from gallery.explain.heatmaps._patches import PatchGame
from gallery.explain.heatmaps.lime import lime
from tests import toy
from tests.explain.heatmaps import patch_games
from tests.explain.search.games import pairwise


def twin(game: toy.Game, n: int, n_samples: int, seed: int, width: float, alpha: float) -> Tensor:
    """Return the coefficients (n,) float64 of the weighted ridge regression, by its normal equations."""
    draw = torch.Generator().manual_seed(seed)
    rows = torch.randint(0, 2, (n_samples - 1, n), generator=draw)
    masks = [(1 << n) - 1, *(sum(1 << j for j in range(n) if row[j]) for row in rows.tolist())]
    weights, kept = [], patch_games.rows_of(masks, n)
    for row in kept:
        distance = 1 - math.sqrt(float(row.sum()) / n)
        weights.append(math.exp(-(distance**2) / (2 * width**2)))
    x = torch.cat([kept, torch.ones(n_samples, 1, dtype=torch.float64)], dim=1)
    w = torch.tensor(weights, dtype=torch.float64)[:, None]
    penalty = torch.diag(torch.tensor([alpha] * n + [0.0], dtype=torch.float64))
    y = torch.tensor(game(masks), dtype=torch.float64)[:, None]
    solved: Tensor = torch.linalg.solve(x.T @ (w * x) + penalty, x.T @ (w * y))
    return solved[:n, 0]


@pytest.mark.parametrize(("seed", "width", "alpha"), [(3, 0.25, 1.0), (4, 0.1, 5.0), (5, 1.0, 0.0)])
def test_equals_the_ridge_regression_on_the_documented_sets(seed: int, width: float, alpha: float) -> None:
    game = pairwise(6, seed, is_monotone=False)
    subject, scorer = patch_games.subject_of(game, patch_games.grid(2, 3), seed=seed)
    raw = lime(subject, n_samples=60, kernel_width=width, alpha=alpha)
    expected = twin(game, 6, 60, seed, width, alpha)
    torch.testing.assert_close(raw.native.flatten().double(), expected, rtol=1e-4, atol=1e-5)
    assert raw.native.shape == (2, 3)
    assert raw.seeded
    assert raw.forwards == len(set(scorer.asked)) < len(scorer.asked) == 60


def test_additive_evidence_is_found_exactly_without_a_penalty() -> None:
    values = [0.3, -0.2, 0.0, 0.1, 0.05, 0.15]
    subject, _ = patch_games.subject_of(patch_games.additive(values, 0.2), patch_games.grid(3, 2))
    native = lime(subject, n_samples=80, alpha=0.0).native
    torch.testing.assert_close(native.flatten(), torch.tensor(values), rtol=0, atol=1e-5)


def test_captums_default_penalty_would_leave_nothing_of_many_small_effects() -> None:
    values = [0.03 * math.sin(i) ** 2 for i in range(49)]
    subject, _ = patch_games.subject_of(patch_games.additive(values, 0.1), patch_games.grid(7, 7))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        theirs = Lime(PatchGame(subject)).attribute(
            torch.ones(1, 49), n_samples=1000, perturbations_per_eval=1000, return_input_shape=False
        )
    assert not theirs.any()
    torch.testing.assert_close(lime(subject).native.flatten(), torch.tensor(values), rtol=0.05, atol=1e-3)


def test_pixels_of_a_superpixel_share_its_value() -> None:
    model, segments = patch_games.superpixels(3)
    game = patch_games.additive([0.4, 0.0, -0.1])
    subject, _ = patch_games.subject_of(game, model, segments=segments)
    native = lime(subject, n_samples=30, alpha=0.0).native
    assert native.shape == patch_games.SIZE
    torch.testing.assert_close(native[5, [0, 8, 17]], torch.tensor([0.4, 0.0, -0.1]), rtol=0, atol=1e-5)


def test_one_patch_needs_no_special_care() -> None:
    model, segments = patch_games.superpixels(1)
    subject, _ = patch_games.subject_of(patch_games.additive([0.6]), model, segments=segments)
    assert float(lime(subject, n_samples=30, alpha=0.0).native[0, 0]) == pytest.approx(0.6, abs=1e-5)


def test_known_scores_cost_nothing() -> None:
    subject = toy.subject_of(toy.toy(toy.TwoConv(), (16, 16)), toy.image_of((16, 16)))
    first = lime(subject, n_samples=20)
    before = subject.scorer.forwards
    again = lime(subject, n_samples=20)
    assert subject.scorer.forwards == before == first.forwards == again.forwards
    assert torch.equal(first.native, again.native)


def test_global_random_numbers_play_no_part_and_stay() -> None:
    subject, _ = patch_games.subject_of(pairwise(6, 1, is_monotone=True), patch_games.grid(2, 3))
    numpys = np.random.get_state(legacy=False)["state"]["key"]  # noqa: NPY002
    torch.manual_seed(1)
    first = lime(subject, n_samples=40).native
    torch.manual_seed(2)
    state = torch.get_rng_state()
    assert torch.equal(lime(subject, n_samples=40).native, first)
    assert torch.equal(torch.get_rng_state(), state)
    assert np.array_equal(np.random.get_state(legacy=False)["state"]["key"], numpys)  # noqa: NPY002


@pytest.mark.parametrize("options", [{"n_samples": 1}, {"kernel_width": 0.0}, {"alpha": -1.0}])
def test_options_out_of_range(options: dict[str, Any]) -> None:
    subject, _ = patch_games.subject_of(patch_games.additive([0.1] * 6), patch_games.grid(2, 3))
    with pytest.raises(ConfigError, match=r"methods\.lime"):
        lime(subject, **options)
