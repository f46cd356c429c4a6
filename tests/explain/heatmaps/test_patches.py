"""Patch sets as rows of zeros and ones, maps of one value per patch, and the global random numbers."""

from contextlib import suppress
from dataclasses import replace

import pytest
import torch

from gallery.errors import ConfigError, ShapeError
from gallery.explain.heatmaps._patches import PatchGame, native_of, seeded, structure_of
from tests.explain.heatmaps import patch_games


def test_rows_become_bit_masks_also_beyond_64_patches() -> None:
    subject, scorer = patch_games.subject_of(patch_games.additive([0.01] * 70), patch_games.grid(7, 10))
    rows = torch.zeros(3, 70)
    rows[0, 0] = rows[1, [3, 69]] = 1
    game = PatchGame(subject)
    torch.testing.assert_close(game(rows), torch.tensor([0.01, 0.02, 0.0]))
    assert scorer.asked == [1, 1 << 3 | 1 << 69, 0]
    assert game.asked == set(scorer.asked)


def test_rows_of_another_length_are_refused() -> None:
    subject, _ = patch_games.subject_of(patch_games.additive([0.1] * 6), patch_games.grid(2, 3))
    with pytest.raises(ShapeError, match="rows"):
        PatchGame(subject)(torch.zeros(1, 5))


def test_a_grid_is_filled_row_by_row() -> None:
    subject, _ = patch_games.subject_of(patch_games.additive([]), patch_games.grid(2, 3))
    native = native_of(torch.arange(6, dtype=torch.float64), subject)
    assert native.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert native.dtype == torch.float32


def test_pixels_get_the_value_of_their_superpixel() -> None:
    model, segments = patch_games.superpixels(3)
    subject, _ = patch_games.subject_of(patch_games.additive([]), model, segments=segments)
    native = native_of(torch.tensor([0.5, -1.0, 2.0]), subject)
    assert native.shape == patch_games.SIZE
    assert native[0].tolist() == [0.5] * 6 + [-1.0] * 6 + [2.0] * 6
    assert torch.equal(native[0].expand_as(native), native)


def test_values_that_do_not_fit_the_patches_are_refused() -> None:
    model, segments = patch_games.superpixels(3)
    subject, _ = patch_games.subject_of(patch_games.additive([]), model)
    with pytest.raises(ShapeError, match="segments"):
        native_of(torch.zeros(3), subject)
    subject.segments = segments
    with pytest.raises(ShapeError, match="values"):
        native_of(torch.zeros(4), subject)
    subject.mask_model = replace(model, n_segments=2)
    with pytest.raises(ShapeError, match="2 superpixels"):
        native_of(torch.zeros(2), subject)


def test_a_method_without_a_search_is_named() -> None:
    subject, _ = patch_games.subject_of(patch_games.additive([]), patch_games.grid(2, 3))
    with pytest.raises(ConfigError, match=r"methods\.mse_coverage: .* cannot guide a search"):
        structure_of(subject, "mse_coverage")


@pytest.mark.parametrize("fails", [False, True])
def test_global_random_numbers_are_put_back(fails: bool) -> None:
    state, drawn = torch.get_rng_state(), []
    for _ in range(2):
        with suppress(ZeroDivisionError), seeded(3):
            drawn.append(torch.rand(4))
            1 / (not fails)
    assert torch.equal(*drawn)
    assert torch.equal(drawn[0], torch.rand(4, generator=torch.Generator().manual_seed(3)))
    assert torch.equal(torch.get_rng_state(), state)
