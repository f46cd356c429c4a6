"""Orders, steps, substrate and area of the deletion and insertion curves."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter  # type: ignore[import-untyped]

from gallery.measure import _curves
from gallery.measure._base import Measured
from gallery.measure._curves import (
    CHUNK,
    Removal,
    answers,
    area,
    blurred,
    blurred_strongly,
    first_cells,
    is_constant,
    right_area,
    rise_curve,
    salient_order,
    salient_rank,
)
from gallery.perturbation import make_baseline
from gallery.scoring.tuning import CPU_BATCHES, CUDA_BATCHES
from tests import toy


def steps_of(values: torch.Tensor, step: int) -> torch.Tensor:
    """Return all masks of a curve at once."""
    removal = Removal(values, step, torch.zeros(1), restore=True)
    return first_cells(salient_rank(values), removal.limits)


def test_order_is_by_descending_value_then_reading_order() -> None:
    values = torch.tensor([[0.0, 2.0, 1.0], [2.0, -1.0, 1.0]])
    assert salient_order(values).tolist() == [1, 3, 2, 5, 0, 4]
    assert salient_order(torch.zeros(100, 3)).tolist() == list(range(300))


def test_each_step_adds_the_next_pixels_and_the_last_the_rest() -> None:
    values = torch.tensor([[0.0, 3.0, 1.0], [2.0, -1.0, 4.0], [9.0, 8.0, 7.0]])
    masks = steps_of(values, 4)
    assert masks.dtype == torch.float32
    assert [sorted(m.flatten().nonzero().flatten().tolist()) for m in masks] == [
        [],
        [5, 6, 7, 8],
        [0, 1, 2, 3, 5, 6, 7, 8],
        list(range(9)),
    ]


@given(st.integers(1, 6), st.integers(1, 6), st.integers(1, 40), st.integers(0, 99))
def test_steps_are_nested_and_of_the_right_number(height: int, width: int, step: int, seed: int) -> None:
    values = torch.randint(0, 4, (height, width), generator=torch.Generator().manual_seed(seed)).float()
    masks = steps_of(values, step)
    counts = masks.sum(dim=(1, 2)).tolist()
    assert counts == [min(i * step, height * width) for i in range(-(-height * width // step) + 1)]
    assert bool((masks[1:] >= masks[:-1]).all())
    kept, rest = values[masks[1] == 1], values[masks[1] == 0]
    assert not len(rest) or float(kept.min()) >= float(rest.max())


def test_a_step_larger_than_the_image_is_one_step() -> None:
    assert steps_of(torch.rand(3, 3), 1000).sum(dim=(1, 2)).tolist() == [0, 9]


def test_substrate_is_the_official_kernel_with_zeros_beyond_the_border() -> None:
    # The official code blurs a single point on an 11 x 11 grid with SciPy and convolves with the result.
    point = np.zeros((11, 11))
    point[5, 5] = 1
    kernel = gaussian_filter(point, 5)
    image = toy.image_of((14, 19))
    padded = np.pad(image[0].double().numpy(), [(0, 0), (5, 5), (5, 5)])
    expected = np.zeros((3, 14, 19))
    for row in range(14):
        for col in range(19):
            expected[:, row, col] = (padded[:, row : row + 11, col : col + 11] * kernel).sum(axis=(1, 2))
    torch.testing.assert_close(blurred(image)[0].double(), torch.from_numpy(expected), rtol=1e-5, atol=1e-6)


def test_substrate_of_a_constant_image_is_that_constant_inside() -> None:
    blur = blurred(torch.full((1, 3, 20, 20), 2.0))
    torch.testing.assert_close(blur[:, :, 5:-5, 5:-5], torch.full((1, 3, 10, 10), 2.0))
    assert float(blur[0, 0, 0, 0]) < 1


@given(st.lists(st.floats(0, 1, width=32), min_size=2, max_size=30))
def test_area_is_the_official_formula_and_the_trapezoid_rule(y: list[float]) -> None:
    official = (sum(y) - y[0] / 2 - y[-1] / 2) / (len(y) - 1)
    assert area(torch.tensor(y)) == pytest.approx(official, abs=1e-6)
    assert area(torch.tensor(y)) == pytest.approx(np.trapezoid(y, dx=1 / (len(y) - 1)), abs=1e-6)


def test_curve_reports_fractions_scores_and_passes() -> None:
    scorer = toy.LinearScorer(torch.zeros(1, 3, 2, 5), torch.full((2, 5), 0.1))
    values = torch.arange(10.0).reshape(2, 5)
    score = rise_curve(Measured(values, 1.0, scorer, 4), torch.zeros(1, 3, 2, 5), restore=True)
    assert score.x is not None
    assert score.y is not None
    assert score.x.tolist() == pytest.approx([0.0, 0.4, 0.8, 1.0])
    assert score.y.tolist() == pytest.approx([0.0, 0.4, 0.8, 1.0])
    assert (score.x.dtype, score.y.dtype, score.forwards, scorer.forwards) == (
        torch.float32,
        torch.float32,
        4,
        4,
    )
    assert score.value == pytest.approx((0.4 + 0.8 + 0.5) / 3)


@pytest.mark.parametrize("restore", [True, False])
def test_streaming_gives_the_bits_of_all_masks_at_once(
    restore: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = toy.image_of((12, 17))
    values = torch.randn(12, 17, generator=torch.Generator().manual_seed(0))
    scorer = toy.scorer_of(toy.toy(toy.TwoConv(), (12, 17)), image, 3)
    masks = steps_of(values, 10)
    expected = scorer.score_soft(masks if restore else 1 - masks, exact=True, baseline=blurred(image))
    removal = Removal(values, 10, blurred(image), restore)
    for chunk in (64, 8, 4):
        monkeypatch.setattr(_curves, "CHUNK", chunk)
        assert torch.equal(answers(Measured(values, 1.0, scorer, 10), removal), expected)


def test_no_more_masks_are_held_than_a_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    scorer = toy.LinearScorer(torch.zeros(1, 3, 30, 30), torch.zeros(30, 30))
    most: list[int] = []
    score_soft = scorer.score_soft

    def spy(keep: torch.Tensor, *, exact: bool, baseline: torch.Tensor | None = None) -> torch.Tensor:
        most.append(len(keep))
        return score_soft(keep, exact=exact, baseline=baseline)

    monkeypatch.setattr(scorer, "score_soft", spy)
    score = rise_curve(Measured(torch.rand(30, 30), 1.0, scorer, 1), scorer.image, restore=True)
    assert (max(most), sum(most), score.forwards) == (CHUNK, 901, 901)


def test_chunks_fill_whole_passes_on_every_device() -> None:
    assert all(CHUNK % batches[0] == 0 for batches in (CPU_BATCHES, CUDA_BATCHES))


def test_a_map_without_an_order_is_known_at_either_resolution() -> None:
    scorer = toy.LinearScorer(torch.zeros(1, 3, 4, 4), torch.zeros(4, 4))
    ramp, flat = torch.rand(4, 4), torch.full((4, 4), 0.3)
    assert is_constant(Measured(flat, 1.0, scorer, 1))
    assert is_constant(Measured(ramp, 1.0, scorer, 1, native=flat[:2, :2]))  # rounded by upsampling
    assert not is_constant(Measured(ramp, 1.0, scorer, 1))
    assert not is_constant(Measured(ramp, 1.0, scorer, 1, native=ramp[:2, :2]))


def test_the_right_sum_weighs_each_step_by_its_own_width() -> None:
    y, limits = torch.tensor([0.9, 0.5, 0.25]), torch.tensor([0, 3, 4])
    assert right_area(y, limits) == pytest.approx((0.5 * 3 + 0.25 * 1) / 4)


@pytest.mark.parametrize("size", [(224, 224), (30, 41)])
def test_the_strong_blur_is_the_baseline_of_the_same_name(size: tuple[int, int]) -> None:
    image = toy.image_of(size)
    preprocessing = toy.card(size).preprocessing
    assert torch.equal(blurred_strongly(image), make_baseline("blur", image, preprocessing))
