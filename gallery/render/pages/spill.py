"""Sequences that may be long: their items lie in a temporary file and come into memory one at a time.

What is kept of an image once its page is written takes some 10 to 50 KB, with many methods and measures. Ten
thousand images would fill memory, so it goes to disk, and whatever looks at all images looks at one after the
other.
"""

import os
import tempfile
from abc import abstractmethod
from array import array
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Generic, TypeVar, overload

from pydantic import TypeAdapter

T = TypeVar("T")
U = TypeVar("U")
_BUFFER_BYTES = 2**18


class Lazy(Sequence[T]):
    """A sequence that makes or fetches each item when it is asked for, and keeps none."""

    @abstractmethod
    def _item(self, index: int) -> T:
        """Return the item at ``index``, from 0 to ``len(self) - 1``."""

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> "View[T, T]": ...
    def __getitem__(self, index: int | slice) -> "T | View[T, T]":
        """Return one item, or a view of some."""
        chosen = range(len(self))[index]
        return self._item(chosen) if isinstance(chosen, int) else View(self, _itself, chosen)

    def __iter__(self) -> Iterator[T]:
        """Yield every item."""
        return map(self._item, range(len(self)))

    def map(self, make: Callable[[T], U]) -> "View[T, U]":
        """Return a view that makes something of each item, again whenever it is asked for."""
        return View(self, make)


class View(Lazy[U], Generic[T, U]):
    """Some items of a sequence, or what is made of them."""

    def __init__(
        self, source: Sequence[T], make: Callable[[T], U], indices: Sequence[int] | None = None
    ) -> None:
        """Look at ``source``.

        Args:
            source: Holds the items; must not grow.
            make: Makes what is seen of an item.
            indices: Of the items seen, in this order; all if None.
        """
        self._source = source
        self._make = make
        self._indices = range(len(source)) if indices is None else indices

    def __len__(self) -> int:
        """Return the number of items."""
        return len(self._indices)

    def _item(self, index: int) -> U:
        return self._make(self._source[self._indices[index]])


class Spill(Lazy[T]):
    """A sequence in a temporary file, to which items are appended."""

    def __init__(self, kind: type[T], folder: Path) -> None:
        """Begin with nothing.

        Args:
            kind: Of the items: a dataclass of texts, numbers, mappings, tuples and other such dataclasses.
            folder: Whose disk is used; the file has no name there, so nobody else can read or write it.
        """
        self._file = tempfile.TemporaryFile(dir=folder, buffering=_BUFFER_BYTES)  # noqa: SIM115 (see close)
        self._ends = array("Q", [0])
        self._codec = TypeAdapter(kind)

    def __len__(self) -> int:
        """Return the number of items."""
        return len(self._ends) - 1

    def append(self, item: T) -> None:
        """Write an item down.

        Raises:
            OSError: If the disk is full.
        """
        content = self._codec.dump_json(item)
        self._file.seek(0, os.SEEK_END)
        self._file.write(content)
        self._ends.append(self._ends[-1] + len(content))

    def _item(self, index: int) -> T:
        # Some ten microseconds for what is kept of an image: less than unpickling it.
        start, end = self._ends[index], self._ends[index + 1]
        self._file.seek(start)
        return self._codec.validate_json(self._file.read(end - start))

    def close(self) -> None:
        """Forget everything."""
        self._file.close()


def _itself(item: T) -> T:
    return item
