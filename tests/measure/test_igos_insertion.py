"""Insertion in the protocol of I-GOS: exact areas, and where the curve starts and ends."""

import pytest
import torch
from torch import Tensor

from gallery.measure._base import Measured
from gallery.measure._curves import blurred_strongly
from gallery.measure.igos_insertion import igos_insertion
from tests import toy
from tests.measure.conftest import MeasuredOf

BEST = (0.4 + 0.7 + 0.9 + 9) / 12
WORST = (0.1 + 0.3 + 0.6 + 1) / 12


def test_the_perfect_order_has_the_largest_area_and_the_reverse_the_smallest(
    measured: MeasuredOf, weights: Tensor
) -> None:
    score = igos_insertion(measured(weights))
    assert score.value == pytest.approx(BEST)
    assert score.y is not None
    assert score.y.tolist()[:5] == pytest.approx([0.0, 0.4, 0.7, 0.9, 1.0], abs=1e-6)
    assert igos_insertion(measured(-weights)).value == pytest.approx(WORST)
    generator = torch.Generator().manual_seed(0)
    for _ in range(20):
        area = igos_insertion(measured(torch.rand(4, 3, generator=generator))).value
        assert area is not None
        assert WORST - 1e-6 <= area <= BEST + 1e-6


def test_a_network_starts_at_the_blurred_image_and_ends_at_the_whole() -> None:
    classifier, image = toy.toy(toy.TwoConv(), (12, 16)), toy.image_of((12, 16))
    scorer = toy.scorer_of(classifier, image, 3)
    native = torch.rand(3, 4, generator=torch.Generator().manual_seed(0))
    score = igos_insertion(Measured(image[0, 0].contiguous(), 1.0, scorer, 50, native=native))
    start, end = (scorer._engine.probabilities(x, exact=True)[0, 3] for x in (blurred_strongly(image), image))
    assert score.y is not None
    assert score.y[[0, -1]].tolist() == pytest.approx([float(start), float(end)], abs=1e-7)
    assert score.forwards == 13


def test_a_constant_map_has_no_order(measured: MeasuredOf) -> None:
    assert igos_insertion(measured(torch.zeros(4, 3))).value is None
