"""Concepts of the tiny set: learnt once, kept, found again, and made anew when what they hang on changes."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gallery.errors import ClassifierError, ConfigError, StoreError
from gallery.operations.keep import Keep
from gallery.operations.learning import learn_concepts
from gallery.pipeline.build import Job, check_names
from gallery.pipeline.concepts.index import MAP, NETWORK, SCORES, load_concepts
from gallery.pipeline.concepts.lesson import Lesson
from gallery.pipeline.export import export
from gallery.pipeline.index import settings_digest
from gallery.pipeline.workspace import Workspace
from gallery.records import ConceptResult
from gallery.store.store import Store
from tests.pipeline.concepts.wanted import CONCEPTS, wanting
from tests.pipeline.toy import Recorder, ToyNet, patch_classifiers, run, settings_of, toy_classifier

pytestmark = pytest.mark.usefixtures("toys")


def keys(store: Store, kind: str) -> set[str]:
    return {path.stem for path in store.results(kind)}


@pytest.fixture(scope="module")
def learnt(
    pictures: Path, explained: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, ConceptResult]:
    """Return a workspace with concepts of "dog", and these."""
    out = Path(shutil.copytree(explained, tmp_path_factory.mktemp("learnt") / "out"))
    with pytest.MonkeyPatch.context() as patch:
        patch_classifiers(patch)
        run(pictures, out, wanting())
    return out, load_concepts(wanting(), Workspace(out))[0]


def test_contributions_add_up_and_logits_are_the_classifiers(learnt: tuple[Path, ConceptResult]) -> None:
    _, found = learnt
    assert [image.image_id for image in found.images] == ["alpha", "beta", "gamma", "grid"]
    for image in found.images:
        total = sum(image.contributions) + found.network.bias
        assert image.predicted == pytest.approx(total, abs=1e-5)
        weights = found.network.weights["last.weight"][0]
        assert image.contributions == pytest.approx(np.multiply(image.features, weights), abs=1e-5)
    assert found.network.class_name == "dog"
    assert found.network.views.n_photos == 3  # the composite teaches nothing new


def test_maps_are_of_the_strongest_images_by_every_method(learnt: tuple[Path, ConceptResult]) -> None:
    _, found = learnt
    by_image = {image.image_id: image for image in found.images}
    for k in range(5):
        shown = [(one.image_id, one.heatmap.method) for one in found.maps if one.feature == k]
        ordered = sorted(by_image, key=lambda name: -by_image[name].features[k])
        strongest = [name for name in ordered[:2] if by_image[name].features[k] > 0]
        assert shown == [(name, method) for name in strongest for method in CONCEPTS["maps"]]
    assert found.maps
    assert all(one.heatmap.native.any() for one in found.maps if one.heatmap.method == "grad_cam")


def test_a_second_run_learns_nothing_and_asks_the_classifier_nothing(
    learnt: tuple[Path, ConceptResult], pictures: Path
) -> None:
    out, _ = learnt
    before = ToyNet.passes
    _, told = run(pictures, out, wanting())
    assert ToyNet.passes - before <= 1  # loading a classifier runs it once
    assert ("dog", "concepts", True) in told.done


def test_what_concepts_hang_on_decides_what_is_made_anew(
    learnt: tuple[Path, ConceptResult], pictures: Path
) -> None:
    out, _ = learnt
    store = Workspace(out).store
    networks, scores, maps = (keys(store, kind) for kind in (NETWORK, SCORES, MAP))
    run(pictures, out, wanting(n_strongest=1))
    assert (keys(store, NETWORK), keys(store, SCORES), keys(store, MAP)) == (networks, scores, maps)
    run(pictures, out, wanting(maps={"layer_cam": {}}))
    assert keys(store, NETWORK) == networks
    assert keys(store, MAP) > maps
    run(pictures, out, wanting(epochs=1))
    assert len(keys(store, NETWORK)) == len(networks) + 1


def test_pruning_keeps_concepts_of_classifiers_in_use(learnt: tuple[Path, ConceptResult]) -> None:
    store = Workspace(learnt[0]).store
    digest = toy_classifier(4).card.digest
    for used, is_kept in ((frozenset({digest}), True), (frozenset({"other"}), False)):
        keep = Keep(frozenset(), frozenset(), used, frozenset())
        for kind in (NETWORK, SCORES, MAP):
            for key in keys(store, kind):
                assert keep.needs(kind, key, lambda: {"classifier": digest}) is is_kept


def test_a_set_without_concepts_is_found_under_its_old_digest() -> None:
    plain = settings_of()
    assert "concepts" not in plain.model_dump(exclude_none=True)
    assert settings_digest(plain) != settings_digest(wanting())
    assert load_concepts(plain, Workspace(Path("nowhere"))) == []


def test_concepts_that_were_not_computed_are_asked_for(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="gallery build"):
        load_concepts(wanting(), Workspace(tmp_path))


def test_photographs_of_a_folder_can_be_learnt_from(pictures: Path, explained: Path, tmp_path: Path) -> None:
    out = Path(shutil.copytree(explained, tmp_path / "out"))
    shutil.copytree(pictures, tmp_path / "set")
    draw = np.random.default_rng(0)
    (tmp_path / "set" / "more").mkdir()
    for i in range(6):
        pixels = draw.integers(0, 256, (20, 24, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / "set" / "more" / f"{i}.png")
    run(tmp_path / "set", out, wanting(photos="folder:more"))
    views = load_concepts(wanting(photos="folder:more"), Workspace(out))[0].network.views
    assert (views.source, views.n_photos, views.n_new_photos) == ("folder:more", 5, 1)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"classes": ["cap"]}, ConfigError, "Did you mean 'cup'"),
        ({"classes": ["cup", 2]}, ConfigError, "'cup' and 2 are one class"),
        ({"maps": {"igos": {}}}, ConfigError, r"concepts\.maps\.igos"),
        ({"maps": {"grad_cam": {"layr": ""}}}, ConfigError, r"concepts\.maps\.grad_cam\.layr"),
        ({"layer": "head"}, ClassifierError, "'head'"),
        ({"photos": "folder:nothing"}, ClassifierError, r"concepts\.photos"),
    ],
)
def test_what_cannot_be_done_is_said(
    changes: dict[str, Any], error: type[Exception], message: str, finished: Path, pictures: Path
) -> None:
    with pytest.raises(error, match=message):
        run(pictures, finished, wanting(**changes))


def test_a_check_finds_methods_that_cannot_show_concepts(tmp_path: Path) -> None:
    problems = check_names(wanting(maps={"rise": {}, "lime": {}}), tmp_path / "gallery.toml")
    assert any("concepts.maps.lime" in str(problem) for problem in problems)


def test_networks_trained_before_are_used_where_they_fit(
    learnt: tuple[Path, ConceptResult],
    pictures: Path,
    finished: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The files of the command hold the bytes that a build learns; other settings learn anew and say so."""
    folder = Path(shutil.copytree(pictures, tmp_path / "set"))
    job = Job(wanting(), folder, Workspace(tmp_path / "unused"), "cpu")
    ((path, digest),) = learn_concepts(job, folder / "trained", Recorder())
    trained = {"trained/" + path.name: digest}
    with monkeypatch.context() as patch:
        patch.delattr(Lesson, "learn")
        _, told = run(folder, finished, wanting(trained=trained))
    assert any("its digest is as listed" in note for note in told.notes)
    found = load_concepts(wanting(trained=trained), Workspace(finished))[0].network
    for name, array in learnt[1].network.weights.items():
        assert found.weights[name].tobytes() == array.tobytes()
    assert found.attempts == learnt[1].network.attempts
    _, told = run(folder, finished, wanting(trained=trained, epochs=1))
    assert any("learnt now" in note for note in told.notes)
    assert not (tmp_path / "unused").exists()


def test_everything_is_exported_and_adds_up(
    learnt: tuple[Path, ConceptResult], pictures: Path, tmp_path: Path
) -> None:
    out, found = learnt
    run(pictures, out, wanting())  # other tests leave the index of other settings behind
    assert export(tmp_path, wanting(), Workspace(out), Recorder()) == 5
    (folder,) = (tmp_path / "concepts").iterdir()
    assert folder.name.endswith("-dog")
    document = json.loads((folder / "concepts.json").read_text(encoding="utf-8"))
    weights, maps = (np.load(folder / name) for name in ("network.npz", "maps.npz"))
    for image in document["images"]:
        expected = np.multiply(image["features"], weights["last.weight"][0])
        assert image["contributions"] == pytest.approx(expected, abs=1e-5)
        assert image["predicted"] == pytest.approx(expected.sum() + weights["last.bias"][0], abs=1e-5)
    assert sorted(maps) == sorted(one["array"] for one in document["maps"])
    for one, record in zip(document["maps"], found.maps, strict=True):
        assert maps[one["array"]].tobytes() == record.heatmap.values.tobytes()
    assert "seconds" not in json.dumps(document)
