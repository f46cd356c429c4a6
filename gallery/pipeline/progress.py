"""What the pipeline tells whoever watches it; the command line draws it."""

from types import TracebackType
from typing import Protocol, Self


class Reporter(Protocol):
    """Receives progress; a context manager, so that a terminal is left tidy after an interrupt."""

    def __enter__(self) -> Self:
        """Start."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""

    def begin(self, stage: str, total: int | None) -> None:
        """Start a stage of ``total`` units of work (None = unknown); ends the stage before it."""

    def advance(
        self, image: str, task: str, *, forwards: int = 0, stored: bool = False, worker: str = ""
    ) -> None:
        """Finish one unit: ``task`` (a method, "search", a page, ...) of ``image``.

        ``forwards`` images were passed through the classifier for it; ``stored`` means it was there already.
        """

    def fail(self, image: str, reason: str) -> None:
        """Report an image that cannot be finished."""

    def note(self, text: str) -> None:
        """Report something worth one line."""

    def end(self) -> None:
        """End the last stage."""
