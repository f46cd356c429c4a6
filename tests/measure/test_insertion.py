"""Insertion: exact areas on a linear scorer, and a curve that starts from the blurred image."""

import pytest
import torch
from torch import Tensor

from gallery.measure._base import Measured
from gallery.measure._curves import blurred
from gallery.measure.deletion import deletion
from gallery.measure.insertion import insertion
from tests import toy
from tests.measure.conftest import MeasuredOf

BEST = (0.4 + 0.7 + 0.9 + 8 + 0.5) / 12


def test_the_perfect_order_has_the_largest_area_and_the_reverse_the_smallest(
    measured: MeasuredOf, weights: Tensor
) -> None:
    score = insertion(measured(weights))
    assert score.value == pytest.approx(BEST)
    assert score.y is not None
    assert score.y.tolist()[:5] == pytest.approx([0.0, 0.4, 0.7, 0.9, 1.0], abs=1e-6)
    assert score.forwards == 13
    assert insertion(measured(-weights)).value == pytest.approx(1 - BEST)


def test_where_evidence_is_additive_it_mirrors_deletion(measured: MeasuredOf) -> None:
    values = torch.rand(4, 3, generator=torch.Generator().manual_seed(0))
    removed = deletion(measured(values)).value
    assert removed is not None
    assert insertion(measured(values)).value == pytest.approx(1 - removed)


def test_a_constant_map_has_no_order(measured: MeasuredOf) -> None:
    score = insertion(measured(torch.full((4, 3), 5.0)))
    assert (score.value, score.forwards) == (None, 0)
    assert score.note == "the map is constant, so its pixels have no order"


def test_a_network_starts_at_the_blurred_image_and_ends_at_the_whole() -> None:
    classifier, image = toy.toy(toy.TwoConv(), (12, 16)), toy.image_of((12, 16))
    scorer = toy.scorer_of(classifier, image, 3)
    score = insertion(Measured(image[0, 0].contiguous(), 1.0, scorer, 50))
    start, end = (scorer._engine.probabilities(x, exact=True)[0, 3] for x in (blurred(image), image))
    assert score.y is not None
    assert score.y[[0, -1]].tolist() == pytest.approx([float(start), float(end)], abs=1e-7)
    assert score.forwards == 5  # ceil(192 / 50) + 1
