"""Sparseness: the Gini index of known maps, and of random ones by its definition over all pairs."""

import pytest
import torch

from gallery.measure.sparseness import sparseness
from tests.measure.conftest import MeasuredOf


def test_known_values(measured: MeasuredOf) -> None:
    one = torch.zeros(4, 3)
    one[2, 1] = -5.0
    assert sparseness(measured(one)).value == pytest.approx(11 / 12)  # 1 - 1 / n
    assert sparseness(measured(torch.full((4, 3), -2.0))).value == pytest.approx(0.0, abs=1e-12)
    half = torch.cat([torch.ones(2, 3), torch.zeros(2, 3)])
    assert sparseness(measured(half)).value == pytest.approx(0.5)


def test_equals_the_mean_difference_of_all_pairs(measured: MeasuredOf) -> None:
    values = torch.randn(4, 3, generator=torch.Generator().manual_seed(0))
    weights = values.double().abs().flatten()
    pairs = (weights[:, None] - weights[None]).abs().mean() / (2 * weights.mean())
    score = sparseness(measured(values))
    assert score.value == pytest.approx(float(pairs), rel=1e-9)
    assert score.forwards == 0


def test_scale_sign_and_place_do_not_matter_but_an_offset_does(measured: MeasuredOf) -> None:
    values = torch.rand(4, 3, generator=torch.Generator().manual_seed(0))
    plain = sparseness(measured(values)).value
    assert sparseness(measured(-1e-3 * values)).value == pytest.approx(plain)
    assert sparseness(measured(values.flip(0).flip(1))).value == pytest.approx(plain)
    raised = sparseness(measured(values + 1)).value
    assert plain is not None
    assert raised is not None
    assert raised < plain / 2


def test_a_map_of_zeros_has_no_sparseness(measured: MeasuredOf) -> None:
    score = sparseness(measured(torch.zeros(4, 3)))
    assert (score.value, score.note) == (None, "the map is zero everywhere")
