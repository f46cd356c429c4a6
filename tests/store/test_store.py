import errno
import hashlib
import io
import json
import logging
import os
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gallery.errors import StoreError
from gallery.records import Heatmap, Prediction, TopClass
from gallery.store.keys import canonical_json, result_key
from gallery.store.store import Store, pack_arrays, write_atomic
from tests.store.records import HEATMAP
from tests.store.test_codec import same

MADE_BY = {"image": "i", "options": {"n": 1}}


class Unpickled(Exception):  # noqa: N818
    """Raised by unpickling ``Bomb``."""


class Bomb:
    """An object whose unpickling is noticed."""

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return _explode, ("unpickled",)


def _explode(text: str) -> None:
    raise Unpickled(text)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Return a store with one heatmap in it."""
    store = Store(tmp_path / "store")
    store.put("heatmap", MADE_BY, HEATMAP)
    return store


@pytest.fixture
def json_file(store: Store) -> Path:
    """Return the JSON of the stored heatmap."""
    return store.path("heatmap", result_key("heatmap", MADE_BY))


def get(store: Store) -> Heatmap | None:
    """Return the stored heatmap."""
    return store.get("heatmap", MADE_BY, Heatmap)


def test_what_is_put_is_got(store: Store) -> None:
    assert same(get(store), HEATMAP)


def test_what_was_not_put_is_not_got_and_not_reported(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    assert store.get("heatmap", {**MADE_BY, "image": "j"}, Heatmap) is None
    assert not caplog.records


def test_the_layout_is_as_documented(store: Store, json_file: Path) -> None:
    key = result_key("heatmap", MADE_BY)
    assert json_file == store.root / "heatmap" / key[:2] / f"{key}.json"
    assert sorted(p.name for p in store.root.rglob("*") if p.is_file()) == [f"{key}.json", f"{key}.npz"]


def test_a_record_without_arrays_has_no_npz(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.put("prediction", {}, Prediction(0, "x", 0.5, (TopClass(0, "x", 0.5),)))
    assert [p.suffix for p in tmp_path.rglob("*") if p.is_file()] == [".json"]


def test_the_same_record_gives_the_same_bytes(store: Store, tmp_path: Path) -> None:
    other = Store(tmp_path / "other")
    other.put("heatmap", dict(reversed(MADE_BY.items())), replace(HEATMAP, values=HEATMAP.values.copy()))
    files = [
        {p.relative_to(s.root): p.read_bytes() for p in s.root.rglob("*") if p.is_file()}
        for s in (store, other)
    ]
    assert files[0] == files[1]


def test_numpy_reads_the_arrays(json_file: Path) -> None:
    with np.load(json_file.with_suffix(".npz"), allow_pickle=False) as file:
        assert sorted(file.files) == ["native", "values"]
        np.testing.assert_array_equal(file["values"], HEATMAP.values)


@pytest.mark.parametrize("name", ["file", "allow_pickle", "a/b", "a__b", "../x", "\N{SNOWMAN}"])
def test_arrays_may_have_any_name(tmp_path: Path, name: str) -> None:
    store, record = Store(tmp_path), {name: np.arange(3)}
    store.put("k", {}, record)
    found = store.get("k", {}, dict[str, Any])
    assert same(record, found)


def test_packing_needs_no_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    before = pack_arrays({"b": np.zeros(2), "a": np.ones((2, 2), np.float32, order="F")})
    monkeypatch.setattr("time.time", lambda: 2e9)
    monkeypatch.setattr("time.localtime", lambda *_: (2033, 5, 18, 3, 33, 20, 2, 138, 0))
    assert pack_arrays({"a": np.ones((2, 2), np.float32, order="F"), "b": np.zeros(2)}) == before


# --- interrupted and damaged ------------------------------------------------------------------------------


def test_killed_between_arrays_and_json_there_is_no_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    store = Store(tmp_path)

    def write_then_die(path: Path, data: bytes) -> None:
        write_atomic(path, data)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("gallery.store.store.write_atomic", write_then_die)
        with pytest.raises(KeyboardInterrupt):
            store.put("heatmap", MADE_BY, HEATMAP)
    assert [p.suffix for p in tmp_path.rglob("*") if p.is_file()] == [".npz"]
    assert get(store) is None
    assert not caplog.records
    store.put("heatmap", MADE_BY, HEATMAP)
    assert same(get(store), HEATMAP)


def test_leftovers_of_a_killed_write_are_ignored(store: Store, json_file: Path) -> None:
    (json_file.parent / ".part-abc").write_bytes(b"{")
    assert same(get(store), HEATMAP)


def test_new_arrays_under_an_old_json_are_noticed(store: Store, json_file: Path) -> None:
    packed = pack_arrays({"values": HEATMAP.values + 1, "native": HEATMAP.native})
    json_file.with_suffix(".npz").write_bytes(packed)
    assert get(store) is None


def damage(
    store: Store, file: Path, change: Callable[[bytes], bytes], caplog: pytest.LogCaptureFixture
) -> None:
    """Check that a change of a file is noticed and logged, and heals with the next put."""
    file.write_bytes(change(file.read_bytes()))
    with caplog.at_level(logging.WARNING):
        assert get(store) is None
    assert "is damaged" in caplog.text
    assert "computed again" in caplog.text
    store.put("heatmap", MADE_BY, HEATMAP)
    assert same(get(store), HEATMAP)


@pytest.mark.parametrize("suffix", [".json", ".npz"])
@pytest.mark.parametrize("share", [0, 0.01, 0.5, 0.99])
def test_truncation_is_noticed(
    store: Store, json_file: Path, suffix: str, share: float, caplog: pytest.LogCaptureFixture
) -> None:
    damage(store, json_file.with_suffix(suffix), lambda data: data[: int(len(data) * share)], caplog)


@pytest.mark.parametrize("suffix", [".json", ".npz"])
def test_no_flipped_bit_goes_unnoticed(store: Store, json_file: Path, suffix: str) -> None:
    file = json_file.with_suffix(suffix)
    data = file.read_bytes()
    for place in range(0, len(data), 7):
        file.write_bytes(data[:place] + bytes([data[place] ^ 4]) + data[place + 1 :])
        found = get(store)
        assert found is None or same(found, HEATMAP), place  # a flipped blank of the JSON changes nothing
    file.write_bytes(data)


def test_missing_arrays_are_noticed(store: Store, json_file: Path, caplog: pytest.LogCaptureFixture) -> None:
    json_file.with_suffix(".npz").unlink()
    assert get(store) is None
    assert "arrays are missing" in caplog.text


@pytest.mark.parametrize("content", [b"[]", b"1", b"{}", b"\xff", b'{"schema": 1}', b'{"schema": 2}'])
def test_other_json_is_noticed(
    store: Store, json_file: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    damage(store, json_file, lambda _: content, caplog)


def test_a_result_under_the_wrong_name_is_not_taken(
    store: Store, json_file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    other = {**MADE_BY, "image": "j"}
    path = store.path("heatmap", result_key("heatmap", other))
    path.parent.mkdir(parents=True, exist_ok=True)
    for suffix in (".json", ".npz"):
        path.with_suffix(suffix).write_bytes(json_file.with_suffix(suffix).read_bytes())
    assert store.get("heatmap", other, Heatmap) is None
    assert "something else" in caplog.text


def test_a_record_of_another_form_is_noticed(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    assert store.get("heatmap", MADE_BY, Prediction) is None
    assert "does not match this version" in caplog.text


def test_objects_are_never_unpickled(store: Store, json_file: Path, caplog: pytest.LogCaptureFixture) -> None:
    evil = np.array([Bomb()], dtype=object)
    buffer = io.BytesIO()
    np.savez(buffer, values=evil, native=HEATMAP.native)
    with pytest.raises(Unpickled), np.load(io.BytesIO(buffer.getvalue()), allow_pickle=True) as file:
        file["values"]
    head = json.loads(json_file.read_bytes())
    head["arrays_sha256"] = hashlib.sha256(buffer.getvalue()).hexdigest()
    json_file.write_text(json.dumps(head))
    json_file.with_suffix(".npz").write_bytes(buffer.getvalue())
    assert get(store) is None
    assert "allow_pickle" in caplog.text


def test_objects_are_never_pickled(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Object arrays"):
        Store(tmp_path).put("heatmap", {}, replace(HEATMAP, values=np.array([Bomb()], dtype=object)))


def test_a_file_that_only_looks_like_a_zip_is_noticed(store: Store, json_file: Path) -> None:
    head = json.loads(json_file.read_bytes())
    head["arrays_sha256"] = hashlib.sha256(b"PK\x03\x04").hexdigest()
    json_file.write_text(json.dumps(head))
    json_file.with_suffix(".npz").write_bytes(b"PK\x03\x04")
    assert get(store) is None


def test_nan_among_the_numbers_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="heatmap: the result holds NaN"):
        Store(tmp_path).put("heatmap", {}, replace(HEATMAP, seconds=float("nan")))
    assert not list(tmp_path.rglob("*"))


def test_the_checksum_is_over_the_record(json_file: Path) -> None:
    head = json.loads(json_file.read_bytes())
    text = canonical_json(head["record"])
    assert head["record_sha256"] == hashlib.sha256(text.encode()).hexdigest()
    assert head["made_by"] == MADE_BY


# --- writing ----------------------------------------------------------------------------------------------


def _full(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.json"
    write_atomic(file, b"old")

    class Full:
        """A temporary file on a full disk."""

        def __init__(self, *_: object, **__: object) -> None:
            handle, self.name = tempfile.mkstemp(dir=tmp_path, prefix=".part-")
            os.close(handle)

        def __enter__(self) -> "Full":
            return self

        def __exit__(self, *_: object) -> None:
            return None

        write = _full

    monkeypatch.setattr("gallery.store.store.tempfile.NamedTemporaryFile", Full)
    with pytest.raises(StoreError, match=r"a\.json: cannot be written \(No space left on device\)"):
        write_atomic(file, b"new")
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]
    assert file.read_bytes() == b"old"


def test_a_replacement_that_fails_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a.json"
    write_atomic(file, b"old")
    monkeypatch.setattr(Path, "replace", _full)
    with pytest.raises(StoreError):
        write_atomic(file, b"new")
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]
    assert file.read_bytes() == b"old"


def test_an_interrupt_leaves_no_draft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_atomic(tmp_path / "a.json", b"new")
    assert not list(tmp_path.iterdir())


def test_a_file_in_the_place_of_a_folder_is_a_plain_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreError, match="cannot be written"):
        write_atomic(tmp_path / "file" / "a.json", b"x")


def test_members_of_an_npz_are_no_paths(tmp_path: Path) -> None:
    store = Store(tmp_path)
    key = store.put("k", {}, {"../../etc": np.zeros(1)})
    with zipfile.ZipFile(store.path("k", key).with_suffix(".npz")) as file:
        assert all("/" not in name for name in file.namelist())
