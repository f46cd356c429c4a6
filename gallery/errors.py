"""Every error this package raises on purpose.

A message names the file or key, says what was wrong and how to put it right; the command line prints it
without a traceback.
"""

import errno
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


class UnreachableError(StoreError):
    """The service that keeps the results cannot be reached, or refuses."""


class BusyError(GalleryError):
    """Another process is writing to the same folder."""


class ExecutionError(GalleryError):
    """Workers cannot be started, or keep dying."""


class TrainingError(GalleryError):
    """A network cannot be trained, or its checkpoint is damaged or belongs to something else."""


class SurveyError(GalleryError):
    """Results of several images cannot be summarised together, or a question gives its answer away."""


class RenderError(GalleryError):
    """A figure, diagram or page cannot be produced."""


class PublishError(GalleryError):
    """MkDocs failed, or the finished site has a broken link, a missing alt text or an oversized page."""


_AGAIN = "What is finished is kept; run the same command again to go on."
_WRITABLE = "Make it writable, or choose another folder with --out."
_REMEDIES = {
    errno.ENOSPC: f"The disk is full: free some space. {_AGAIN}",
    errno.EDQUOT: f"Your share of the disk is used up: free some space. {_AGAIN}",
    errno.EFBIG: f"Files may not grow so large here: raise the limit (ulimit -f). {_AGAIN}",
    errno.EMFILE: f"Too many files are open: raise the limit (ulimit -n). {_AGAIN}",
    errno.EROFS: _WRITABLE,
    errno.EACCES: _WRITABLE,
    errno.EPERM: _WRITABLE,
    errno.EIO: f"The disk reports an error: check it. {_AGAIN}",
}


def remedy(error: OSError) -> str:
    """Return what to do about a file that the system cannot write, in one or two sentences."""
    return _REMEDIES.get(error.errno or 0, f"Check the path and its permissions. {_AGAIN}")


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
