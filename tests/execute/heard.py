"""What tests of executors listen with."""

from dataclasses import dataclass, field

from tests.execute.works import Event


@dataclass
class Heard:
    """A listener that remembers."""

    ready: list[str] = field(default_factory=list)
    squares: list[int] = field(default_factory=list)
    by: dict[str, int] = field(default_factory=dict)
    lost_workers: list[str] = field(default_factory=list)
    given_up_items: list[tuple[int, str]] = field(default_factory=list)

    def told(self, worker: str, event: Event) -> None:
        """Remember what was told."""
        kind, value = event
        if kind == "ready":
            self.ready.append(worker)
        else:
            self.squares.append(value)
            self.by[worker] = self.by.get(worker, 0) + 1

    def lost(self, worker: str, reason: str) -> None:
        """Remember a death."""
        self.lost_workers.append(worker)

    def given_up(self, item: int, reason: str) -> None:
        """Remember what was given up."""
        self.given_up_items.append((item, reason))
