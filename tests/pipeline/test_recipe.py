import dataclasses
from typing import Any

import pytest

from gallery.config import SearchSettings
from gallery.explain.heatmaps._base import HEATMAPS as METHODS
from gallery.explain.search._base import SEARCHES
from gallery.pipeline.recipe import USES, VERSIONS, Plugin, Recipe
from gallery.store.keys import result_key
from tests.pipeline.toy import settings_of, toy_classifier

CARD = toy_classifier().card
RISE = Plugin("rise", {"n_masks": 16}, uses=frozenset({"seed"}))
CAM = Plugin("grad_cam", {"layer": ""})
IGOS = Plugin("igos", {"size": 4}, uses=frozenset({"seed", "baseline"}))
LIME = Plugin("lime", {}, uses=frozenset({"patches", "baseline"}))
MSES = Plugin("mse_coverage", {}, uses=frozenset({"patches", "search"}))
SAG = Plugin("sag_coverage", {}, uses=frozenset({"patches", "graph"}))
CURVE = Plugin("deletion", {}, uses=frozenset({"step_px"}))
VALUE = Plugin("average_drop", {})
DRAWN = Plugin("road", {"n": 2}, uses=frozenset({"seed"}))
PLACED = Plugin("pointing_game", {}, uses=frozenset({"regions"}))


def test_what_a_manifest_leaves_out_is_what_the_beam_takes() -> None:
    known = SearchSettings().model_dump()
    assert known["method"] == "beam"
    assert {name: known[name] for name in SEARCHES["beam"].defaults} == dict(SEARCHES["beam"].defaults)


def keys(recipe: Recipe, **changes: Any) -> dict[str, str]:  # noqa: ANN401
    """Return the key of one result of every kind."""
    methods = {m.name: dataclasses.replace(m, **changes) for m in (RISE, CAM, IGOS)}
    structural = {m.name: m for m in (LIME, MSES, SAG)}
    made = {
        "inputs": recipe.inputs(),
        "prediction": recipe.prediction("predicted"),
        "search": recipe.search(1),
        "graph": recipe.graph(1),
        "necessity": recipe.necessity(1),
        "robustness": recipe.robustness(1),
        "questions": recipe.questions(1),
        "what_if": recipe.what_if(1),
        "prompts": recipe.prompts(1),
        "prompted": recipe.prompted(1, methods["rise"], again=False),
        "prompted/again": recipe.prompted(1, methods["grad_cam"], again=True),
        **{f"heatmap/{m.name}": recipe.heatmap(1, m) for m in (*methods.values(), *structural.values())},
        "measurement/curve": recipe.measurement(1, methods["rise"], CURVE),
        "measurement/value": recipe.measurement(1, methods["rise"], VALUE),
        "measurement/drawn": recipe.measurement(1, methods["grad_cam"], DRAWN),
        "measurement/placed": recipe.measurement(1, methods["rise"], PLACED),
    }
    return {name: result_key(name.partition("/")[0], parts) for name, parts in made.items()}


BEFORE = keys(Recipe("image", CARD, settings_of()))
GRAPHED = {"graph", "questions", "what_if", "heatmap/sag_coverage"}
PROMPTED = {"prompted", "prompted/again"}
SEARCHED = {"search", "necessity", "robustness", "prompts", "heatmap/mse_coverage", *GRAPHED}
PATCHED = {*SEARCHED, "heatmap/lime"}
HEATMAPS = {"heatmap/rise", "heatmap/grad_cam", "heatmap/igos"}
OF_RISE = {"measurement/curve", "measurement/value", "measurement/placed"}
MEASUREMENTS = {*OF_RISE, "measurement/drawn"}


def changed(after: dict[str, str]) -> set[str]:
    """Return the results whose key differs from before."""
    return {name for name, key in after.items() if key != BEFORE[name]}


def test_all_keys_differ() -> None:
    assert len(set(BEFORE.values())) == len(BEFORE)


@pytest.mark.parametrize(
    ("recipe", "expected"),
    [
        (Recipe("other", CARD, settings_of()), set(BEFORE)),
        (Recipe("image", dataclasses.replace(CARD, digest="other"), settings_of()), set(BEFORE)),
        (Recipe("image", dataclasses.replace(CARD, title="other", id="x:y", slug="z"), settings_of()), set()),
        (
            Recipe("image", dataclasses.replace(CARD, class_names=tuple("abcd")), settings_of()),
            {"prediction"},
        ),
        (
            Recipe("image", dataclasses.replace(CARD, cam_layer="features.0"), settings_of()),
            {"heatmap/grad_cam", "measurement/drawn", "prompted/again"},
        ),
        (Recipe("image", CARD, settings_of(), "other"), {"measurement/placed"}),
        (Recipe("image", CARD, settings_of(), needed="n"), {"prompts", *PROMPTED}),
        (Recipe("image", CARD, settings_of(), precluded="p"), {"prompts", *PROMPTED}),
        (Recipe("image", CARD, settings_of(prompts={"search": False})), {"prompts"}),
        (Recipe("image", CARD, settings_of(prompts={"heatmaps": "none"})), set()),
        (
            Recipe("image", CARD, settings_of(seed=1)),
            {"heatmap/rise", "heatmap/igos", "questions", "prompted", *MEASUREMENTS},
        ),
        (
            Recipe("image", CARD, settings_of(perturbation={"baseline": "mean"})),
            {"inputs", *PATCHED, "heatmap/igos", "prompted/again"},
        ),
        (Recipe("image", CARD, settings_of(perturbation={"cols": 4})), PATCHED),
        (Recipe("image", CARD, settings_of(perturbation={"interpolation": "nearest"})), PATCHED),
        (Recipe("image", CARD, settings_of(search={"p_high": 0.8})), SEARCHED),
        (Recipe("image", CARD, settings_of(search={"overlaps": [3]})), GRAPHED),
        (Recipe("image", CARD, settings_of(graph={"max_nodes": 9})), GRAPHED),
        (Recipe("image", CARD, settings_of(necessity={"pairs": 9})), {"necessity", "what_if"}),
        (Recipe("image", CARD, settings_of(robustness={"thresholds": [0.5]})), {"robustness"}),
        (Recipe("image", CARD, settings_of(questions={"n_sets": 9})), {"questions"}),
        (Recipe("image", CARD, settings_of(what_if={"max_size": 3})), {"what_if"}),
        (Recipe("image", CARD, settings_of(what_if={"enabled": False})), set()),
        (Recipe("image", CARD, settings_of(perturbation={"n_segments": 9})), PATCHED),
        (Recipe("image", CARD, settings_of(measures={"step_px": 9})), {"measurement/curve"}),
    ],
)
def test_a_key_depends_on_what_the_result_depends_on(recipe: Recipe, expected: set[str]) -> None:
    assert changed(keys(recipe)) == expected


@pytest.mark.parametrize("change", [{"options": {"n_masks": 17}}, {"version": 2}])
def test_a_method_s_options_and_version_count(change: dict[str, Any]) -> None:
    assert changed(keys(Recipe("image", CARD, settings_of()), **change)) == HEATMAPS | MEASUREMENTS | PROMPTED


@pytest.mark.parametrize("kind", VERSIONS)
def test_raising_a_version_recomputes_that_kind(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setitem(VERSIONS, kind, 99)
    kinds = {name.partition("/")[0] for name in changed(keys(Recipe("image", CARD, settings_of())))}
    follows = {
        "search": SEARCHED,
        "graph": GRAPHED,
        "necessity": {"necessity", "what_if"},
        "heatmap": {"heatmap", "measurement", "prompted"},
    }
    assert kinds == {name.partition("/")[0] for name in follows.get(kind, {kind})}


def test_changed_images_are_told_apart_by_what_was_changed() -> None:
    recipe = Recipe("image", CARD, settings_of(), needed="n", precluded="p")
    others = [
        recipe.changed("without_precluded"),
        recipe.changed("without_needed"),
        recipe.changed("only_needed"),
        dataclasses.replace(recipe, precluded="q").changed("without_precluded"),
        dataclasses.replace(recipe, settings=settings_of(perturbation={"baseline": "mean"})).changed(
            "without_precluded"
        ),
    ]
    assert len({one.image for one in others}) == len(others)
    assert {one.image.partition(":")[0] for one in others} == {"image"}
    # What lies in the other region does not matter.
    again = dataclasses.replace(recipe, needed="other").changed("without_precluded")
    assert again == recipe.changed("without_precluded")


def test_targets_count() -> None:
    recipe = Recipe("image", CARD, settings_of())
    assert recipe.search(1) != recipe.search(2)
    assert recipe.graph(1) != recipe.graph(2)
    assert recipe.heatmap(1, RISE) != recipe.heatmap(2, RISE)
    assert recipe.prediction(1) != recipe.prediction("1")
    curve = [recipe.measurement(t, RISE, CURVE) for t in (1, 2)]
    assert curve[0] != curve[1]


def test_measures_and_their_versions_count() -> None:
    recipe = Recipe("image", CARD, settings_of())
    made = [
        recipe.measurement(1, RISE, Plugin(name, options, version))
        for name in ("deletion", "insertion")
        for version in (1, 2)
        for options in ({}, {"n": 1})
    ]
    assert len({result_key("measurement", m) for m in made}) == 8


def test_facts_given_at_registration_become_uses() -> None:
    assert Plugin.of(METHODS, "igos", {"size": 5}).uses == {"seed", "baseline"}
    assert Plugin.of(METHODS, "grad_cam", {}) == CAM
    assert set(USES) >= {fact for one in METHODS for fact in one.facts if fact.startswith("uses_")}
