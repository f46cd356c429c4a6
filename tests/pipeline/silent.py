"""A ``Reporter`` for benchmarks: says nothing, keeps nothing."""

from collections.abc import Callable
from typing import Self


class Silent:
    """Calls ``on_image`` with the image, or page, of every finished unit."""

    def __init__(self, on_image: Callable[[str], None]) -> None:
        self._on_image = on_image

    def __enter__(self) -> Self:
        """Start."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""

    def begin(self, stage: str, total: int | None) -> None:
        """Do nothing."""

    def advance(
        self, image: str, task: str, *, forwards: int = 0, stored: bool = False, worker: str = ""
    ) -> None:
        """Pass the image on."""
        self._on_image(image)

    def fail(self, image: str, reason: str) -> None:
        """Do nothing."""

    def note(self, text: str) -> None:
        """Do nothing."""

    def end(self) -> None:
        """Do nothing."""
