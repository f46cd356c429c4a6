"""What every registered measure must do."""

import inspect
import math
import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from gallery.errors import ConfigError
from gallery.measure._base import MEASURES, Measured, Score
from gallery.tensors import upsample
from tests import toy
from tests.measure.remaking import GradientRemake, saliency

SIZE = (12, 17)
NAMES = MEASURES.names()
CURVES = [name for name in NAMES if MEASURES[name].facts.get("is_curve", False)]
SEEDED = [name for name in NAMES if MEASURES[name].facts.get("is_seeded", False)]
REMAKING = [name for name in NAMES if MEASURES[name].facts.get("remakes", False)]
LOCAL = [name for name in NAMES if MEASURES[name].facts.get("uses_regions", False)]
FACTS = {
    "version", "unit", "better", "is_curve", "is_seeded", "uses_regions", "uses_steps", "is_default",
    "remakes", "range", "x_label", "y_label",
}  # fmt: skip


def measured(values: Tensor, native: Tensor | None = None) -> Measured:
    """Return a map with everything a measure may ask for."""
    classifier, image = toy.toy(toy.TwoConv(), SIZE), toy.image_of(SIZE)
    scorer = toy.scorer_of(classifier, image, 1)
    rows, cols = torch.arange(SIZE[0])[:, None], torch.arange(SIZE[1])[None]
    return Measured(
        values,
        p_full=float(scorer._engine.probabilities(scorer.image, exact=True)[0, 1]),
        scorer=scorer,
        step_px=40,
        native=native,
        seed=7,
        passes=2,
        remake=GradientRemake(classifier.module, image),
        module=classifier.module,
        region=((rows - 5).abs() < 3).float() * ((cols - 8.5).abs() / 4).clamp(0, 1),
        quadrant=((rows < 6) & (cols < 8)).float(),
    )


def coarse(seed: int = 0) -> Tensor:
    return torch.randn(4, 6, generator=torch.Generator().manual_seed(seed))


def values(seed: int = 0) -> Tensor:
    return upsample(coarse(seed)[None], SIZE)[0]


def taken(name: str, subject: Measured) -> Score:
    return MEASURES[name].call(subject)


@pytest.mark.parametrize("name", NAMES)
def test_value_lies_in_the_range_and_passes_are_counted(name: str) -> None:
    subject = measured(values(), coarse())
    before = subject.scorer.forwards
    score = taken(name, subject)
    low, high = MEASURES[name].facts.get("range", (0.0, 1.0))
    assert isinstance(score.value, float)
    assert math.isfinite(score.value)
    assert low <= score.value <= high
    assert score.note == ""
    assert isinstance(subject.remake, GradientRemake)
    assert score.forwards == subject.scorer.forwards - before + subject.remake.forwards


@pytest.mark.parametrize("name", NAMES)
def test_same_map_same_bits(name: str) -> None:
    first, second = (taken(name, measured(values(), coarse())) for _ in range(2))
    assert first.value == second.value
    if first.y is not None and second.y is not None:
        assert torch.equal(first.y, second.y)


@pytest.mark.parametrize("name", SEEDED)
def test_another_seed_another_draw(name: str) -> None:
    subject = measured(values(), coarse())
    assert taken(name, subject).value != taken(name, replace(subject, seed=8)).value


@pytest.mark.parametrize("name", [name for name in NAMES if name not in SEEDED])
def test_measures_that_draw_nothing_ignore_the_seed(name: str) -> None:
    subject = measured(values(), coarse())
    assert taken(name, subject).value == taken(name, replace(subject, seed=8)).value


@pytest.mark.parametrize("name", NAMES)
def test_constant_and_negative_maps_are_measured_or_the_note_says_why_not(name: str) -> None:
    for plane in (torch.zeros(SIZE), torch.full(SIZE, -3.0), torch.full(SIZE, 0.1), -values().abs() - 1):
        for native in (None, plane[:3, :5].contiguous()):
            score = taken(name, measured(plane, native))
            assert (score.value is None) == bool(score.note)
            assert score.value is None or math.isfinite(score.value)


@pytest.mark.parametrize("name", NAMES)
def test_a_note_is_a_phrase(name: str) -> None:
    bare = replace(measured(torch.zeros(SIZE)), region=None, quadrant=None, remake=None, module=None)
    for note in filter(None, [taken(name, bare).note, taken(name, measured(torch.zeros(SIZE))).note]):
        assert note[0].islower()
        assert not note.endswith(".")


@pytest.mark.parametrize("name", NAMES)
def test_only_the_base_fields_are_needed(name: str) -> None:
    full = measured(values(), coarse())
    bare = Measured(full.values, full.p_full, full.scorer, full.step_px)
    score = taken(name, bare)
    assert (score.value is None) == (name in {*REMAKING, *LOCAL})
    assert score.value is None or score.note == ""


@pytest.mark.parametrize("name", LOCAL)
def test_nothing_marked_or_out_of_sight_gives_no_value(name: str) -> None:
    subject = measured(values())
    for region in (None, torch.zeros(SIZE)):
        score = taken(name, replace(subject, region=region, quadrant=region))
        assert score.value is None
        assert score.note


@pytest.mark.parametrize("name", REMAKING)
def test_maps_too_expensive_to_make_again_get_a_note_with_the_cost(name: str) -> None:
    subject = replace(measured(values()), passes=1000)
    score = taken(name, subject)
    assert score.value is None
    assert score.forwards == 0
    assert re.search(r"0000? passes, more than 2000: raise measures\.options\." + name, score.note)
    assert MEASURES[name].call(subject, max_passes=10_000).value is not None


@pytest.mark.parametrize("name", REMAKING)
def test_no_more_passes_than_a_negative_number_is_an_error(name: str) -> None:
    with pytest.raises(ConfigError, match=rf"measures\.options\.{name}\.max_passes: must be 0 or more"):
        MEASURES[name].call(measured(values()), max_passes=-1)


@pytest.mark.parametrize("name", NAMES)
def test_map_image_and_network_are_untouched(name: str) -> None:
    plane, native = values(), coarse()
    subject = measured(plane, native)
    image = subject.scorer.image.clone()
    assert subject.module is not None
    before = {key: tensor.clone() for key, tensor in subject.module.state_dict().items()}
    random = torch.get_rng_state()
    taken(name, subject)
    assert torch.equal(plane, values())
    assert torch.equal(native, coarse())
    assert torch.equal(subject.scorer.image, image)
    assert torch.equal(torch.get_rng_state(), random)
    assert all(torch.equal(tensor, before[key]) for key, tensor in subject.module.state_dict().items())
    assert not any(p.requires_grad or p.grad is not None for p in subject.module.parameters())


@pytest.mark.parametrize("name", NAMES)
def test_curves_run_from_nothing_to_everything(name: str) -> None:
    score = taken(name, measured(values(), coarse()))
    assert (score.x is not None) == (score.y is not None) == (name in CURVES)
    if score.x is not None and score.y is not None:
        assert score.x.shape == score.y.shape
        assert (score.x.dtype, score.y.dtype) == (torch.float32, torch.float32)
        assert score.x.tolist()[0] == 0.0
        assert score.x.tolist()[-1] == 1.0
        assert bool((score.x.diff() > 0).all())
        assert bool(torch.isfinite(score.y).all())


@pytest.mark.parametrize("name", NAMES)
def test_says_its_unit_direction_source_protocol_and_pitfalls(name: str) -> None:
    entry = MEASURES[name]
    assert entry.facts["unit"]
    assert entry.facts["better"] in {"higher", "lower"}
    other = "lower" if entry.facts["better"] == "higher" else "higher"
    doc = " ".join(entry.doc.split()).lower()
    assert f"**{entry.facts['better']} is better" in doc
    assert f"**{other} is better" not in doc
    assert "**pitfalls.**" in doc
    assert entry.title
    assert re.search(r"(19|20)\d\d", entry.reference)
    assert set(entry.facts) <= FACTS
    assert (Path(__file__).parent / f"test_{name}.py").is_file()


def test_titles_are_unique() -> None:
    titles = [entry.title for entry in MEASURES]
    assert len(set(titles)) == len(titles)


@pytest.mark.parametrize("name", NAMES)
def test_options_are_documented(name: str) -> None:
    doc = inspect.getdoc(MEASURES[name].call) or ""
    assert all(re.search(rf"^\s+{option}: ", doc, re.MULTILINE) for option in MEASURES[name].defaults)


@pytest.mark.gpu
@pytest.mark.parametrize("name", NAMES)
def test_a_gpu_gives_the_same(name: str) -> None:
    classifier, image = toy.toy(toy.TwoConv().cuda(), SIZE), toy.image_of(SIZE)
    scorer = toy.scorer_of(toy.Toy(classifier.card, classifier.module, "cuda"), image, 1)
    plain = measured(values(), coarse())
    remake = GradientRemake(classifier.module, image.cuda())
    there = replace(plain, scorer=scorer, module=classifier.module, remake=remake)
    assert taken(name, there).value == pytest.approx(taken(name, plain).value, abs=1e-4)


def test_the_stand_in_depends_on_image_and_network() -> None:
    first, second = toy.TwoConv(1).eval(), toy.TwoConv(2).eval()
    plane = saliency(first, toy.image_of(SIZE), 1)
    assert not torch.equal(plane, saliency(second, toy.image_of(SIZE), 1))
    assert not torch.equal(plane, saliency(first, toy.image_of(SIZE, 1), 1))
