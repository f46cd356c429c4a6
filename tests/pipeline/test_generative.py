"""Autoencoders of a set: verified, explained once, kept, found again; refused where something is wrong."""

import dataclasses
import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gallery.config import SetSettings
from gallery.curation.manifest import default_manifest, load_settings
from gallery.errors import ConfigError, GalleryError, StoreError, TrainingError
from gallery.generative.assess import localise, open_trained
from gallery.generative.data import GOOD, load
from gallery.generative.train import MODEL as CHECKPOINT
from gallery.generative.train import Trainer
from gallery.operations.calibration import Calibration, calibrate
from gallery.operations.estimate import estimate
from gallery.operations.keep import Keep
from gallery.pipeline.build import Job, check_names
from gallery.pipeline.generative import explain
from gallery.pipeline.generative.anomalies import chosen
from gallery.pipeline.generative.disentanglement import read_disentanglement
from gallery.pipeline.generative.explain import explain_generative
from gallery.pipeline.generative.index import ANOMALIES, DISENTANGLEMENT, MODEL, TRAVERSAL, load_generative
from gallery.pipeline.index import settings_digest
from gallery.pipeline.workspace import Workspace
from gallery.records import GenerativeResults
from gallery.store.store import Store
from tests.generative.small import settings as train_settings
from tests.generative.small import stack
from tests.pipeline.toy import Recorder, patch_classifiers, run, settings_of, toy_classifier

KINDS = (MODEL, ANOMALIES, TRAVERSAL, DISENTANGLEMENT)


def trained(folder: Path, data: str, **changes: Any) -> Path:  # noqa: ANN401
    """Write the checkpoint of a run of two steps."""
    settings = train_settings("vae", data=data, steps=2, **changes)
    trainer = Trainer(settings, load(data, settings.size).train)
    trainer.advance()
    trainer.advance()
    trainer.finish(folder)
    return folder / CHECKPOINT


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a manifest with checkpoints of three kinds of data."""
    root = tmp_path_factory.mktemp("set")
    trained(root / "digits", "digits:3")
    trained(root / "brick", "textures:brick", size=64, latents=2)
    trained(root / "sprites", "dsprites:", size=64)
    return root


def digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def wanting(folder: Path, *names: str, **vae: Any) -> SetSettings:  # noqa: ANN401
    """Return the settings of a set with some of the checkpoints."""
    listed = {f"{name}/{CHECKPOINT}": digest(folder / name / CHECKPOINT) for name in names}
    return settings_of(vae={"trained": listed, "n_samples": 2, **vae})


def explained(settings: SetSettings, folder: Path, out: Path) -> tuple[GenerativeResults, Recorder]:
    told, workspace = Recorder(), Workspace(out)
    explain_generative(settings, folder, workspace.store, told)
    return load_generative(settings, workspace), told


def keys(store: Store, kind: str) -> set[str]:
    return {path.stem for path in store.results(kind)}


@pytest.fixture(scope="module")
def done(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, GenerativeResults]:
    """Return a workspace in which digits have been explained, and what came out; not to be changed."""
    out = tmp_path_factory.mktemp("done")
    return out, explained(wanting(folder, "digits"), folder, out)[0]


def test_scores_are_those_of_the_command(folder: Path, tmp_path: Path) -> None:
    found, _ = explained(wanting(folder, "brick", n_samples=8), folder, tmp_path)
    anomalies = found.models[0].anomalies
    assert anomalies is not None
    slow = localise(open_trained(folder / "brick", seed=7), lambda _: None)
    assert [one.method for one in anomalies.scores] == list(slow)
    for one in anomalies.scores:
        theirs = slow[one.method]
        assert (one.pixel_auroc, one.iou, one.optimistic_iou, one.image_auroc) == (
            theirs.pixel_auroc, theirs.iou, theirs.optimistic_iou, theirs.image_auroc,
        )  # fmt: skip
        assert one.pixel_by_kind == theirs.by_kind
        assert 0 <= one.high <= one.highest
    assert anomalies.n_of_kind == {GOOD: 16, "blob": 16, "cut": 16, "patch": 16, "scratch": 16}
    for example in anomalies.examples:
        assert example.mask is not None
        assert example.mask.any() == (example.kind != GOOD)
        assert all((values >= 0).all() for values in example.maps.values())


def test_examples_are_spread_over_the_scores_of_their_kind(done: tuple[Path, GenerativeResults]) -> None:
    anomalies = done[1].models[0].anomalies
    assert anomalies is not None
    for kind, n in anomalies.n_of_kind.items():
        mine = [one for one in anomalies.examples if one.kind == kind]
        assert [one.place for one in mine][:: len(mine) - 1] == [1, n]
        scores = [float(one.maps[anomalies.ranked_by].max()) for one in mine]
        assert scores == sorted(scores)
        assert len(mine) == 3
        assert all(one.mask is None for one in mine)


@pytest.mark.parametrize(("n", "places"), [(1, [2]), (2, [1, 4]), (3, [1, 3, 4]), (9, [1, 2, 3, 4])])
def test_the_rule_that_chooses_examples(n: int, places: list[int]) -> None:
    scores, kinds = np.array([5.0, 1.0, 4.0, 2.0, 3.0]), ["a", "a", "b", "a", "a"]
    found = list(chosen(scores, kinds, "a", n))
    assert [place for _, place in found] == places
    order = [1, 3, 4, 0]
    assert [i for i, _ in found] == [order[place - 1] for place in places]


def test_a_second_run_computes_nothing(
    done: tuple[Path, GenerativeResults], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("model_of", "anomalies_of", "traversal_of"):
        monkeypatch.delattr(explain, name)
    found, told = explained(wanting(folder, "digits"), folder, done[0])
    assert told.done
    assert all(stored for _, _, stored in told.done)
    assert found.models[0].model == done[1].models[0].model


def test_a_killed_run_goes_on_where_it_stopped(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(explain, "traversal_of", killed)
        with pytest.raises(KeyboardInterrupt):
            explained(wanting(folder, "digits"), folder, tmp_path)
    _, told = explained(wanting(folder, "digits"), folder, tmp_path)
    assert ("digits-3-vae", "anomalies", True) in told.done
    assert any(not stored for _, task, stored in told.done if task.startswith("latents"))


def test_what_results_hang_on_decides_what_is_made_anew(
    done: tuple[Path, GenerativeResults], folder: Path, tmp_path: Path
) -> None:
    out = Path(shutil.copytree(done[0], tmp_path / "out"))
    store = Workspace(out).store
    before = {kind: keys(store, kind) for kind in KINDS}
    explained(wanting(folder, "digits", n_latents=1), folder, out)
    assert keys(store, ANOMALIES) == before[ANOMALIES]
    assert len(keys(store, TRAVERSAL)) == 2 * len(before[TRAVERSAL])
    explained(wanting(folder, "digits", n_samples=3), folder, out)
    assert len(keys(store, ANOMALIES)) == 2 * len(before[ANOMALIES])


def test_pictures_of_known_factors_have_no_anomalies(folder: Path, tmp_path: Path) -> None:
    found, _ = explained(wanting(folder, "sprites", n_pictures=1, n_latents=2), folder, tmp_path)
    (one,) = found.models
    assert one.anomalies is None
    (traversal,) = one.traversals
    assert (traversal.name, len(traversal.latents)) == ("picture 368640", 2)
    assert traversal.latents[0].change >= traversal.latents[1].change
    assert traversal.latents[0].pictures.shape == (5, 1, 64, 64)
    assert one.model.slug == "dsprites-vae"


def test_a_build_explains_them_and_pages_find_them(finished: Path, pictures: Path, folder: Path) -> None:
    settings = wanting(folder, "digits")
    with pytest.raises(StoreError, match="gallery build"):
        load_generative(settings, Workspace(finished))
    place = Path(shutil.copytree(pictures, finished.parent / "with"))
    shutil.copytree(folder / "digits", place / "digits")
    job = Job(settings, place, Workspace(finished), "cpu")
    tried = Calibration(images=["alpha"], generative_s=9.0)
    assert estimate(job, [toy_classifier()], tried, "").parts["autoencoders"] == 9
    with pytest.MonkeyPatch.context() as patch:
        patch_classifiers(patch)
        run(place, finished, settings)
    assert estimate(job, [toy_classifier()], tried, "").parts["autoencoders"] == 0
    assert load_generative(settings, Workspace(finished)).models[0].model.title.startswith("Digit 3")


@pytest.mark.slow
def test_trying_images_times_them(pictures: Path, folder: Path, tmp_path: Path) -> None:
    settings = wanting(folder, "digits")
    place = Path(shutil.copytree(pictures, tmp_path / "with"))
    shutil.copytree(folder / "digits", place / "digits")
    tried = Calibration()
    with pytest.MonkeyPatch.context() as patch:
        patch_classifiers(patch)
        calibrate(Job(settings, place, Workspace(tmp_path / "out"), "cpu"), 1, tried, Recorder())
    assert tried.generative_s > 0


def test_pruning_keeps_what_the_files_in_use_made(done: tuple[Path, GenerativeResults]) -> None:
    store, sha256 = Workspace(done[0]).store, done[1].models[0].model.sha256
    for used, is_kept in ((frozenset({sha256}), True), (frozenset({"other"}), False)):
        keep = Keep(frozenset(), frozenset(), frozenset(), frozenset(), used)
        made = [
            (kind, path.stem, json.loads(path.read_bytes())["made_by"])
            for kind in KINDS
            for path in store.results(kind)
        ]
        assert made
        for kind, key, made_by in made:
            assert keep.needs(kind, key, lambda made_by=made_by: made_by) is is_kept  # type: ignore[misc]


def test_a_set_without_them_is_found_under_its_old_digest(folder: Path) -> None:
    plain = settings_of()
    assert settings_digest(plain) != settings_digest(wanting(folder, "digits"))
    assert load_generative(plain, Workspace(Path("nowhere"))) == GenerativeResults()


# --- what is refused ---------------------------------------------------------------------------------------


def refused(settings: SetSettings, folder: Path) -> str:
    """Return what the check before a build says, which comes before any work."""
    with pytest.raises(GalleryError) as caught:
        explain.check_generative(settings, folder)
    return str(caught.value)


def test_a_file_that_is_missing_or_another_is_refused(folder: Path, tmp_path: Path) -> None:
    settings = wanting(folder, "digits")
    assert "cannot be read" in refused(settings, tmp_path)
    shutil.copytree(folder / "digits", tmp_path / "digits")
    with (tmp_path / "digits" / CHECKPOINT).open("ab") as file:
        file.write(b" ")
    assert "its SHA-256 is" in refused(settings, tmp_path)
    problems = check_names(settings, tmp_path / "gallery.toml")
    assert any("SHA-256" in str(problem) for problem in problems)
    assert not [one for one in check_names(settings, folder / "gallery.toml") if "vae" in one.key]


def test_a_file_that_is_no_checkpoint_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / CHECKPOINT).write_bytes(b"\x08\0\0\0\0\0\0\0{}      ")
    with pytest.raises(TrainingError, match=r"vae.trained.'x/model.safetensors'"):
        explain.check_generative(wanting(tmp_path, "x"), tmp_path)


def test_data_that_are_not_here_or_others_are_named(tmp_path: Path) -> None:
    for part in ("train/good", "test/good", "test/hole", "ground_truth/hole"):
        (tmp_path / "data" / part).mkdir(parents=True)
    _write_category(tmp_path / "data")
    trained(tmp_path / "m", f"mvtec:{tmp_path / 'data'}")
    settings = wanting(tmp_path, "m", n_pictures=1)
    (tmp_path / "data").rename(tmp_path / "moved")
    assert "its data are not on this machine" in refused(settings, tmp_path)
    moved = wanting(tmp_path, "m", n_pictures=1, data={f"m/{CHECKPOINT}": "mvtec:moved"})
    found, _ = explained(moved, tmp_path, tmp_path / "out")
    assert found.models[0].model.source == "mvtec:"
    assert str(tmp_path) not in str(dataclasses.asdict(found.models[0].model))
    shutil.copy(tmp_path / "moved/test/hole/0.png", tmp_path / "moved/train/good/0.png")
    with pytest.raises(TrainingError, match="trained on other pictures"):
        explained(moved, tmp_path, tmp_path / "out")


def _write_category(root: Path) -> None:
    """Write a category in the MVTec-AD layout: two pictures of each kind."""
    pixels = stack(6).pixels[:, 0]
    for i in range(2):
        Image.fromarray(pixels[i]).save(root / f"train/good/{i}.png")
        Image.fromarray(pixels[2 + i]).save(root / f"test/good/{i}.png")
        Image.fromarray(255 - pixels[4 + i]).save(root / f"test/hole/{i}.png")
        mask = np.zeros((16, 16), np.uint8)
        mask[4:8, 4:8] = 255
        Image.fromarray(mask).save(root / f"ground_truth/hole/{i}_mask.png")


@pytest.mark.parametrize(
    ("vae", "message"),
    [
        ({}, "name at least one checkpoint"),
        ({"trained": {"a": "0" * 64}, "data": {"b": "digits:3"}}, "data names 'b'"),
        ({"trained": {"a": "short"}}, "String should match"),
        ({"trained": {"a": "0" * 64}, "n_latent": 3}, "Extra inputs"),
    ],
)
def test_a_table_that_cannot_be_meant_is_refused(vae: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        settings_of(vae=vae)


# --- results measured elsewhere ----------------------------------------------------------------------------


def measured(**changes: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return the document of a benchmark of three seeds."""
    accuracies = {"factor_vae": (0.5, 0.6, 0.7), "ad_factor_vae": (0.6, 0.6, 0.9)}
    runs = [
        {"family": f, "seed": s, "accuracy": a, "training_accuracy": a, "n_active": 5, "table": [[1]]}
        for f, values in accuracies.items()
        for s, a in enumerate(values)
    ]
    settings = {f: train_settings(f, steps=3000).as_json() for f in accuracies}
    document = {"steps": 3000, "runs": runs, "settings": settings, "n_votes": 800, "torch": "2.11.0"}
    return {**document, "device": "cpu", "published": ["ignored"], **changes}


def test_results_of_others_are_averaged_here(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(measured()))
    settings = settings_of(vae={"results": {"a.json": digest(tmp_path / "a.json")}})
    found, _ = explained(settings, tmp_path, tmp_path / "out")
    (one,) = found.disentanglement
    assert one.families == ("factor_vae", "ad_factor_vae")
    assert one.accuracy["factor_vae"].mean == pytest.approx(0.6)
    half = 4.302653 * 0.1 / 3**0.5
    assert one.difference.mean == pytest.approx(0.1)
    assert one.difference.high == pytest.approx(0.1 + half, abs=1e-5)
    assert one.settings["ad_factor_vae"]["attention"] == 1.0
    assert "seed" not in one.settings["factor_vae"]


def _without(runs: list[dict[str, Any]], place: int, **changes: Any) -> list[dict[str, Any]]:  # noqa: ANN401
    return [one | changes if i == place else one for i, one in enumerate(runs)]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"runs": _without(measured()["runs"], 0, seed=7)}, "the same seeds"),
        ({"runs": _without(measured()["runs"], 0, accuracy=1.2)}, r"runs.0.accuracy"),
        ({"runs": _without(measured()["runs"], 0, family="vae")}, "2 families"),
        ({"runs": measured()["runs"][:3]}, "2 families"),
        ({"settings": {}}, "settings"),
        ({"steps": 4000}, "differs from steps"),
    ],
)
def test_results_that_cannot_be_right_are_refused(changes: dict[str, Any], message: str) -> None:
    content = json.dumps(measured(**changes)).encode()
    with pytest.raises(ConfigError, match=f"vae.results.'a.json': .*{message}"):
        read_disentanglement(content, "a.json", "0" * 64)


def test_results_that_are_no_json_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"vae.results.'a.json'"):
        read_disentanglement(b"runs: 3", "a.json", "0" * 64)


def test_what_comes_along_is_what_is_listed() -> None:
    manifest = default_manifest()
    settings = load_settings(manifest)
    assert settings.vae is not None
    explain.check_generative(settings, manifest.parent)
    assert all((manifest.parent / name).stat().st_size <= 2 * 10**6 for name in settings.vae.trained)
