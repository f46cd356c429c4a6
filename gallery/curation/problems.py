"""Errors of this stage that keep file, reason and fix apart, so that they can be listed in a table."""

from dataclasses import dataclass

from gallery.errors import CurationError, Problem


class SourceError(CurationError):
    """A photograph, or a source of photographs, cannot be read.

    Attributes:
        where: File, folder or source, as the user wrote it.
        reason: What is wrong.
        fix: What to do about it.
    """

    def __init__(self, where: str, reason: str, fix: str) -> None:
        self.where, self.reason, self.fix = where, reason, fix
        super().__init__(f"{where}: {reason} {fix}".strip())

    def problem(self, key: str) -> Problem:
        """Return this error as a problem of the manifest key or image id ``key``."""
        return Problem(where=self.where, key=key, reason=self.reason, fix=self.fix)


@dataclass(frozen=True)
class Failure:
    """An image of a set that could not be curated; the other images are unaffected.

    Attributes:
        id: Image id, or the manifest key of an entry that could not be expanded.
        problem: What is wrong and what to do.
        skipped: True for a file of a folder that is not a picture and does not claim to be one (a text
            file, a table): left out and reported, but no reason for a build to fail.
    """

    id: str
    problem: Problem
    skipped: bool = False
