"""Run the work in this process, a few images at a time, so that one bad image never costs another."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from gallery.errors import GalleryError, StoreError
from gallery.interfaces import EventT, ItemT, Listener, Prepare

ISOLATED = (
    GalleryError, RuntimeError, ValueError, ArithmeticError, LookupError, TypeError, MemoryError, OSError,
)  # fmt: skip
"""Errors of one image that must not end the build. Interrupts are not among them, nor is a ``StoreError``:
where results cannot be written, every further one would be computed in vain."""


def chunks(items: Iterable[ItemT], size: int) -> Iterator[list[ItemT]]:
    """Yield ``items`` in lists of at most ``size``; nothing is read ahead of the list being yielded."""
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk


def run_isolated(
    items: Sequence[ItemT],
    work: Callable[[Sequence[ItemT]], None],
    on_failure: Callable[[ItemT, Exception], None],
) -> None:
    """Do ``work`` on all items together; if that fails, on each alone, so that only the bad ones are lost.

    ``work`` must keep what it finished, because items of a failed group are given to it again.

    Raises:
        StoreError: If a result cannot be written.
    """
    if not items:
        return
    try:
        work(items)
    except StoreError:
        raise
    except ISOLATED as error:
        if len(items) == 1:
            on_failure(items[0], error)
            return
        for item in items:
            run_isolated([item], work, on_failure)


@dataclass(frozen=True)
class Local:
    """The executor that does everything in this process, one chunk after the other.

    Attributes:
        device: As ``load_classifier`` takes it.
    """

    device: str = "auto"
    is_local: bool = True

    def run(
        self,
        prepare: Prepare[EventT, ItemT],
        chunks: Iterable[Sequence[ItemT]],
        listener: Listener[ItemT, EventT],
    ) -> None:
        """Do every chunk; see ``Executor``."""

        def tell(event: EventT) -> None:
            listener.told("", event)

        work = prepare(tell)
        for chunk in chunks:
            work(chunk, tell)
