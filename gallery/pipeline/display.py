"""Draw progress: one live line per stage on a terminal, plain lines elsewhere, nothing with ``--quiet``."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

EVERY_S = 5.0
"""Seconds between plain progress lines."""


class Display:
    """A ``Reporter`` that prints to a console; ``quiet`` prints failures only."""

    def __init__(self, console: Console, *, quiet: bool) -> None:
        self._console = console
        self._quiet = quiet
        self._live: Progress | None = None
        self._task: TaskID | None = None
        self._stage = ""
        self._total: int | None = None
        self._done = self._stored = self._forwards = 0
        self._by_worker: dict[str, int] = {}
        self._lines: dict[str, TaskID] = {}
        self._start = self._printed = 0.0

    def __enter__(self) -> Self:
        """Start drawing."""
        if self._console.is_terminal and not self._quiet:
            self._live = Progress(
                TextColumn("[bold]{task.description}"),
                BarColumn(bar_width=24),
                MofNCompleteColumn(),
                TextColumn("{task.fields[rate]}"),
                TimeRemainingColumn(compact=True),
                TextColumn("{task.fields[now]}"),
                console=self._console,
            )
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop drawing and leave the terminal tidy."""
        if error is None:
            self.end()
        if self._live is not None:
            self._live.stop()
            self._live, self._task = None, None

    def begin(self, stage: str, total: int | None) -> None:
        """Start a stage."""
        self.end()
        self._stage, self._total = stage, total
        self._done = self._stored = self._forwards = 0
        self._by_worker = {}
        self._start = self._printed = time.monotonic()
        if self._live is not None:
            self._task = self._live.add_task(escape(stage), total=total, rate="", now="")

    def advance(
        self, image: str, task: str, *, forwards: int = 0, stored: bool = False, worker: str = ""
    ) -> None:
        """Count one finished unit of work."""
        self._done += 1
        self._stored += stored
        self._forwards += forwards
        if worker:
            self._by_worker[worker] = self._by_worker.get(worker, 0) + 1
        now = f"{image}: {task}"
        if self._live is not None and self._task is not None:
            self._live.update(self._task, advance=1, rate=self._rate(), now="" if worker else escape(now))
            if worker:
                self._draw_worker(self._live, worker, now)
        elif not self._quiet and self._stage and time.monotonic() - self._printed >= EVERY_S:
            self._printed = time.monotonic()
            by = f"{worker}: " if worker else ""
            self._console.print(escape(f"{self._line()} · {by}{now}{self._remaining()}"))

    def _draw_worker(self, live: Progress, worker: str, now: str) -> None:
        """Count a unit on the line of a worker, below that of the stage."""
        if worker not in self._lines:
            self._lines[worker] = live.add_task(escape(f"  {worker}"), total=None, rate="", now="")
        live.update(self._lines[worker], advance=1, now=escape(now))

    def fail(self, image: str, reason: str) -> None:
        """Report an image that cannot be finished."""
        self._console.print(f"[red]failed[/] {escape(image)}: {escape(reason)}")

    def note(self, text: str) -> None:
        """Print one line."""
        if not self._quiet:
            self._console.print(escape(text), style="dim")

    def end(self) -> None:
        """Print the summary line of the stage."""
        if not self._stage:
            return
        if self._live is not None and self._task is not None:
            for line in (self._task, *self._lines.values()):
                self._live.remove_task(line)
            self._task = None
            self._lines.clear()
        if not self._quiet:
            stored = f", {self._stored} from the store" if self._stored else ""
            seconds = time.monotonic() - self._start
            summary = f"{self._stage}: {self._done} done{stored} in {seconds:.1f} s{self._spent()}"
            workers = "".join(f" · {worker}: {n}" for worker, n in sorted(self._by_worker.items()))
            self._console.print(escape(summary + workers))
        self._stage = ""

    def _line(self) -> str:
        total = f"/{self._total}" if self._total else ""
        rate = self._rate()
        return f"{self._stage} {self._done}{total}" + (f" · {rate}" if rate else "")

    def _rate(self) -> str:
        seconds = time.monotonic() - self._start
        return f"{self._forwards / seconds:.0f} forwards/s" if self._forwards and seconds > 0 else ""

    def _remaining(self) -> str:
        """Return the estimated time left, from the units that were not simply taken from the store."""
        fresh = self._done - self._stored
        if not self._total or fresh < 1 or self._done > self._total:
            return ""
        left = (time.monotonic() - self._start) / fresh * (self._total - self._done)
        return f" · about {left:.0f} s left"

    def _spent(self) -> str:
        return f", {self._forwards} forwards" if self._forwards else ""


def make_reporter(console: Console, *, quiet: bool) -> Display:
    """Return the display for a console."""
    return Display(console, quiet=quiet)
