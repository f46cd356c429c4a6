"""Deletion in the protocol of I-GOS: exact areas, a slow twin of the official loop, and its last step."""

import math

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor

from gallery.measure._base import Measured
from gallery.measure._curves import blurred_strongly
from gallery.measure.igos_deletion import igos_deletion
from gallery.measure.igos_insertion import igos_insertion
from tests import toy
from tests.measure.conftest import MeasuredOf

BEST = (0.6 + 0.3 + 0.1) / 12
WORST = (8 * 1.0 + 0.9 + 0.7 + 0.4) / 12


def official(subject: Measured, native: Tensor) -> tuple[float, float, float, float]:
    """Return both official areas, with their fault, and the errors the fault adds; one image at a time.

    Masks are upsampled with half-pixel centres.
    """
    cells = native.numel()
    step = max(1, cells // 50)
    elements = sorted(range(cells), key=lambda i: (-float(native.flatten()[i]), i))
    mask, size = torch.ones(cells), tuple(subject.values.shape)
    blur = blurred_strongly(subject.scorer.image)
    deletion = insertion = 0.0
    errors = (0.0, 0.0)
    for start in range(0, cells, step):
        mask[elements[start : start + step]] = 0
        up = F.interpolate(mask.reshape(1, 1, *native.shape), size=size, mode="bilinear", align_corners=False)
        p_del, p_ins = (
            float(subject.scorer.score_soft(keep, exact=True, baseline=blur)[0])
            for keep in (up[0], 1 - up[0])
        )
        is_last = start + step >= cells
        deletion += cells - start if is_last else p_del * step
        insertion += cells - start if is_last else p_ins * step
        if is_last:
            errors = ((1 - p_del) * (cells - start) / cells, (1 - p_ins) * (cells - start) / cells)
    return deletion / cells, insertion / cells, *errors


@pytest.mark.parametrize("shape", [(5, 6), (7, 7), (9, 12), (12, 17)])
def test_equals_the_official_loop_but_for_its_last_step(shape: tuple[int, int]) -> None:
    classifier, image = toy.toy(toy.TwoConv(), (24, 34)), toy.image_of((24, 34))
    native = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    native.flatten()[3:9] = 0.5  # ties
    values = F.interpolate(native[None, None], size=(24, 34), mode="bilinear")[0, 0]
    subject = Measured(values, 0.5, toy.scorer_of(classifier, image, 3), 1, native=native)
    deletion, insertion, too_much_deleted, too_much_inserted = official(subject, native)
    assert too_much_deleted > 1e-3
    assert igos_deletion(subject).value == pytest.approx(deletion - too_much_deleted, abs=1e-6)
    assert igos_insertion(subject).value == pytest.approx(insertion - too_much_inserted, abs=1e-6)


@pytest.mark.parametrize(
    ("side", "width"), [(7, 0.0204), (28, 0.0051), (56, 0.0115), (112, 0.0035), (224, 0.0005)]
)
def test_the_page_states_the_widest_error_of_the_official_sum(side: int, width: float) -> None:
    step = max(1, side**2 // 50)
    assert (side**2 - (math.ceil(side**2 / step) - 1) * step) / side**2 == pytest.approx(width, abs=5e-5)


def test_the_perfect_order_has_the_smallest_area_and_the_reverse_the_largest(
    measured: MeasuredOf, weights: Tensor
) -> None:
    score = igos_deletion(measured(weights))
    assert score.value == pytest.approx(BEST)
    assert score.y is not None
    assert score.y.tolist()[:5] == pytest.approx([1.0, 0.6, 0.3, 0.1, 0.0], abs=1e-6)
    assert score.forwards == 13
    assert igos_deletion(measured(-weights)).value == pytest.approx(WORST)


@given(st.permutations(range(12)))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
def test_every_other_order_lies_between(measured: MeasuredOf, order: list[int]) -> None:
    area = igos_deletion(measured(torch.tensor(order, dtype=torch.float32).reshape(4, 3))).value
    assert area is not None
    assert BEST - 1e-6 <= area <= WORST + 1e-6


@pytest.mark.parametrize(("shape", "n"), [((7, 7), 50), ((9, 11), 100), ((10, 10), 51), ((28, 28), 54)])
def test_the_step_hangs_on_the_cells_of_the_map_not_on_the_input(shape: tuple[int, int], n: int) -> None:
    scorer = toy.LinearScorer(torch.zeros(1, 3, 30, 30), torch.zeros(30, 30))
    native = torch.rand(shape, generator=torch.Generator().manual_seed(0))
    score = igos_deletion(Measured(torch.rand(30, 30), 1.0, scorer, 1, native=native))
    assert score.forwards == n


def test_a_map_that_is_constant_at_its_own_resolution_has_no_order(measured: MeasuredOf) -> None:
    score = igos_deletion(measured(torch.rand(4, 3), native=torch.ones(2, 2)))
    assert (score.value, score.forwards) == (None, 0)
    assert "constant" in score.note


def test_what_is_removed_is_blurred_not_grey(measured: MeasuredOf, weights: Tensor) -> None:
    subject = measured(weights)
    igos_deletion(subject)
    assert isinstance(subject.scorer, toy.LinearScorer)
    (baseline,) = subject.scorer.baselines
    assert baseline is not None
    assert torch.equal(baseline, blurred_strongly(subject.scorer.image))
