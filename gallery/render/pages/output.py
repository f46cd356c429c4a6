"""The pages folder: files are written only when they change, and what is no longer produced is removed."""

import dataclasses
import filecmp
import hashlib
import logging
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import numpy as np
import PIL

from gallery import render
from gallery.errors import RenderError
from gallery.render.pages.namebook import Namebook
from gallery.render.pages.spill import Spill

MARKER = ".gallery-pages"
T = TypeVar("T")
_CHECKSUM_BYTES = 32
_CACHED = re.compile(r"^[0-9a-f]{64}$|^\.[0-9a-f]{64}\.\d+\.part$")
log = logging.getLogger(__name__)
_IGNORED_FIELDS = frozenset({"seconds"})  # wall times are not part of the reproducible results


def digest(*parts: Any) -> str:  # noqa: ANN401
    """Return the SHA-256 hex of records, arrays, mappings, sequences and plain values, without wall times."""
    state = hashlib.sha256()
    for part in parts:
        _feed(state, part)
    return state.hexdigest()


def _feed(state: "hashlib._Hash", part: Any) -> None:  # noqa: ANN401
    if isinstance(part, np.ndarray):
        state.update(f"array {part.dtype.str} {part.shape};".encode())
        state.update(np.ascontiguousarray(part).data)
    elif dataclasses.is_dataclass(part) and not isinstance(part, type):
        state.update(f"record {type(part).__name__};".encode())
        for field in dataclasses.fields(part):
            if field.name not in _IGNORED_FIELDS:
                state.update(f"{field.name}=".encode())
                _feed(state, getattr(part, field.name))
    elif isinstance(part, Mapping):
        state.update(f"mapping {len(part)};".encode())
        for key in sorted(part, key=str):
            _feed(state, key)
            _feed(state, part[key])
    elif isinstance(part, Sequence) and not isinstance(part, str | bytes):
        state.update(f"sequence {len(part)};".encode())
        for item in part:
            _feed(state, item)
    else:
        text = repr(part).encode("utf-8", "backslashreplace")
        state.update(f"{type(part).__name__} {len(text)};".encode() + text)


def renderer_digest() -> str:
    """Return a digest of the drawing code and of Pillow's version: cached figures are as old as those."""
    root = Path(next(iter(render.__path__)))
    state = hashlib.sha256(PIL.__version__.encode())
    for package in ("figures", "diagrams", "documents"):
        for file in sorted((root / package).glob("*.py")):
            state.update(f"{package}/{file.name};".encode() + file.read_bytes())
    return state.hexdigest()


class Output:
    """Writes the files of one render and keeps a cache of what is slow to draw; a context manager.

    A render that is killed leaves complete files only; the next one finishes the work and removes leftovers.
    """

    def __init__(self, folder: Path, cache: Path) -> None:
        """Open ``folder`` for writing.

        Args:
            folder: Receives the pages; created if absent. Everything in it that is not produced is removed.
            cache: Receives drawn figures, named by the digest of what they were drawn from.

        Raises:
            RenderError: If ``folder`` holds files but was not made by an earlier render.
        """
        self._folder = folder
        self._cache = cache
        self._temporary = ExitStack()
        self._produced = self._temporary.enter_context(closing(Namebook()))
        self._used = self._temporary.enter_context(closing(Namebook()))
        self._renderer = renderer_digest()
        if folder.is_dir() and any(folder.iterdir()) and not (folder / MARKER).is_file():
            raise RenderError(
                f"{folder}: holds files that no render wrote. Choose an empty folder for the pages."
            )
        folder.mkdir(parents=True, exist_ok=True)
        self.write(MARKER, b"Written by `gallery render`; files here are replaced and removed.\n")

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Forget what was kept in temporary files."""
        self._temporary.close()

    def write(self, path: str, content: bytes) -> None:
        """Make ``path`` (relative, with forward slashes) hold ``content``; unchanged, it is not touched."""
        target = self._folder / path
        self._produced.add(path)
        if not _holds(target, content):
            _write_atomically(target, content)

    def write_all(self, path: str, pieces: Iterable[bytes]) -> None:
        """Like ``write``, for content that may be too large for memory and comes in pieces."""
        target = self._folder / path
        self._produced.add(path)
        with _draft(target) as draft:
            with draft.open("wb") as file:
                file.writelines(pieces)
            if not (target.is_file() and filecmp.cmp(draft, target, shallow=False)):
                draft.replace(target)

    def spill(self, kind: type[T]) -> Spill[T]:
        """Return an empty sequence on the disk of the cache; it ends with the output's context."""
        self._cache.mkdir(parents=True, exist_ok=True)
        return self._temporary.enter_context(closing(Spill(kind, self._cache)))

    def draw(self, key: Sequence[Any], make: Callable[[], bytes]) -> bytes:
        """Return what ``make`` draws, from the cache if it was drawn before from the same inputs.

        Args:
            key: Everything the result depends on, besides the drawing code itself.
            make: Called when the cache has no entry.
        """
        name = digest("checksummed", self._renderer, *key)
        file = self._cache / name[:2] / name
        self._used.add(name)
        known = _verified(file)
        if known is None:
            known = make()
            _write_atomically(file, hashlib.sha256(known).digest() + known)
        return known

    def figure(self, path: str, key: Sequence[Any], make: Callable[[], bytes]) -> str:
        """Write a cached drawing to ``path`` and return ``path``."""
        self.write(path, self.draw((Path(path).suffix, *key), make))
        return path

    def paths(self, start: str) -> list[str]:
        """Return the paths written so far that begin with ``start``, sorted."""
        return list(self._produced.starting_with(start))

    def read(self, path: str) -> bytes:
        """Return what was written to ``path``."""
        return (self._folder / path).read_bytes()

    def size(self, path: str) -> int:
        """Return the bytes of what was written to ``path``."""
        return (self._folder / path).stat().st_size

    def finish(self) -> None:
        """Remove files of earlier renders not produced by this one, and cached figures not used."""
        for parent, folders, files in os.walk(self._folder, topdown=False):
            for name in files:
                file = Path(parent, name)
                if file.relative_to(self._folder).as_posix() not in self._produced:
                    file.unlink()
            for name in folders:
                inner = Path(parent, name)
                if not inner.is_symlink() and not any(inner.iterdir()):
                    inner.rmdir()
        for file in self._cache.glob("[0-9a-f][0-9a-f]/*"):
            if _CACHED.search(file.name) and file.name not in self._used:
                file.unlink()


def _verified(file: Path) -> bytes | None:
    """Return the drawing in a file of the cache, or None if there is none or it is damaged.

    A file begins with the SHA-256 of the drawing that follows.
    """
    try:
        stored = file.read_bytes()
    except FileNotFoundError:
        return None
    if hashlib.sha256(stored[_CHECKSUM_BYTES:]).digest() == stored[:_CHECKSUM_BYTES]:
        return stored[_CHECKSUM_BYTES:]
    log.warning("%s is damaged; it will be drawn again.", file)
    return None


def _holds(file: Path, content: bytes) -> bool:
    try:
        return file.stat().st_size == len(content) and file.read_bytes() == content
    except (FileNotFoundError, NotADirectoryError):
        return False


def _write_atomically(file: Path, content: bytes) -> None:
    with _draft(file) as draft:
        draft.write_bytes(content)
        draft.replace(file)


@contextmanager
def _draft(file: Path) -> Iterator[Path]:
    """Provide a path beside ``file`` to write to before it takes its place; gone afterwards."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        yield draft
    finally:
        draft.unlink(missing_ok=True)
