"""A set of names that may be large: it lives in a temporary file, not in memory."""

import os
import sqlite3
from collections.abc import Iterator


class Namebook:
    """Names, each once. Ten thousand images have about a million files, whose names take 0.3 GB of memory."""

    def __init__(self) -> None:
        # "" is a database in a temporary file, gone when closed; a few pages of it are kept in memory.
        self._table = sqlite3.connect("", isolation_level=None)
        self._table.execute("PRAGMA journal_mode = OFF")
        self._table.execute("CREATE TABLE names (name BLOB PRIMARY KEY) WITHOUT ROWID")

    def add(self, name: str) -> None:
        """Write a name down."""
        self._table.execute("INSERT OR IGNORE INTO names VALUES (?)", (os.fsencode(name),))

    def __contains__(self, name: str) -> bool:
        """Return whether a name is written down."""
        found = self._table.execute("SELECT 1 FROM names WHERE name = ?", (os.fsencode(name),))
        return found.fetchone() is not None

    def starting_with(self, start: str) -> Iterator[str]:
        """Yield the names that begin with ``start``, sorted."""
        first = os.fsencode(start)
        found = self._table.execute(
            "SELECT name FROM names WHERE name >= ? AND name < ? ORDER BY name",
            (first, first + b"\xff"),  # no byte of UTF-8 text
        )
        yield from (os.fsdecode(name) for (name,) in found)

    def close(self) -> None:
        """Forget everything."""
        self._table.close()
