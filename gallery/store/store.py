"""Content-addressed results on disk: written atomically, checked when read, found by what made them.

Layout: ``<root>/<kind>/<first two digits>/<key>.json`` and, for records with arrays, ``<key>.npz`` beside it.
The JSON is written last and names the checksum of the arrays, so a result exists completely or not at all:
a build can be killed at any moment.
"""

import hashlib
import io
import json
import logging
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, unquote

import numpy as np

from gallery.errors import StoreError, UnreachableError, remedy
from gallery.store.codec import Arrays, decode, encode
from gallery.store.keys import canonical_json, result_key

SCHEMA = 1
EPOCH = (1980, 1, 1, 0, 0, 0)
"""Date of every member of an npz: the earliest that zip knows."""
PART = ".part-"
"""How names of files begin that are being written."""
RecordT = TypeVar("RecordT")
log = logging.getLogger(__name__)
UNREADABLE = (StoreError, OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile)
"""What reading a damaged result raises."""


def write_atomic(path: Path, data: bytes) -> None:
    """Write ``data`` so that readers see the old file or the new one, never a part.

    Raises:
        StoreError: If the file cannot be written; the old one is untouched.
    """
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=PART, delete=False) as file:
            temporary = Path(file.name)
            file.write(data)
        temporary.chmod(0o644)
        temporary.replace(path)
    except BaseException as error:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            reason = error.strerror or error
            raise StoreError(f"{path}: cannot be written ({reason}). {remedy(error)}") from error
        raise


def remove_unfinished(folder: Path) -> None:
    """Remove what killed processes left half written anywhere below ``folder``; no other may be writing."""
    for part in folder.rglob(f"{PART}*"):
        part.unlink(missing_ok=True)


def pack_arrays(arrays: Mapping[str, Any]) -> bytes:
    """Return arrays as compressed npz bytes, as ``numpy.load`` reads them; the same arrays, the same bytes.

    Written here and not by ``numpy.savez``, which takes no array called "file" and, before NumPy 2.3, stores
    ``allow_pickle`` as an array of that name.

    Raises:
        ValueError: If an array holds Python objects.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name in sorted(arrays):
            member = io.BytesIO()
            np.lib.format.write_array(member, np.asanyarray(arrays[name]), allow_pickle=False)
            info = zipfile.ZipInfo(f"{name}.npy", EPOCH)
            info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            file.writestr(info, member.getvalue())
    return buffer.getvalue()


class Store:
    """Results under one folder."""

    def __init__(self, root: Path) -> None:
        """Use ``root``, which is created when something is stored."""
        self.root = root

    def path(self, kind: str, key: str) -> Path:
        """Return where the JSON of a result is or would be."""
        return self.root / kind / key[:2] / f"{key}.json"

    def where(self, path: Path) -> str:
        """Return how messages name a file of this store."""
        return str(path)

    def read(self, path: Path) -> bytes:
        """Return the content of a file of this store.

        Raises:
            FileNotFoundError: If there is none; its ``filename`` is ``path``.
            OSError: If it cannot be read.
        """
        return path.read_bytes()

    def write(self, path: Path, data: bytes) -> None:
        """Write a file of this store, completely or not at all.

        Raises:
            StoreError: If it cannot be written.
        """
        write_atomic(path, data)

    def results(self, kind: str = "") -> Iterator[Path]:
        """Yield the JSON file of every result, or of one kind, in an order that is the same every time."""
        for place in [self.root / kind] if kind else sorted(self.root.glob("*")):
            for folder in sorted(place.glob("[0-9a-f][0-9a-f]")):
                yield from sorted(folder.glob(f"{folder.name}*.json"))

    def files(self) -> Iterator[tuple[Path, int]]:
        """Yield every file of the store, whether it belongs to a result or not, and its length in bytes."""
        for path in self.root.rglob("*"):
            try:
                if path.is_file() and not path.is_symlink():
                    yield path, path.stat().st_size
            except FileNotFoundError:
                continue  # another process has replaced or removed it

    def remove(self, path: Path) -> None:
        """Remove a file of this store, if it is there.

        Raises:
            StoreError: If it cannot be removed.
        """
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(
                f"{path}: cannot be removed ({error.strerror}). Check its permissions."
            ) from error

    def put(self, kind: str, made_by: Mapping[str, Any], record: object) -> str:
        """Store a record and return its key.

        Raises:
            StoreError: If it cannot be written.
            ValueError: If it holds NaN or infinity outside its arrays, or Python objects in them.
        """
        key = result_key(kind, made_by)
        value, arrays = encode(record)
        path = self.path(kind, key)
        try:
            checksum = hashlib.sha256(canonical_json(value).encode()).hexdigest()
        except ValueError as error:
            raise ValueError(f"{kind}: the result holds NaN or infinity.") from error
        head: dict[str, Any] = {"schema": SCHEMA, "kind": kind, "made_by": made_by, "record": value}
        head["record_sha256"] = checksum
        if arrays:
            packed = pack_arrays({_member(name): array for name, array in arrays.items()})
            self.write(path.with_suffix(".npz"), packed)
            head["arrays_sha256"] = hashlib.sha256(packed).hexdigest()
        self.write(path, json.dumps(head, indent=1, sort_keys=True, allow_nan=False).encode())
        return key

    def get(self, kind: str, made_by: Mapping[str, Any], record: type[RecordT]) -> RecordT | None:
        """Return the result made by ``made_by``, or None if it is not there or damaged (which is logged)."""
        return self.get_by_key(kind, result_key(kind, made_by), record)

    def require(self, kind: str, made_by: Mapping[str, Any], record: type[RecordT]) -> RecordT:
        """Return a result that an earlier stage has stored.

        Raises:
            StoreError: If it is not there or damaged.
        """
        result = self.get(kind, made_by, record)
        if result is None:
            path = self.path(kind, result_key(kind, made_by))
            where = self.where(path)
            raise StoreError(f"{where}: it was there a moment ago; is another program changing this folder?")
        return result

    def get_by_key(self, kind: str, key: str, record: type[RecordT]) -> RecordT | None:
        """Return the result stored under ``key``, or None if it is not there or damaged (which is logged)."""
        path = self.path(kind, key)
        try:
            head = json.loads(self.read(path))
            value = _checked(head, kind, key)
            return decode(record, value, self.arrays(path, head))
        except UnreachableError:
            raise
        except FileNotFoundError as error:
            if error.filename == str(path):
                return None
            reason: object = "its arrays are missing"
        except UNREADABLE as error:
            reason = error
        log.warning("%s is damaged (%s); it will be computed again.", self.where(path), reason)
        return None

    def damage(self, path: Path) -> str:
        """Return what is wrong with the result in the JSON file ``path``, or "".

        Schema, key and both checksums are checked, and that the arrays can be read; not whether the fields
        are those of this version's record.
        """
        try:
            head = json.loads(self.read(path))
            _checked(head, path.parent.parent.name, path.stem)
            self.arrays(path, head)
        except UnreachableError:
            raise
        except FileNotFoundError as error:
            return "it is gone" if error.filename == str(path) else "its arrays are missing"
        except UNREADABLE as error:
            return str(error) or type(error).__name__
        return ""

    def arrays(self, path: Path, head: Mapping[str, Any]) -> Arrays:
        """Return the arrays of the result in the JSON file ``path``, which holds ``head``.

        Raises:
            StoreError: If their checksum is wrong.
            FileNotFoundError: If they are missing.
        """
        if "arrays_sha256" not in head:
            return {}
        packed = self.read(path.with_suffix(".npz"))
        if hashlib.sha256(packed).hexdigest() != head["arrays_sha256"]:
            raise StoreError("the checksum of its arrays is wrong")
        with np.load(io.BytesIO(packed), allow_pickle=False) as file:
            return {f"/{unquote(name)}": file[name] for name in file.files}


def _checked(head: Any, kind: str, key: str) -> Any:  # noqa: ANN401
    """Return the record of a stored file after checking schema, key and checksum."""
    if not isinstance(head, dict) or head.get("schema") != SCHEMA:
        raise StoreError("it was written by another version")
    if head["kind"] != kind or result_key(kind, head["made_by"]) != key:
        raise StoreError("it is the result of something else")
    if hashlib.sha256(canonical_json(head["record"]).encode()).hexdigest() != head["record_sha256"]:
        raise StoreError("its checksum is wrong")
    return head["record"]


def _member(name: str) -> str:
    """Return an array's path ("/tensor") as the name of a zip member that is no path ("tensor")."""
    return quote(name.removeprefix("/"), safe="")
