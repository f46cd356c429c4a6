"""Looking after a store: nothing that a set needs ever goes, and damage is found."""

from dataclasses import replace
from pathlib import Path

import pytest

from gallery.errors import GalleryError, StoreError
from gallery.operations.keep import Keep
from gallery.operations.needs import keep_of
from gallery.operations.upkeep import by_kind, damaged, leftovers, prune
from gallery.pipeline.build import Job, explain_set
from tests.pipeline.toy import Recorder, ToyNet, files_of, settings_of

NOTHING = Keep(frozenset(), frozenset(), frozenset(), frozenset())


def changed(job: Job, **settings: object) -> Job:
    """Return the set with other settings in the same workspace."""
    return replace(job, settings=settings_of(**settings))


def test_counts_and_bytes_are_those_of_the_files(job: Job) -> None:
    root = job.workspace.store.root
    shares = by_kind(job.workspace.store)
    assert sum(one.n_bytes for one in shares.values()) == sum(map(len, files_of(root).values()))
    assert (shares["search"].n, shares["heatmap"].n) == (4, 12)


def test_a_whole_store_has_no_damage(job: Job) -> None:
    seen: list[Path] = []
    assert list(damaged(job.workspace.store, seen.append)) == []
    assert len(seen) == sum(one.n for one in by_kind(job.workspace.store).values())


def test_every_kind_of_damage_is_found(job: Job) -> None:
    store = job.workspace.store
    heatmaps = sorted((store.root / "heatmap").rglob("*.npz"))
    flipped = bytearray(heatmaps[0].read_bytes())
    flipped[len(flipped) // 2] ^= 1
    heatmaps[0].write_bytes(flipped)
    heatmaps[1].unlink()
    searches = sorted((store.root / "search").rglob("*.json"))
    searches[0].write_bytes(searches[0].read_bytes()[:100])
    searches[1].write_text(searches[1].read_text().replace('"n_scored": ', '"n_scored": 1'))
    searches[2].rename(searches[2].with_name(searches[2].name[:4] + "0" * 60 + ".json"))
    found = {path.relative_to(store.root).parts[0]: 0 for path, _ in damaged(store, lambda _: None)}
    reasons = sorted(reason.split(":")[0] for _, reason in damaged(store, lambda _: None))
    assert set(found) == {"heatmap", "search"}
    assert len(reasons) == 5
    for text in ("the checksum of its arrays is wrong", "its arrays are missing", "its checksum is wrong",
                 "it is the result of something else"):  # fmt: skip
        assert text in reasons


def test_nothing_a_set_needs_is_removed_and_nothing_has_to_be_computed_again(job: Job) -> None:
    before = files_of(job.workspace.store.root)
    done = prune(job.workspace.store, keep_of(job, Recorder()), remove=True)
    assert done.removed == {}
    assert files_of(job.workspace.store.root) == before
    ToyNet.passes = 0
    explain_set(job, recorder := Recorder())
    assert all(stored for *_, stored in recorder.done)


def test_what_only_another_set_needs_goes_and_its_own_stays(job: Job) -> None:
    other = changed(job, search={"p_high": 0.7}, methods={"grad_cam": {}, "xgrad_cam": {}})
    before = set(files_of(job.workspace.store.root))
    explain_set(other, Recorder())
    both = set(files_of(job.workspace.store.root))
    keep = keep_of(job, Recorder())
    counted = prune(job.workspace.store, keep, remove=False)
    assert set(files_of(job.workspace.store.root)) == both
    removed = prune(job.workspace.store, keep, remove=True)
    assert removed == counted
    assert set(files_of(job.workspace.store.root)) == before
    assert removed.removed["search"].n == 4
    assert (
        prune(job.workspace.store, Keep.all_of([keep, keep_of(other, Recorder())]), remove=True).removed == {}
    )


def test_results_of_an_image_whose_prediction_is_lost_stay(job: Job) -> None:
    store = job.workspace.store
    lost = min((store.root / "prediction").rglob("*.json"))
    lost.unlink()
    before = files_of(store.root)
    prune(store, keep_of(job, Recorder()), remove=True)
    assert files_of(store.root) == before


def test_without_a_photograph_nothing_is_pruned(job: Job) -> None:
    (job.folder / "beta.png").unlink()
    with pytest.raises(GalleryError, match=r"beta.*nobody knows which stored results"):
        keep_of(job, Recorder())


def test_damaged_results_stay_and_leftovers_go(job: Job) -> None:
    store = job.workspace.store
    broken = min((store.root / "search").rglob("*.json"))
    broken.write_bytes(b"{")
    part, alone, foreign = (broken.with_name(name) for name in (".part-x", "ab.npz", "notes.txt"))
    for path in (part, alone, foreign):
        path.write_bytes(b"x")
    assert leftovers(store) == sorted([part, alone])
    prune(store, NOTHING, remove=True)
    assert sorted(path.name for path in store.root.rglob("*") if path.is_file()) == sorted(
        [broken.name, foreign.name]
    )


def test_a_result_that_cannot_be_removed_is_named(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(StoreError, match=r"\.json: cannot be removed \(Permission denied\)"):
        prune(job.workspace.store, NOTHING, remove=True)
