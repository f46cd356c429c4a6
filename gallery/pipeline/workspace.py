"""Where a build keeps its things: everything is under one output folder."""

from dataclasses import dataclass
from pathlib import Path

from gallery.store.store import Store


@dataclass(frozen=True)
class Workspace:
    """The folders of one build.

    Attributes:
        out: Output folder; nothing is written outside it.
    """

    out: Path

    @property
    def store(self) -> Store:
        """Results, found by what made them; several sets can share one."""
        return Store(self.out / "build" / "store")

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
    def archives(self) -> Path:
        """The finished site as one file."""
        return self.out / "build" / "archive"
