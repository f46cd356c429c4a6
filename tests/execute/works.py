"""Work for actors to do in tests: modules that other processes import must not be tests."""

import os
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gallery.errors import ClassifierError, StoreError

Event = tuple[str, int]
Tell = Callable[[Event], None]


@dataclass(frozen=True)
class Squares:
    """Squares numbers, and tells who did it.

    Attributes:
        folder: Remembers who died of what.
        once: Items that kill the first worker that has them.
        always: Items that kill every worker.
        refused: Items that end everything.
        together: Items that wait for each other.
        seconds: That every item takes.
    """

    folder: Path
    once: tuple[int, ...] = ()
    always: tuple[int, ...] = ()
    refused: tuple[int, ...] = ()
    together: tuple[int, ...] = ()
    seconds: float = 0.0

    def __call__(self, tell: Tell) -> Callable[[Sequence[int], Tell], None]:
        """Get ready."""
        tell(("ready", os.getpid()))
        return self.work

    def work(self, items: Sequence[int], tell: Tell) -> None:
        """Tell the square of every item."""
        for item in items:
            mark = self.folder / str(item)
            if item in self.always or (item in self.once and not mark.exists()):
                mark.touch()
                os.kill(os.getpid(), signal.SIGKILL)
            if item in self.together:
                mark.touch()
                self._wait()
            if item in self.refused:
                raise StoreError(f"{item}: the disk is full")
            time.sleep(self.seconds)
            tell(("square", item * item))

    def _wait(self) -> None:
        end = time.monotonic() + 60
        while not all((self.folder / str(item)).exists() for item in self.together):
            if time.monotonic() > end:
                raise StoreError("nobody else is working")
            time.sleep(0.01)


def refuse(tell: Tell) -> Callable[[Sequence[int], Tell], None]:
    """Never get ready."""
    raise ClassifierError("no such weights")


def die(tell: Tell) -> Callable[[Sequence[int], Tell], None]:
    """Die while getting ready."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError
