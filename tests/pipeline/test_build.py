"""The recipe end to end on the tiny set: complete, incremental, interruptible, isolated."""

import shutil
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gallery.config import SetSettings
from gallery.errors import ConfigError, RegistrationError, StoreError
from gallery.explain.heatmaps._base import HEATMAPS
from gallery.measure._base import MEASURES
from gallery.pipeline.build import catalogue_of, check_names
from gallery.pipeline.explain import Explainer, measures_of, methods_of
from gallery.pipeline.export import export
from gallery.pipeline.index import load_results
from gallery.pipeline.structure import Structure
from gallery.pipeline.workspace import Workspace
from gallery.records import Failure
from gallery.scoring.engine import Engine
from gallery.store.store import Store
from tests.pipeline.toy import (
    CLASSES,
    Recorder,
    ToyNet,
    files_of,
    run,
    settings_of,
    toy_classifier,
)

N_IMAGES, N_METHODS = 4, 3
TAKEN = [one.name for one in MEASURES if one.facts.get("is_default", True)]
"""Measures taken where a manifest names none."""
N_MEASURES = len(TAKEN)
ALL = {
    "inputs": N_IMAGES,
    "prediction": N_IMAGES,
    "scores": N_IMAGES,
    "search": N_IMAGES,
    "graph": N_IMAGES,
    "necessity": N_IMAGES,
    "robustness": N_IMAGES,
    "questions": N_IMAGES,
    "what_if": N_IMAGES,
    "heatmap": N_IMAGES * N_METHODS,
    "measurement": N_IMAGES * N_METHODS * N_MEASURES,
}
pytestmark = pytest.mark.usefixtures("toys")


@pytest.fixture
def stored(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Count what is put into any store, by kind; the engine's tuning left out."""
    counts: Counter[str] = Counter()
    put = Store.put

    def counting(self: Store, kind: str, made_by: Mapping[str, Any], record: object) -> str:
        if kind not in ("tuning", "entry"):
            counts[kind] += 1
        return put(self, kind, made_by, record)

    monkeypatch.setattr(Store, "put", counting)
    return counts


def bundles(out: Path, settings: SetSettings | None = None) -> dict[str, bytes]:
    """Export a workspace and return the reproducible files."""
    folder = out / "bundles"
    export(folder, settings or settings_of(), Workspace(out), Recorder())
    return files_of(folder, without="timings.json")


def bare_settings(**changes: Any) -> SetSettings:  # noqa: ANN401
    """Return the settings of the tiny set without options of one search."""
    raw = settings_of().model_dump(exclude_unset=True)
    raw["search"] = {}
    for key, value in changes.items():
        raw[key] = {**raw.get(key, {}), **value}
    return SetSettings.model_validate(raw)


# --- complete ---------------------------------------------------------------------------------------------


def test_every_result_is_there(pictures: Path, tmp_path: Path, stored: Counter[str]) -> None:
    index, recorder = run(pictures, tmp_path)
    assert stored == ALL
    assert [(entry.image, entry.classifier) for entry in index.entries] == [
        (name, "toy-4") for name in ("alpha", "beta", "gamma", "grid")
    ]
    results = list(load_results(index, Workspace(tmp_path)))
    for result in results:
        assert list(result.heatmaps) == ["grad_cam", "rise", "igos"]
        assert result.search.mses
        assert result.graph.nodes
        assert result.search.roots
        assert {len(measures) for measures in result.measurements.values()} == {N_MEASURES}
        assert all(h.values.shape == (32, 32) for h in result.heatmaps.values())
    assert results[1].prediction.class_name == "cup"
    assert [q.image_id for q in results[3].image.quadrants] == ["alpha", "beta", "gamma", "alpha"]
    assert not index.failures
    assert recorder.totals == [len(recorder.done)]


def test_an_index_names_everything_that_took_part(pictures: Path, tmp_path: Path) -> None:
    index, _ = run(pictures, tmp_path)
    catalogue = index.catalogue
    assert [c.id for c in catalogue.classifiers] == ["toy:4"]
    assert [m.name for m in catalogue.methods] == ["grad_cam", "rise", "igos"]
    assert [m.name for m in catalogue.measures] == TAKEN
    assert [s.name for s in catalogue.searches] == ["beam"]
    assert {"torch", "numpy", "explanation-gallery"} <= set(catalogue.versions)
    assert catalogue.device.startswith("cpu (screening in ")


def test_cheap_methods_and_measures_are_taken_if_none_are_named() -> None:
    settings = settings_of(methods=None)
    cheap = [one.name for one in HEATMAPS if one.facts.get("is_default", True)]
    assert [m.name for m in methods_of(settings)] == cheap
    assert [m.name for m in measures_of(settings)] == TAKEN
    assert "grad_cam" in cheap
    assert "deletion" in TAKEN


def test_all_means_all() -> None:
    settings = settings_of(methods="all", measures={"names": "all"})
    assert [m.name for m in methods_of(settings)] == HEATMAPS.names()
    assert [m.name for m in measures_of(settings)] == MEASURES.names()


def test_a_measure_named_twice_is_taken_once() -> None:
    measures = measures_of(settings_of(measures={"names": ["deletion", "deletion"]}))
    assert [m.name for m in measures] == ["deletion"]


def test_measures_have_options() -> None:
    given = {"names": ["road"], "options": {"road": dict(MEASURES["road"].defaults)}}
    [road] = measures_of(settings_of(measures=given))
    assert road.options == MEASURES["road"].defaults
    with pytest.raises(ConfigError, match=r"measures\.options\.road\.speed: unknown option"):
        measures_of(settings_of(measures={"names": ["road"], "options": {"road": {"speed": 1}}}))
    with pytest.raises(ConfigError, match=r"measures\.options\.road: this measure is not taken"):
        measures_of(settings_of(measures={"names": ["deletion"], "options": given["options"]}))


def test_several_classifiers_follow_the_set_order(pictures: Path, tmp_path: Path) -> None:
    index, _ = run(pictures, tmp_path, settings_of(classifiers=["toy:4", "toy:8"]))
    pairs = [(entry.image, entry.classifier) for entry in index.entries]
    assert pairs == [(name, c) for name in ("alpha", "beta", "gamma", "grid") for c in ("toy-4", "toy-8")]


def test_classifiers_that_cannot_be_told_apart_are_refused(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gallery.pipeline.build.load_classifier", lambda *_, **__: toy_classifier())
    with pytest.raises(ConfigError, match="'toy:1' and 'toy:2' have the same name and weights"):
        run(pictures, tmp_path, settings_of(classifiers=["toy:1", "toy:2"]))


def test_without_measures_nothing_is_measured_and_no_index_written(
    pictures: Path, tmp_path: Path, stored: Counter[str]
) -> None:
    _, recorder = run(pictures, tmp_path, with_measures=False)
    assert stored == {kind: n for kind, n in ALL.items() if kind != "measurement"}
    assert recorder.totals == [len(recorder.done)]
    assert not Workspace(tmp_path).index.exists()


@pytest.mark.parametrize(
    ("changes", "error", "match"),
    [
        ({"methods": {"grad_cam": {}, "rise": {"masks": 3}}}, ConfigError, "methods.rise.masks"),
        ({"methods": {"grad_cm": {}}}, RegistrationError, "Did you mean 'grad_cam'"),
        ({"search": {"beam_with": 3}}, ConfigError, "search.beam_with: unknown option. Did you mean"),
        ({"search": {"p_hig": 0.9}}, ConfigError, "search.p_hig: unknown option. Did you mean 'p_high'"),
        ({"search": {"method": "beem"}}, RegistrationError, "Did you mean 'beam'"),
        ({"search": {"guide": "oracle"}}, ConfigError, "search.guide: unknown guide 'oracle'"),
        ({"search": {"guide": "sag_coverage"}}, ConfigError, "'sag_coverage' is made of what a search found"),
        ({"measures": {"names": ["delation"]}}, RegistrationError, "Did you mean 'deletion'"),
    ],
)
def test_wrong_settings_end_the_run_before_any_work(
    pictures: Path, tmp_path: Path, changes: dict[str, Any], error: type[Exception], match: str
) -> None:
    with pytest.raises(error, match=match):
        run(pictures, tmp_path, settings_of(**changes))
    assert not list(tmp_path.iterdir())


# --- incremental ------------------------------------------------------------------------------------------


def test_a_second_run_computes_nothing(
    pictures: Path, finished: Path, stored: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = files_of(finished)

    def no_engine(*_: object) -> None:
        raise AssertionError("an engine was built")

    monkeypatch.setattr(Engine, "__init__", no_engine)
    classifier = toy_classifier()
    monkeypatch.setattr("gallery.pipeline.build.load_classifier", lambda *_, **__: classifier)
    ToyNet.passes = 0
    index, recorder = run(pictures, finished)
    assert ToyNet.passes == 0
    assert not stored
    assert len(index.entries) == N_IMAGES
    assert all(was_stored for _, _, was_stored in recorder.done)
    assert files_of(finished) == before


PER_MEASURE = N_IMAGES * N_METHODS
STRUCTURAL = ("scores", "search", "graph", "necessity", "robustness", "questions", "what_if")
SEARCHED = dict.fromkeys(STRUCTURAL, 4)
GRAPHED = {"graph": 4, "questions": 4, "what_if": 4}


@pytest.mark.parametrize(
    ("changes", "recomputed"),
    [
        ({"title": "Other", "description": "d", "version": "2"}, {}),
        ({"search": {"overlaps": [0, 3]}}, GRAPHED),
        ({"search": {"p_high": 0.8}}, SEARCHED),
        ({"search": {"n_random": 9}}, SEARCHED),
        ({"graph": {"p_low": 0.5}}, GRAPHED),
        ({"graph": {"n_roots": 1}}, GRAPHED),
        ({"search": {"guide": "igos"}}, SEARCHED),
        ({"necessity": {"pairs": 2}}, {"necessity": 4, "what_if": 4}),
        ({"what_if": {"max_forwards": 9}}, {"what_if": 4}),
        ({"what_if": {"enabled": False}}, {}),
        ({"robustness": {"search_seeds": [1], "search_baselines": ["mean"]}}, {"robustness": 4}),
        ({"questions": {"n_sets": 9}}, {"questions": 4}),
        ({"measures": {"step_px": 512}}, {"measurement": PER_MEASURE * 2}),
        ({"measures": {"names": ["deletion"]}}, {}),
        ({"methods": {"grad_cam": {}}}, {}),
        ({"methods": {"rise": {"n_masks": 17, "cells": 3}}}, {"heatmap": 4, "measurement": 4 * N_MEASURES}),
        ({"methods": {"grad_cam_plus_plus": {}}}, {"heatmap": 4, "measurement": 4 * N_MEASURES}),
        ({"seed": 8}, {"questions": 4, "heatmap": 4 * 2, "measurement": 4 * 2 * N_MEASURES}),
        ({"perturbation": {"rows": 2}}, SEARCHED),
        ({"perturbation": {"align_corners": True}}, SEARCHED),
        (
            {"perturbation": {"baseline": "mean"}},
            {"inputs": 4, **SEARCHED, "heatmap": 4, "measurement": 4 * N_MEASURES},
        ),
        ({"classifiers": ["toy:8"]}, ALL),
        ({"classifiers": ["toy:4", "toy:8"]}, ALL),
    ],
    ids=str,
)
def test_a_changed_setting_recomputes_just_what_depends_on_it(
    pictures: Path, finished: Path, stored: Counter[str], changes: dict[str, Any], recomputed: dict[str, int]
) -> None:
    run(pictures, finished, settings_of(**changes))
    assert stored == recomputed


def test_a_changed_target_recomputes_that_image(pictures: Path, finished: Path, stored: Counter[str]) -> None:
    images = settings_of().model_dump(exclude_unset=True)["images"]
    images[0]["target"] = "car"
    run(pictures, finished, settings_of(images=images))
    one = {"prediction": 1, **dict.fromkeys(SEARCHED, 1), "heatmap": 3, "measurement": 3 * N_MEASURES}
    assert stored == one


def test_the_same_target_by_another_name_recomputes_the_prediction_only(
    pictures: Path, finished: Path, stored: Counter[str]
) -> None:
    images = settings_of().model_dump(exclude_unset=True)["images"]
    images[1]["target"] = CLASSES.index("cup")
    run(pictures, finished, settings_of(images=images))
    assert stored == {"prediction": 1}


def test_a_changed_photograph_recomputes_it_and_its_composite(
    pictures: Path, finished: Path, tmp_path: Path, stored: Counter[str]
) -> None:
    folder = shutil.copytree(pictures, tmp_path / "changed")
    Image.open(folder / "beta.png").transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(folder / "beta.png")
    run(folder, finished)
    assert stored == {kind: n // 2 for kind, n in ALL.items()}


def relabelled(monkeypatch: pytest.MonkeyPatch, **facts: Any) -> None:  # noqa: ANN401
    """Have the toy classifier keep its weights and change other facts."""
    monkeypatch.setattr("gallery.pipeline.build.load_classifier", lambda *_, **__: toy_classifier(**facts))


def test_new_class_names_recompute_predictions(
    pictures: Path, finished: Path, stored: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    relabelled(monkeypatch, class_names=("Katze", "Hund", "cup", "Auto"))
    index, _ = run(pictures, finished)
    assert stored == {"prediction": 4}
    assert {t.name for r in load_results(index, Workspace(finished)) for t in r.prediction.top} == {
        "Katze", "Hund", "cup", "Auto",
    }  # fmt: skip


def test_another_cam_layer_recomputes_the_maps_that_use_it(
    pictures: Path, finished: Path, stored: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    relabelled(monkeypatch, cam_layer="features.0")
    index, _ = run(pictures, finished)
    assert stored == {"heatmap": 4, "measurement": 4 * N_MEASURES}
    layers = {r.heatmaps["grad_cam"].layer for r in load_results(index, Workspace(finished))}
    assert layers == {"features.0"}


def test_a_layer_named_in_the_options_does_not_depend_on_the_classifiers_own(
    pictures: Path, tmp_path: Path, stored: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_of(methods={"grad_cam": {"layer": "features.2"}})
    run(pictures, tmp_path, settings)
    stored.clear()
    relabelled(monkeypatch, cam_layer="features.0")
    run(pictures, tmp_path, settings)
    assert not stored


def test_a_damaged_result_is_computed_again(
    pictures: Path, finished: Path, stored: Counter[str], caplog: pytest.LogCaptureFixture
) -> None:
    before = bundles(finished)
    file = next((finished / "build/store/heatmap").rglob("*.npz"))
    file.write_bytes(file.read_bytes()[:-1])
    run(pictures, finished)
    assert stored == {"heatmap": 1}
    assert "is damaged" in caplog.text
    assert bundles(finished) == before


# --- other searches and patches ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"search": {"method": "exhaustive", "max_size": 2}},
        {"search": {"method": "combinatorial", "top": 5, "size": 2, "guide": "grad_cam"}},
        {"search": {"method": "disjoint"}},
        {"search": {"guide": "igos"}},
        {
            "search": {"guide": "none"},
            "robustness": {"search_baselines": ["blur", "black"], "search_seeds": [3]},
        },
        {"perturbation": {"partition": "slic", "n_segments": 12}},
        {"perturbation": {"rows": 2, "cols": 5, "interpolation": "nearest"}},
        {"perturbation": {"resize": "stretch"}},
        {"graph": {"selection": "max_min"}},
    ],
    ids=str,
)
def test_every_search_and_every_kind_of_patch_gives_a_whole_result(
    pictures: Path, tmp_path: Path, changes: dict[str, Any]
) -> None:
    changes = {
        key: {"verify_up_to": 4, **value} if key == "search" else value for key, value in changes.items()
    }
    if changes.get("search", {}).get("method") == "exhaustive":
        del changes["search"]["verify_up_to"]
    settings = bare_settings(**changes)
    index, _ = run(pictures, tmp_path, settings)
    assert not index.failures
    for result in load_results(index, Workspace(tmp_path)):
        n_cells = result.mask_model.n_cells
        assert result.necessity.alone.shape == result.necessity.participation.shape == (n_cells,)
        assert all(0 <= mse.mask < 1 << n_cells for mse in result.search.mses)
        assert all(mse.probability >= result.search.threshold for mse in result.search.mses)
        assert bool(result.inputs.segments is not None) == (settings.perturbation.partition == "slic")
        assert len(result.robustness.sweep) == 6
        chosen = settings.graph.model_dump().items()
        assert chosen <= dict(result.graph.options).items(), "every option is on record"
    if settings.search.method == "exhaustive":
        assert {r.search.complete_up_to for r in load_results(index, Workspace(tmp_path))} <= {0, 2}


def test_the_preset_of_the_official_code_runs(pictures: Path, tmp_path: Path) -> None:
    raw = bare_settings().model_dump(exclude_unset=True)
    raw = {key: value for key, value in raw.items() if key not in {"search", "graph", "perturbation"}}
    raw |= {"preset": "sag2021", "perturbation": {"rows": 3, "cols": 3}}
    index, _ = run(pictures, tmp_path, SetSettings.model_validate(raw))
    assert not index.failures
    for result in load_results(index, Workspace(tmp_path)):
        assert (result.search.method, result.mask_model.baseline) == ("sag2021", "black")
        assert result.search.options["guide"] == "igos2021"
        assert all(mse.minimality == "1-minimal" for mse in result.search.mses)
        assert len(result.search.roots) == min(3, len(result.search.diverse[1]))
        children = Counter(link.source for link in result.graph.links)
        assert all(n <= 3 for n in children.values())


# --- interrupted ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("k", [1, 2, 7, 13, 22, 40, sum(ALL.values())])
def test_an_interrupted_run_goes_on_to_the_same_bytes(
    pictures: Path, explained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, k: int
) -> None:
    put, n_put = Store.put, 0

    def dying(self: Store, kind: str, made_by: Mapping[str, Any], record: object) -> str:
        nonlocal n_put
        key = put(self, kind, made_by, record)
        n_put += kind not in ("tuning", "entry")
        if n_put == k:
            raise KeyboardInterrupt
        return key

    with monkeypatch.context() as patch:
        patch.setattr(Store, "put", dying)
        with pytest.raises(KeyboardInterrupt):
            run(pictures, tmp_path)
    assert not Workspace(tmp_path).index.exists()
    index, recorder = run(pictures, tmp_path)
    assert sum(not was_stored for _, _, was_stored in recorder.done) <= sum(ALL.values()) - k
    assert len(index.entries) == N_IMAGES
    assert Workspace(tmp_path).index.read_bytes() == Workspace(explained).index.read_bytes()
    copy = Path(shutil.copytree(explained, tmp_path / "uninterrupted"))
    assert bundles(tmp_path) == bundles(copy)


@pytest.mark.parametrize("size", [1, 2, 3])
def test_results_do_not_depend_on_how_many_images_go_in_lock_step(
    pictures: Path, finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr("gallery.pipeline.classifier_run.CPU_CHUNK", size)
    run(pictures, tmp_path)
    assert bundles(tmp_path) == bundles(finished)


# --- isolated ---------------------------------------------------------------------------------------------


@pytest.fixture
def with_bad_images(pictures: Path, tmp_path: Path) -> tuple[Path, SetSettings]:
    """Return a folder and a set with a truncated photograph, one the network refuses, and two good ones."""
    folder = Path(shutil.copytree(pictures, tmp_path / "bad"))
    noise = np.random.default_rng(0).integers(0, 256, (60, 60, 3), dtype=np.uint8)
    Image.fromarray(noise).save(folder / "whole.jpg")
    (folder / "broken.jpg").write_bytes((folder / "whole.jpg").read_bytes()[:1500])
    Image.new("RGB", (40, 40), "white").save(folder / "white.png")
    names = ("alpha.png", "broken.jpg", "white.png", "gamma.png")
    images = [{"id": name[:-4], "source": f"file:{name}"} for name in names]
    return folder, settings_of(images=images)


def test_bad_images_do_not_lose_the_others(
    with_bad_images: tuple[Path, SetSettings], finished: Path, tmp_path: Path
) -> None:
    folder, settings = with_bad_images
    index, recorder = run(folder, tmp_path / "out", settings)
    assert [entry.image for entry in index.entries] == ["alpha", "gamma"]
    assert [(f.image_id, f.stage) for f in index.failures] == [("broken", "curation"), ("white", "explain")]
    assert index.failures[1].reason == "RuntimeError: an all-white picture"
    assert [image for image, _ in recorder.failed] == ["broken", "white"]
    good = bundles(tmp_path / "out", settings)
    usual = bundles(finished)
    assert {name for name in good if name.endswith(".npy")}
    assert all(usual[name] == content for name, content in good.items())


def test_a_network_that_fails_in_the_middle_of_a_search_loses_one_image(
    pictures: Path, tmp_path: Path, finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    search = Structure.search

    def failing(self: Structure, cases: Any) -> None:  # noqa: ANN401
        if any(case.card.id == "beta" for case in cases):
            raise MemoryError("too many masks")
        search(self, cases)

    monkeypatch.setattr(Structure, "search", failing)
    index, _ = run(pictures, tmp_path)
    assert [entry.image for entry in index.entries] == ["alpha", "gamma", "grid"]
    assert index.failures == (Failure("beta", "explain", "MemoryError: too many masks"),)
    usual = bundles(finished)
    assert all(usual[name] == content for name, content in bundles(tmp_path).items())


def test_a_failed_measure_is_listed_as_such(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measure = Explainer.measure

    def failing(self: Explainer, case: Any) -> None:  # noqa: ANN401
        if case.card.id == "beta":
            raise ZeroDivisionError("no area")
        measure(self, case)

    monkeypatch.setattr(Explainer, "measure", failing)
    index, _ = run(pictures, tmp_path)
    assert index.failures == (Failure("beta", "measure", "ZeroDivisionError: no area"),)
    assert len(index.entries) == 3


def test_an_image_that_fails_under_one_classifier_is_kept_under_the_other(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(spec: str, **_: object) -> Any:  # noqa: ANN401
        return toy_classifier(int(spec[-1]), class_names=CLASSES if spec == "toy:8" else ("a", "b", "c", "d"))

    monkeypatch.setattr("gallery.pipeline.build.load_classifier", load)
    index, _ = run(pictures, tmp_path, settings_of(classifiers=["toy:4", "toy:8"]))
    pairs = [(entry.image, entry.classifier) for entry in index.entries]
    assert [c for name, c in pairs if name == "beta"] == ["toy-8"]
    assert [name for name, _ in pairs] == ["alpha", "alpha", "beta", "gamma", "gamma", "grid", "grid"]
    assert len(index.failures) == 1
    assert index.failures[0].reason.startswith("Toy 4: target = 'cup': the classifier has no such class.")


def test_a_photograph_that_cannot_be_read_is_listed_once(
    with_bad_images: tuple[Path, SetSettings], tmp_path: Path
) -> None:
    folder, settings = with_bad_images
    settings = settings.model_copy(update={"classifiers": ["toy:4", "toy:8"]})
    index, _ = run(folder, tmp_path / "out", settings)
    assert [f.image_id for f in index.failures] == ["broken", "white", "white"]


def test_a_full_disk_ends_the_run_at_once(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise StoreError("disk full")

    monkeypatch.setattr(Store, "put", full)
    with pytest.raises(StoreError, match="disk full"):
        run(pictures, tmp_path)


def test_nan_maps_are_refused(pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def bad(name: str, options: object) -> Any:  # noqa: ANN401
        def method(subjects: Any) -> Any:  # noqa: ANN401
            maps = [HEATMAPS[name].call(subject) for subject in subjects]
            maps[0].native[0, 0] = float("nan")
            return maps

        return method

    monkeypatch.setattr("gallery.pipeline.heatmaps.bound_together", bad)
    index, _ = run(pictures, tmp_path, settings_of(methods={"grad_cam": {}}))
    assert not index.entries
    assert "grad_cam: the map has NaN" in index.failures[0].reason


# --- names ------------------------------------------------------------------------------------------------


def test_check_names_reports_everything_at_once() -> None:
    settings = settings_of(
        methods={"grad_cm": {}, "rise": {"p_keep": float("nan")}},
        measures={"names": ["insertoin", "deletion"]},
        classifiers=["embeded:x", "embedded", "timm:"],
    )
    problems = [(p.key, f"{p.reason} {p.fix}") for p in check_names(settings, Path("set/gallery.toml"))]
    keys = [key for key, _ in problems]
    assert keys == ["methods.grad_cm", "methods.rise", "measures.names", *["classifiers"] * 3]
    hints = ["'grad_cam'", "finite", "'insertion'", "'embedded'", "names no model", "names no model"]
    assert all(hint in text for hint, (_, text) in zip(hints, problems, strict=True))
    assert {p.where for p in check_names(settings, Path("set/gallery.toml"))} == {"set/gallery.toml"}


def test_the_catalogue_follows_the_registries() -> None:
    catalogue = catalogue_of(settings_of(), [toy_classifier()], "cpu")
    for method in catalogue.methods:
        assert method.title == HEATMAPS[method.name].title
        assert method.doc
    assert {m.better for m in catalogue.measures} == {"higher", "lower"}
