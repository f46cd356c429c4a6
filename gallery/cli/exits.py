"""Exit codes: one table for the code, ``gallery --help``, the machine-readable lines and the README."""

from collections.abc import Mapping
from enum import IntEnum

import typer

from gallery.errors import BusyError, GalleryError


class Terminated(KeyboardInterrupt):
    """The process was asked to end with SIGTERM."""


class Exit(IntEnum):
    """What a command's exit code says."""

    DONE = 0
    INCOMPLETE = 1
    REFUSED = 2
    UNEXPECTED = 3
    BUSY = 4
    STOPPED = 130
    TERMINATED = 143


MEANINGS: Mapping[Exit, str] = {
    Exit.DONE: "Everything asked for is done.",
    Exit.INCOMPLETE: "It ran to its end, but something is not as it should be: images failed, or check, "
    "doctor or store verify found problems.",
    Exit.REFUSED: "It could not be done: wrong usage, or a manifest, file, classifier or disk that has to be "
    "put right first.",
    Exit.UNEXPECTED: "An error nobody foresaw; the message says where its traceback was written.",
    Exit.BUSY: "Another process is writing to the same output folder; try again later.",
    Exit.STOPPED: "Stopped by Ctrl-C; what was finished is kept.",
    Exit.TERMINATED: "Stopped by a scheduler or by kill (SIGTERM); likewise.",
}


def code_of(error: BaseException | None) -> int:
    """Return the exit code with which a command ends on ``error``; None means it ended well."""
    if error is None:
        return Exit.DONE
    if isinstance(error, typer.Exit):
        return int(error.exit_code)
    if isinstance(error, SystemExit | BrokenPipeError):  # the reader of a pipe went away
        return Exit.INCOMPLETE
    if isinstance(error, KeyboardInterrupt):
        return Exit.TERMINATED if isinstance(error, Terminated) else Exit.STOPPED
    if isinstance(error, BusyError):
        return Exit.BUSY
    if isinstance(error, GalleryError | OSError):
        return Exit.REFUSED
    return Exit.UNEXPECTED


def as_epilog() -> str:
    """Return the table for the end of ``gallery --help``, one line per code."""
    return "\n\n".join(["Exit codes:", *(f"{code.value}: {text}" for code, text in MEANINGS.items())])
