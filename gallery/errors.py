"""Every error this package raises on purpose.

A message names the file or key, says what was wrong and how to put it right; the command line prints it
without a traceback.
"""

from collections.abc import Sequence
from dataclasses import dataclass


class GalleryError(Exception):
    """Base of all errors raised on purpose."""


class ConfigError(GalleryError):
    """A setting is missing, unknown or out of range."""


class ShapeError(GalleryError):
    """An array or tensor does not have the documented shape or dtype."""


class RegistrationError(GalleryError):
    """A plug-in name is unknown or registered twice."""


class CurationError(GalleryError):
    """A source photograph cannot be read."""


class ClassifierError(GalleryError):
    """A classifier cannot be loaded, or returned something unusable."""


class StoreError(GalleryError):
    """A stored result is damaged or cannot be written."""


class SurveyError(GalleryError):
    """Results of several images cannot be summarised together, or a question gives its answer away."""


class RenderError(GalleryError):
    """A figure, diagram or page cannot be produced."""


class PublishError(GalleryError):
    """MkDocs failed, or the finished site has a broken link, a missing alt text or an oversized page."""


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a set, as ``gallery check`` lists it.

    Attributes:
        where: File the problem is in, as the user wrote it.
        key: Manifest key or image id, such as ``images[3].source``.
        reason: What is wrong.
        fix: What to do about it.
    """

    where: str
    key: str
    reason: str
    fix: str

    def __str__(self) -> str:
        """Return ``where: key: reason. fix``."""
        return f"{self.where}: {self.key}: {self.reason} {self.fix}".strip()


class ProblemsError(ConfigError):
    """A set has one or more problems; ``problems`` holds them all."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))
