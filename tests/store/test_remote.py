"""A store behind an address: the same files as in a folder, and clear words where the service fails."""

import logging
import pickle
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import fsspec
import pytest

from gallery.errors import ConfigError, UnreachableError
from gallery.records import Heatmap
from gallery.store.keys import result_key
from gallery.store.merge import Merged, merge
from gallery.store.places import open_store
from gallery.store.remote import RemoteStore
from gallery.store.store import Store
from tests.store.records import HEATMAP
from tests.store.test_codec import same

MADE_BY = {"image": "i", "options": {"n": 1}}


@pytest.fixture
def store() -> Iterator[Store]:
    """Return a store in memory with one heatmap in it."""
    store = open_store("memory://bucket/gallery")
    store.put("heatmap", MADE_BY, HEATMAP)
    yield store
    fsspec.filesystem("memory").store.clear()


def copy(source: Store, target: Store) -> Merged:
    """Merge a store into another."""
    merged = Merged()
    merge(source, target, merged, lambda: None)
    return merged


def test_what_is_put_is_got(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    assert isinstance(store, RemoteStore)
    assert same(store.get("heatmap", MADE_BY, Heatmap), HEATMAP)
    assert store.get("heatmap", {}, Heatmap) is None
    assert not caplog.records


def test_the_files_are_those_of_a_folder(store: Store, tmp_path: Path) -> None:
    folder = Store(tmp_path / "a")
    folder.put("heatmap", MADE_BY, HEATMAP)
    assert [p.name for p in store.results()] == [p.name for p in folder.results()]
    path = store.path("heatmap", result_key("heatmap", MADE_BY))
    for file in (path, path.with_suffix(".npz")):
        assert store.read(file) == (folder.root / file.relative_to(store.root)).read_bytes()


@pytest.mark.parametrize("suffix", [".json", ".npz"])
def test_a_torn_file_is_noticed_and_heals(
    store: Store, caplog: pytest.LogCaptureFixture, suffix: str
) -> None:
    file = store.path("heatmap", result_key("heatmap", MADE_BY)).with_suffix(suffix)
    store.write(file, store.read(file)[:-9])
    with caplog.at_level(logging.WARNING):
        assert store.get("heatmap", MADE_BY, Heatmap) is None
    assert "memory:///bucket/gallery/heatmap" in caplog.text
    store.put("heatmap", MADE_BY, HEATMAP)
    assert same(store.get("heatmap", MADE_BY, Heatmap), HEATMAP)


def test_stores_are_copied_there_and_back(store: Store, tmp_path: Path) -> None:
    folder = Store(tmp_path)
    assert copy(store, folder).n_copied == 1
    assert same(folder.get("heatmap", MADE_BY, Heatmap), HEATMAP)
    assert copy(folder, store).n_known == 1
    folder.put("heatmap", MADE_BY, replace(HEATMAP, values=HEATMAP.values + 1))
    [(where, difference)] = copy(folder, store).contradictory
    assert where.startswith(str(tmp_path))
    assert difference.startswith("memory:///bucket/gallery/heatmap/")
    assert difference.endswith("array /values")


def test_a_store_travels_to_other_processes_as_its_address(store: Store) -> None:
    there = pickle.loads(pickle.dumps(store))
    assert same(there.get("heatmap", MADE_BY, Heatmap), HEATMAP)


@pytest.mark.parametrize("what", ["read", "write", "results"])
def test_a_service_that_fails_is_not_taken_for_damage(
    store: Store, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise RuntimeError("403 Forbidden")

    for name in ("cat_file", "pipe_file", "ls"):
        monkeypatch.setattr(type(fsspec.filesystem("memory")), name, refuse)
    calls: dict[str, Any] = {
        "read": lambda: store.get("heatmap", MADE_BY, Heatmap),
        "write": lambda: store.put("heatmap", {}, HEATMAP),
        "results": lambda: list(store.results()),
    }
    with pytest.raises(UnreachableError, match=r"^memory:///bucket/gallery.*\(403 Forbidden\)\. Check the"):
        calls[what]()


def test_files_are_listed_and_removed(store: Store) -> None:
    files = dict(store.files())
    assert {path: len(store.read(path)) for path in files} == files
    assert len(files) == 2
    for path in [*files, next(iter(files))]:
        store.remove(path)
    assert not list(store.files())


def test_unknown_addresses_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"--store nope://\.\.\.: .*nope"):
        open_store("nope://user:secret@host/x")


def test_file_addresses_and_paths_are_folders(tmp_path: Path) -> None:
    assert type(open_store(f"file://{tmp_path}")) is Store
    assert open_store(f"file://{tmp_path}").root == open_store(str(tmp_path)).root == tmp_path
