"""Where a build keeps its things: everything is under one output folder."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gallery.locks import locked
from gallery.store.places import open_store
from gallery.store.store import Store, remove_unfinished

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Workspace:
    """The folders of one build.

    Attributes:
        out: Output folder; nothing is written outside it and the store.
        store_at: Address of the store, such as "s3://bucket/folder"; "" for a folder below ``out``.
    """

    out: Path
    store_at: str = ""

    @property
    def store(self) -> Store:
        """Results, found by what made them; several sets can share one."""
        return open_store(self.store_at) if self.store_at else Store(self.out / "build" / "store")

    @property
    def index(self) -> Path:
        """What the last explaining run of this folder produced."""
        return self.out / "build" / "results.json"

    @property
    def figures(self) -> Path:
        """Encoded figures, found by what they show."""
        return self.out / "build" / "figures"

    @property
    def pages(self) -> Path:
        """Markdown and assets, read by MkDocs."""
        return self.out / "build" / "pages"

    @property
    def site(self) -> Path:
        """The finished site."""
        return self.out / "site"

    @property
    def runtime(self) -> Path:
        """What runs classifiers in browsers, fetched once; only for sets with ``live = true``."""
        return self.out / "build" / "runtime"

    @property
    def archives(self) -> Path:
        """The finished site as one file."""
        return self.out / "build" / "archive"

    @property
    def logs(self) -> Path:
        """One file of JSON lines per run, and tracebacks of unexpected errors."""
        return self.out / "build" / "logs"

    @contextmanager
    def writing(self, doing: str, *, shared: bool = False) -> Iterator[None]:
        """Keep other processes from writing to this folder inside the context.

        Where the process before was killed, what it left half written is removed first.

        Args:
            doing: What this process does, as others are told: "gallery build".
            shared: Tolerate others that ask for the same, because they write different results.

        Raises:
            BusyError: If another process is writing here.
            StoreError: If nothing can be written here.
        """
        with locked(self.out / "build" / ".lock", doing, shared=shared) as killed:
            if killed is not None:
                log.warning("%s did not finish; what it had finished is used.", killed)
                remove_unfinished(self.out / "build")
            yield
