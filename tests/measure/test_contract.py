"""What every registered measure must do."""

import math
import re
from pathlib import Path

import pytest
import torch

from gallery.measure._base import MEASURES, Measured
from tests import toy

SIZE = (12, 17)
NAMES = MEASURES.names()


def measured(values: torch.Tensor) -> Measured:
    scorer = toy.scorer_of(toy.toy(toy.TwoConv(), SIZE), toy.image_of(SIZE), 1)
    p_full = float(scorer._engine.probabilities(scorer.image, exact=True)[0, 1])
    return Measured(values, p_full, scorer, 40)


def values(seed: int = 0) -> torch.Tensor:
    return torch.randn(SIZE, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("name", NAMES)
def test_value_is_a_fraction_and_passes_are_counted(name: str) -> None:
    subject = measured(values())
    before = subject.scorer.forwards
    score = MEASURES[name].call(subject)
    assert isinstance(score.value, float)
    assert 0 <= score.value <= 1
    assert score.forwards == subject.scorer.forwards - before > 0


@pytest.mark.parametrize("name", NAMES)
def test_same_map_same_bits(name: str) -> None:
    first, second = MEASURES[name].call(measured(values())), MEASURES[name].call(measured(values()))
    assert first.value == second.value
    if first.y is not None and second.y is not None:
        assert torch.equal(first.y, second.y)


@pytest.mark.parametrize("name", NAMES)
def test_constant_and_negative_maps_are_measured(name: str) -> None:
    for plane in (torch.zeros(SIZE), torch.full(SIZE, -3.0), -values().abs()):
        assert math.isfinite(MEASURES[name].call(measured(plane)).value)


@pytest.mark.parametrize("name", NAMES)
def test_map_and_image_are_untouched(name: str) -> None:
    plane = values()
    subject = measured(plane)
    image = subject.scorer.image.clone()
    MEASURES[name].call(subject)
    assert torch.equal(plane, values())
    assert torch.equal(subject.scorer.image, image)


@pytest.mark.parametrize("name", NAMES)
def test_curves_run_from_no_pixel_to_all(name: str) -> None:
    score = MEASURES[name].call(measured(values()))
    assert (score.x is not None) == (score.y is not None) == MEASURES[name].facts.get("is_curve", False)
    if score.x is not None and score.y is not None:
        assert score.x.shape == score.y.shape
        assert score.x.tolist()[0] == 0.0
        assert score.x.tolist()[-1] == 1.0
        assert bool((score.x.diff() > 0).all())


@pytest.mark.parametrize("name", NAMES)
def test_says_its_unit_direction_source_and_protocol(name: str) -> None:
    entry = MEASURES[name]
    assert entry.facts["unit"]
    assert entry.facts["better"] in {"higher", "lower"}
    assert (
        f"**{'Higher' if entry.facts['better'] == 'higher' else 'Lower'} is better".lower()
        in entry.doc.lower()
    )
    assert entry.title
    assert re.search(r"(19|20)\d\d", entry.reference)
    assert (Path(__file__).parent / f"test_{name}.py").is_file()
