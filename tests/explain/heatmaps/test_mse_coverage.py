"""Shares of the explanations found that contain a patch."""

from collections.abc import Sequence

import pytest
import torch
from torch import Tensor

from gallery.errors import ConfigError
from gallery.explain.heatmaps._base import Subject
from gallery.explain.heatmaps.mse_coverage import mse_coverage
from gallery.records import MaskModel
from tests import toy
from tests.explain.heatmaps import patch_games

MSES = [toy.mask(0, 1), toy.mask(1, 5), toy.mask(2, 3, 4)]


def subject_of(
    mses: Sequence[int], model: MaskModel | None = None, segments: Tensor | None = None
) -> Subject:
    game = toy.dnf(*MSES)
    subject, _ = patch_games.subject_of(game, model or patch_games.grid(2, 3), segments=segments)
    subject.structure = lambda: patch_games.structure_of(game, mses)
    return subject


def test_counts_the_mses_that_contain_a_patch() -> None:
    raw = mse_coverage(subject_of(MSES))
    expected = torch.tensor([[1, 2, 1], [1, 1, 1]]) / 3
    torch.testing.assert_close(raw.native, expected)
    assert raw.native.dtype == torch.float32
    assert (raw.forwards, raw.backwards, raw.layer, raw.seeded) == (0, 0, None, False)


def test_a_selection_counts_only_what_is_in_it() -> None:
    native = mse_coverage(subject_of(MSES), overlap=0).native
    torch.testing.assert_close(native, torch.tensor([[1, 1, 1], [1, 1, 0]]) / 2)
    everything = mse_coverage(subject_of(MSES), overlap=1).native
    assert torch.equal(everything, mse_coverage(subject_of(MSES)).native)


def test_without_an_mse_the_map_is_empty() -> None:
    for overlap in (-1, 0):
        assert not mse_coverage(subject_of([]), overlap=overlap).native.any()


def test_pixels_of_a_superpixel_share_its_value() -> None:
    model, segments = patch_games.superpixels(6)
    native = mse_coverage(subject_of(MSES, model, segments)).native
    assert native.shape == patch_games.SIZE
    torch.testing.assert_close(native[0, [0, 4, 17]], torch.tensor([1, 2, 1]) / 3)


def test_an_overlap_without_a_selection_is_named() -> None:
    with pytest.raises(ConfigError, match=r"methods\.mse_coverage\.overlap: .* for 3\. Selected for: 0, 1;"):
        mse_coverage(subject_of(MSES), overlap=3)


def test_needs_a_search() -> None:
    subject = subject_of(MSES)
    subject.structure = None
    with pytest.raises(ConfigError, match=r"methods\.mse_coverage"):
        mse_coverage(subject)
