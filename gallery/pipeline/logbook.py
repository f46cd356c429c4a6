"""A log file per run: JSON lines in ``build/logs/``, written as things happen, so that a killed run has one.

The folder is never published, but people attach logs to reports: the output folder, the set's folder, the
home folder and Python's are replaced by ``<out>``, ``<set>``, ``~`` and ``<python>``.
"""

import json
import logging
import os
import platform
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gallery.errors import StoreError, remedy
from gallery.pipeline.events import Emit, Event
from gallery.pipeline.workspace import Workspace

ENVIRONMENT = (
    "OMP_NUM_THREADS", "MKL_NUM_THREADS", "CUDA_VISIBLE_DEVICES", "SOURCE_DATE_EPOCH", "PYTHONHASHSEED",
)  # fmt: skip
"""Variables that change speed or results; all others stay out of logs."""
log = logging.getLogger(__name__)


@contextmanager
def logbook(workspace: Workspace, command: str, *, set_folder: Path | None = None) -> Iterator[Emit]:
    """Open a new log file and give a function that writes one event to it.

    A disk that fills up while the log is open ends the log, with one warning, not the build.

    Args:
        workspace: Whose ``logs`` folder gets the file, named by time, command and process.
        command: Such as "build".
        set_folder: The manifest's folder.

    Raises:
        StoreError: If the file cannot be made.
    """
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    file = workspace.logs / f"{stamp}-{command}-{os.getpid()}.jsonl"
    private = private_places(workspace.out, set_folder)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        stream = file.open("a", encoding="utf-8", buffering=1)
    except OSError as error:
        raise StoreError(f"{file}: cannot be written ({error.strerror}). {remedy(error)}") from error
    is_open = True

    def emit(event: Event) -> None:
        nonlocal is_open
        if not is_open:
            return
        at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        line = json.dumps({"at": at, **without_places(event, private)}, ensure_ascii=False, default=str)
        try:
            stream.write(line + "\n")
        except OSError as error:
            is_open = False
            log.warning("%s: the log ends here (%s).", file, error.strerror)

    try:
        yield emit
    finally:
        try:
            stream.close()
        except OSError:  # what could not be written has been reported
            log.debug("%s: closed with text unwritten", file)


def private_places(out: Path, set_folder: Path | None = None) -> dict[str, str]:
    """Return the local paths that logs must not show, and what stands for each; the longest first."""
    places = {str(Path(sys.prefix)): "<python>", str(Path.home()): "~", str(out.resolve()): "<out>"}
    if set_folder is not None:
        places |= {str(set_folder.resolve()): "<set>"}
    kept = {place: name for place, name in places.items() if place != os.sep}
    return dict(sorted(kept.items(), key=lambda item: -len(item[0])))


def without_places(value: Any, private: Mapping[str, str]) -> Any:  # noqa: ANN401
    """Return a JSON value with local paths replaced in all its texts."""
    if isinstance(value, str | Path):
        text = str(value)
        for place, name in private.items():
            text = text.replace(place, name)
        return text
    if isinstance(value, Mapping):
        return {key: without_places(item, private) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [without_places(item, private) for item in value]
    return value


class WarningEvents(logging.Handler):
    """Turns warnings and errors that the package logs into events."""

    def __init__(self, emit: Emit) -> None:
        super().__init__(logging.WARNING)
        self._emit_event = emit

    def emit(self, record: logging.LogRecord) -> None:
        """Emit one record."""
        self._emit_event({"event": "warning", "text": record.getMessage()})


def surroundings() -> dict[str, Any]:
    """Return what a run's speed and results may hang on besides its settings; imports no torch."""
    return {
        "platform": platform.platform(),
        "n_cpus": n_cpus(),
        "environment": {name: os.environ[name] for name in ENVIRONMENT if name in os.environ},
    }


def n_cpus() -> int:
    """Return the cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
