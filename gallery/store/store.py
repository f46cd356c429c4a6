"""Content-addressed results on disk: written atomically, checked when read, found by what made them.

Layout: ``<root>/<kind>/<first two digits>/<key>.json`` and, for records with arrays, ``<key>.npz`` beside it.
The JSON is written last and names the checksum of the arrays, so a result exists completely or not at all:
a build can be killed at any moment.
"""

import hashlib
import io
import json
import logging
import os
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from gallery.errors import StoreError
from gallery.store.codec import Arrays, decode, encode
from gallery.store.keys import canonical_json, result_key

SCHEMA = 1
RecordT = TypeVar("RecordT")
log = logging.getLogger(__name__)


def write_atomic(path: Path, data: bytes) -> None:
    """Write ``data`` so that readers see the old file or the new one, never a part.

    Raises:
        StoreError: If the file cannot be written; the old one is untouched.
    """
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".part-", delete=False) as file:
            temporary = Path(file.name)
            file.write(data)
        temporary.chmod(0o644)
        os.replace(temporary, path)
    except OSError as error:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        raise StoreError(f"{path}: cannot be written ({error.strerror}). Free space or choose another --out.") from error


def pack_arrays(arrays: Mapping[str, Any], *, compress: bool) -> bytes:
    """Return arrays as npz bytes; the same arrays always give the same bytes."""
    buffer = io.BytesIO()
    save = np.savez_compressed if compress else np.savez
    save(buffer, allow_pickle=False, **{name: arrays[name] for name in sorted(arrays)})
    return buffer.getvalue()


class _Raw:
    """Stands for a record whose form does not matter."""


class Store:
    """Results under one folder."""

    def __init__(self, root: Path) -> None:
        """Use ``root``, which is created when something is stored."""
        self.root = root

    def path(self, kind: str, key: str) -> Path:
        """Return where the JSON of a result is or would be."""
        return self.root / kind / key[:2] / f"{key}.json"

    def is_sound(self, kind: str, made_by: Mapping[str, Any]) -> bool:
        """Return whether a result is there and undamaged; damage is logged."""
        return self.get(kind, made_by, _Raw) is not None

    def put(self, kind: str, made_by: Mapping[str, Any], record: object) -> str:
        """Store a record and return its key.

        Raises:
            StoreError: If it cannot be written.
        """
        key = result_key(kind, made_by)
        value, arrays = encode(record)
        path = self.path(kind, key)
        head: dict[str, Any] = {"schema": SCHEMA, "kind": kind, "made_by": made_by, "record": value}
        if arrays:
            packed = pack_arrays({_safe(name): array for name, array in arrays.items()}, compress=True)
            write_atomic(path.with_suffix(".npz"), packed)
            head["arrays_sha256"] = hashlib.sha256(packed).hexdigest()
        head["record_sha256"] = hashlib.sha256(canonical_json(value).encode()).hexdigest()
        write_atomic(path, json.dumps(head, indent=1, sort_keys=True, allow_nan=False).encode())
        return key

    def get(self, kind: str, made_by: Mapping[str, Any], record: type[RecordT]) -> RecordT | None:
        """Return the result made by ``made_by``, or None if it is not there or damaged (which is logged)."""
        return self.get_by_key(kind, result_key(kind, made_by), record)

    def get_by_key(self, kind: str, key: str, record: type[RecordT]) -> RecordT | None:
        """Return the result stored under ``key``, or None if it is not there or damaged (which is logged)."""
        path = self.path(kind, key)
        try:
            head = json.loads(path.read_bytes())
        except FileNotFoundError:
            return None
        except (ValueError, OSError) as error:
            log.warning("%s is damaged (%s); it will be computed again.", path, error)
            return None
        try:
            value, arrays = _checked(head), self._arrays(path, head)
            return record() if record is _Raw else decode(record, value, arrays)
        except (StoreError, OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
            log.warning("%s is damaged (%s); it will be computed again.", path, error)
            return None

    def _arrays(self, path: Path, head: Mapping[str, Any]) -> Arrays:
        if "arrays_sha256" not in head:
            return {}
        packed = path.with_suffix(".npz").read_bytes()
        if hashlib.sha256(packed).hexdigest() != head["arrays_sha256"]:
            raise StoreError("the checksum of its arrays is wrong")
        with np.load(io.BytesIO(packed), allow_pickle=False) as file:
            return {_unsafe(name): file[name] for name in file.files}


def _checked(head: Any) -> Any:  # noqa: ANN401
    """Return the record of a stored file after checking schema and checksum."""
    if not isinstance(head, dict) or head.get("schema") != SCHEMA:
        raise StoreError("it was written by another version")
    if hashlib.sha256(canonical_json(head["record"]).encode()).hexdigest() != head["record_sha256"]:
        raise StoreError("its checksum is wrong")
    return head["record"]


def _safe(name: str) -> str:
    """Return an array's path as a zip member name: no leading slash."""
    return name.removeprefix("/").replace("/", "__")


def _unsafe(name: str) -> str:
    return "/" + name.replace("__", "/")
