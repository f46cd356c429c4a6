"""Progress as events: plain mappings, one per thing that happened, for machines and for the log.

``events.schema.json`` beside this file describes them; ``schema`` in the first one is its version.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from gallery.pipeline.progress import Reporter

SCHEMA = 1
SCHEMA_FILE = Path(__file__).with_name("events.schema.json")
Event = Mapping[str, Any]
Emit = Callable[[Event], None]


class Events:
    """A ``Reporter`` that turns what it is told into events.

    Time between two finished units is counted for the later one, so that the sums per task are right where
    images advance in lock-step, although single units are not.
    """

    def __init__(self, emit: Emit, *, units: bool) -> None:
        """Prepare.

        Args:
            emit: Given every event.
            units: Whether single finished units are events too; sums per task are given in any case.
        """
        self._emit = emit
        self._units = units
        self._stage = ""
        self._total: int | None = None
        self._tasks: dict[str, dict[str, Any]] = {}
        self._start = self._last = 0.0

    def __enter__(self) -> Self:
        """Start."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the stage, also one that was interrupted: its sums say how far it came."""
        self.end()

    def begin(self, stage: str, total: int | None) -> None:
        """Start a stage."""
        self.end()
        self._stage, self._total, self._tasks = stage, total, {}
        self._start = self._last = time.monotonic()
        self._emit({"event": "stage", "stage": stage, "total": total})

    def advance(
        self, image: str, task: str, *, forwards: int = 0, stored: bool = False, worker: str = ""
    ) -> None:
        """Count one finished unit."""
        now = time.monotonic()
        sums = self._tasks.setdefault(task, {"done": 0, "stored": 0, "forwards": 0, "seconds": 0.0})
        for name, more in (("done", 1), ("stored", int(stored)), ("forwards", forwards)):
            sums[name] += more
        sums["seconds"] += now - self._last
        self._last = now
        if self._units:
            done = sum(one["done"] for one in self._tasks.values())
            counted = {"done": done, "total": self._total, "forwards": forwards, "stored": stored}
            by = {"worker": worker} if worker else {}
            self._emit({"event": "unit", "stage": self._stage, "image": image, "task": task, **counted, **by})

    def fail(self, image: str, reason: str) -> None:
        """Report an image that cannot be finished."""
        self._emit({"event": "failed", "image": image, "reason": reason})

    def note(self, text: str) -> None:
        """Report something worth one line."""
        self._emit({"event": "note", "text": text})

    def end(self) -> None:
        """End the stage with its sums."""
        if not self._stage:
            return
        tasks = {name: {**one, "seconds": round(one["seconds"], 3)} for name, one in self._tasks.items()}
        sums = {name: sum(one[name] for one in tasks.values()) for name in ("done", "stored", "forwards")}
        seconds = round(time.monotonic() - self._start, 3)
        self._emit({"event": "stage_end", "stage": self._stage, **sums, "seconds": seconds, "tasks": tasks})
        self._stage = ""


class Together:
    """Several reporters told the same."""

    def __init__(self, reporters: Sequence[Reporter]) -> None:
        self._reporters = tuple(reporters)
        self._open = ExitStack()

    def __enter__(self) -> Self:
        """Start all."""
        for reporter in self._reporters:
            self._open.enter_context(reporter)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop all."""
        self._open.__exit__(kind, error, trace)

    def begin(self, stage: str, total: int | None) -> None:
        """Start a stage."""
        for reporter in self._reporters:
            reporter.begin(stage, total)

    def advance(
        self, image: str, task: str, *, forwards: int = 0, stored: bool = False, worker: str = ""
    ) -> None:
        """Count one finished unit."""
        for reporter in self._reporters:
            reporter.advance(image, task, forwards=forwards, stored=stored, worker=worker)

    def fail(self, image: str, reason: str) -> None:
        """Report an image that cannot be finished."""
        for reporter in self._reporters:
            reporter.fail(image, reason)

    def note(self, text: str) -> None:
        """Report something worth one line."""
        for reporter in self._reporters:
            reporter.note(text)

    def end(self) -> None:
        """End the stage."""
        for reporter in self._reporters:
            reporter.end()
