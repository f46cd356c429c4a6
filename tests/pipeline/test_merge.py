"""Shards explained apart and merged equal one run; nothing contradictory gets in, nothing gets lost."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from gallery.config import SetSettings
from gallery.errors import StoreError
from gallery.pipeline.build import Job, explain_set
from gallery.pipeline.index import SHARD, ResultsIndex, load_results, settings_digest, shard_made_by
from gallery.pipeline.merge import join_shards, merge_stores
from gallery.pipeline.shard import Shard
from gallery.pipeline.workspace import Workspace
from gallery.records import Measurement
from gallery.store.store import Store
from tests.pipeline.real_set import records_of
from tests.pipeline.toy import Recorder, files_of, patch_classifiers, settings_of

pytestmark = pytest.mark.usefixtures("toys")
TWO = {"classifiers": ["toy:4", "toy:8"], "measures": {"names": ["sparseness"]}, "methods": {"grad_cam": {}}}
SETTINGS = settings_of(**TWO)


def change(store: Store, **changes: Any) -> Path:  # noqa: ANN401
    """Change fields of the first stored measurement, and return its file."""
    path = next(store.results("measurement"))
    record = store.get_by_key("measurement", path.stem, Measurement)
    assert record is not None
    store.put("measurement", json.loads(path.read_bytes())["made_by"], replace(record, **changes))
    return path


def explain(folder: Path, out: Path, shard: str = "1/1", settings: SetSettings = SETTINGS) -> ResultsIndex:
    """Explain a shard of the tiny set."""
    job = Job(settings, folder, Workspace(out), "cpu", Shard.parse(shard))
    return explain_set(job, Recorder())


@pytest.fixture(scope="module")
def once(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """Return workspaces in which the whole set, and each of its two shards, has been explained."""
    outs = [tmp_path_factory.mktemp(name) for name in ("whole", "one", "two")]
    with pytest.MonkeyPatch.context() as patch:
        patch_classifiers(patch)
        for out, shard in zip(outs, ("1/1", "1/2", "2/2"), strict=True):
            explain(pictures, out, shard)
    return outs[0], outs[1], outs[2]


@pytest.fixture
def shards(once: tuple[Path, Path, Path], tmp_path: Path) -> tuple[Path, Path]:
    """Return copies of the shards' workspaces, to be changed."""
    return shutil.copytree(once[1], tmp_path / "one"), shutil.copytree(once[2], tmp_path / "two")


def merge(outs: tuple[Path, ...], into: Path, folder: Path, settings: SetSettings = SETTINGS) -> ResultsIndex:
    """Merge workspaces and join the shards in them."""
    workspace = Workspace(into)
    merge_stores([Workspace(out).store for out in outs], workspace.store, Recorder())
    return join_shards(settings, folder, workspace)


def test_a_shard_has_its_images_only_and_leaves_the_index_alone(once: tuple[Path, Path, Path]) -> None:
    store = Workspace(once[1]).store
    index = store.get(SHARD, shard_made_by(settings_digest(SETTINGS), Shard(1, 2)), ResultsIndex)
    assert index is not None
    assert [(e.image, e.classifier) for e in index.entries] == [
        (image, toy) for image in ("alpha", "gamma") for toy in ("toy-4", "toy-8")
    ]
    assert not Workspace(once[1]).index.exists()


def test_shards_merged_equal_one_run(once: tuple[Path, Path, Path], pictures: Path, tmp_path: Path) -> None:
    whole, *parts = once
    merge(tuple(parts), tmp_path, pictures)
    assert Workspace(tmp_path).index.read_bytes() == Workspace(whole).index.read_bytes()
    assert records_of(Workspace(tmp_path).store) == records_of(Workspace(whole).store)
    assert len(records_of(Workspace(whole).store)) == 96


def test_merging_again_copies_nothing(shards: tuple[Path, Path], pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    merge(shards, out, pictures)
    before = files_of(out)
    again = merge_stores([Workspace(one).store for one in shards], Workspace(out).store, Recorder())
    assert (again.n_copied, again.damaged) == (0, [])
    assert again.n_known > 90
    assert files_of(out) == before


def test_a_missing_shard_is_named(shards: tuple[Path, Path], pictures: Path, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"shards 2/2 are missing\. Run `gallery measure --shard"):
        merge(shards[:1], tmp_path / "out", pictures)
    with pytest.raises(StoreError, match="no shards of this set with these settings"):
        merge(shards, tmp_path / "out", pictures, settings_of())


def test_a_contradiction_is_refused_and_nothing_is_lost(
    shards: tuple[Path, Path], pictures: Path, tmp_path: Path
) -> None:
    out = Path(shutil.copytree(shards[0], tmp_path / "out"))
    path = change(Workspace(shards[0]).store, value=17.25, seconds=9.0)
    before = files_of(out)
    with pytest.raises(StoreError, match=r"1 result of the same name differ") as error:
        merge(shards, out, pictures)
    assert path.name in str(error.value)
    assert "record.value is 17.25 in one and" in str(error.value)
    after = files_of(out)
    assert {name: after[name] for name in before} == before
    assert len(after) > len(before)  # the other results did get in
    assert not Workspace(out).index.exists()


def test_wall_times_and_devices_are_no_contradiction(
    shards: tuple[Path, Path], pictures: Path, tmp_path: Path
) -> None:
    out = Path(shutil.copytree(shards[0], tmp_path / "out"))
    change(Workspace(shards[0]).store, seconds=99.0)
    assert len(merge(shards, out, pictures).entries) == 8


def test_a_damaged_result_is_left_out_and_named(
    shards: tuple[Path, Path], pictures: Path, tmp_path: Path
) -> None:
    store, out = Workspace(shards[0]).store, Workspace(tmp_path / "out")
    path = next(store.results("heatmap"))
    path.write_bytes(path.read_bytes()[:-7])
    merged = merge_stores([store], out.store, Recorder())
    assert [where for where, _ in merged.damaged] == [str(path)]
    index = merge(shards, tmp_path / "out", pictures)
    with pytest.raises(StoreError, match="Run `gallery build` again"):
        list(load_results(index, out))


def test_what_is_damaged_in_the_target_is_replaced(
    shards: tuple[Path, Path], pictures: Path, tmp_path: Path
) -> None:
    out = Path(shutil.copytree(shards[0], tmp_path / "out"))
    path = next(Workspace(out).store.results("heatmap"))
    path.with_suffix(".npz").write_bytes(b"torn")
    index = merge(shards, out, pictures)
    assert len(list(load_results(index, Workspace(out)))) == 8


def test_shards_of_other_versions_do_not_fit_together(
    shards: tuple[Path, Path], pictures: Path, tmp_path: Path
) -> None:
    store, made_by = Workspace(shards[1]).store, shard_made_by(settings_digest(SETTINGS), Shard(2, 2))
    index = store.require(SHARD, made_by, ResultsIndex)
    versions = {**index.catalogue.versions, "torch": "1.0"}
    store.put(SHARD, made_by, replace(index, catalogue=replace(index.catalogue, versions=versions)))
    with pytest.raises(StoreError, match=r"some with torch 1\.0: their results do not fit together"):
        merge(shards, tmp_path / "out", pictures)


def test_devices_of_all_shards_are_listed(shards: tuple[Path, Path], pictures: Path, tmp_path: Path) -> None:
    store, made_by = Workspace(shards[1]).store, shard_made_by(settings_digest(SETTINGS), Shard(2, 2))
    index = store.require(SHARD, made_by, ResultsIndex)
    store.put(SHARD, made_by, replace(index, catalogue=replace(index.catalogue, device="H100 (x)")))
    joined = merge(shards, tmp_path / "out", pictures)
    assert joined.catalogue.device == f"{index.catalogue.device}, H100 (x)"


def test_a_set_that_has_grown_is_noticed(pictures: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(pictures, tmp_path / "pictures"))
    settings = settings_of(**{**TWO, "images": [{"source": "folder:."}]})
    for shard in ("1/2", "2/2"):
        explain(folder, tmp_path / "out", shard, settings)
    Image.new("RGB", (40, 40), "red").save(folder / "late.png")
    with pytest.raises(StoreError, match=r"has changed since its shards were explained \(image 'late'\)"):
        join_shards(settings, folder, Workspace(tmp_path / "out"))


def test_failures_of_all_shards_are_kept(pictures: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(pictures, tmp_path / "pictures"))
    (folder / "beta.png").write_bytes(b"no picture")
    out = tmp_path / "out"
    whole = explain(folder, tmp_path / "whole")
    for shard in ("1/2", "2/2"):
        explain(folder, out, shard)
    joined = join_shards(SETTINGS, folder, Workspace(out))
    assert [f.image_id for f in joined.failures] == ["beta", "grid"]
    assert joined == whole
