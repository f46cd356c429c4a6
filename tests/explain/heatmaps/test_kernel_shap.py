"""KernelSHAP: against Shapley values summed over all subsets, and the fit against normal equations."""

import math
from itertools import combinations

import numpy as np
import pytest
import torch
from torch import Tensor

from gallery.errors import ConfigError
from gallery.explain.heatmaps.kernel_shap import kernel_shap
from tests import toy
from tests.explain.heatmaps import patch_games
from tests.explain.search.games import pairwise


def shapley(game: toy.Game, n: int) -> Tensor:
    """Return the exact Shapley values (n,) float64, by the formula on the method's page."""
    values = []
    for j in range(n):
        others = [i for i in range(n) if i != j]
        total = 0.0
        for size in range(n):
            share = math.factorial(size) * math.factorial(n - size - 1) / math.factorial(n)
            for chosen in combinations(others, size):
                without = sum(1 << i for i in chosen)
                before, after = game([without, without | 1 << j])
                total += share * (after - before)
        values.append(total)
    return torch.tensor(values, dtype=torch.float64)


@pytest.mark.parametrize(("seed", "is_monotone"), [(1, True), (2, True), (2, False), (5, False)])
def test_tends_to_the_shapley_values(seed: int, is_monotone: bool) -> None:
    game = pairwise(6, seed, is_monotone=is_monotone)
    exact = shapley(game, 6)
    subject, _ = patch_games.subject_of(game, patch_games.grid(2, 3), seed=seed)
    native = kernel_shap(subject, n_samples=4000).native.flatten().double()
    assert float(exact.abs().max()) > 0.1
    assert float((native - exact).abs().max()) < 0.07 * float(exact.abs().max())
    assert float(native.sum()) == pytest.approx(game([63])[0] - game([0])[0], abs=1e-3)


def test_equals_the_weighted_least_squares_fit_of_what_was_asked() -> None:
    game = pairwise(9, 5, is_monotone=False)
    subject, scorer = patch_games.subject_of(game, patch_games.grid(3, 3), seed=2)
    raw = kernel_shap(subject, n_samples=100)
    assert scorer.asked[:2] == [511, 0]
    assert len(scorer.asked) == 100
    assert raw.forwards == len(set(scorer.asked)) < 100
    assert raw.seeded
    x = torch.cat([patch_games.rows_of(scorer.asked, 9), torch.ones(100, 1, dtype=torch.float64)], dim=1)
    w = torch.tensor([1e6 if mask in {0, 511} else 1.0 for mask in scorer.asked], dtype=torch.float64)[
        :, None
    ]
    y = torch.tensor(game(scorer.asked), dtype=torch.float64)[:, None]
    expected = torch.linalg.solve(x.T @ (w * x), x.T @ (w * y))[:9, 0]
    torch.testing.assert_close(raw.native.flatten().double(), expected, rtol=0, atol=2e-4)


def test_sizes_are_drawn_as_often_as_the_kernel_says() -> None:
    subject, scorer = patch_games.subject_of(patch_games.additive([0.01] * 9), patch_games.grid(3, 3))
    kernel_shap(subject, n_samples=6002)
    sizes = [mask.bit_count() for mask in scorer.asked[2:]]
    share = [8 / (k * (9 - k)) for k in range(1, 9)]
    for k, expected in enumerate(share, 1):
        assert sizes.count(k) / 6000 == pytest.approx(expected / sum(share), abs=0.02)


def test_additive_evidence_on_the_default_grid() -> None:
    values = [0.04 * math.sin(i) for i in range(49)]
    subject, _ = patch_games.subject_of(patch_games.additive(values, 0.5), patch_games.grid(7, 7))
    native = kernel_shap(subject).native
    torch.testing.assert_close(native.flatten(), torch.tensor(values), rtol=0, atol=1e-4)


def test_pixels_of_a_superpixel_share_its_value() -> None:
    model, segments = patch_games.superpixels(2)
    subject, _ = patch_games.subject_of(patch_games.additive([0.4, -0.1]), model, segments=segments)
    native = kernel_shap(subject, n_samples=20).native
    assert native.shape == patch_games.SIZE
    torch.testing.assert_close(native[5, [0, 17]], torch.tensor([0.4, -0.1]), rtol=0, atol=1e-5)


def test_the_only_patch_gets_everything() -> None:
    model, segments = patch_games.superpixels(1)
    subject, scorer = patch_games.subject_of(patch_games.additive([0.6], 0.1), model, segments=segments)
    raw = kernel_shap(subject)
    assert bool((raw.native - 0.6).abs().max() < 1e-6)
    assert raw.forwards == len(scorer.asked) == 2


def test_known_scores_cost_nothing() -> None:
    subject = toy.subject_of(toy.toy(toy.TwoConv(), (16, 16)), toy.image_of((16, 16)))
    first = kernel_shap(subject, n_samples=60)
    before = subject.scorer.forwards
    again = kernel_shap(subject, n_samples=60)
    assert subject.scorer.forwards == before == first.forwards == again.forwards
    assert torch.equal(first.native, again.native)


def test_global_random_numbers_play_no_part_and_stay() -> None:
    subject, _ = patch_games.subject_of(pairwise(6, 1, is_monotone=True), patch_games.grid(2, 3))
    numpys = np.random.get_state(legacy=False)["state"]["key"]  # noqa: NPY002
    torch.manual_seed(1)
    first = kernel_shap(subject, n_samples=40).native
    torch.manual_seed(2)
    state = torch.get_rng_state()
    assert torch.equal(kernel_shap(subject, n_samples=40).native, first)
    assert torch.equal(torch.get_rng_state(), state)
    assert np.array_equal(np.random.get_state(legacy=False)["state"]["key"], numpys)  # noqa: NPY002


def test_too_few_sets_for_the_patches() -> None:
    subject, _ = patch_games.subject_of(patch_games.additive([0.1] * 6), patch_games.grid(2, 3))
    with pytest.raises(ConfigError, match=r"methods\.kernel_shap: .* at least 8"):
        kernel_shap(subject, n_samples=7)
