"""One run of a command that takes a while: its display, its log file, its lines for machines."""

import json
import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from gallery import __version__
from gallery.cli.exits import code_of
from gallery.cli.say import err, out
from gallery.config import SetSettings
from gallery.pipeline.display import make_reporter
from gallery.pipeline.events import SCHEMA, Emit, Event, Events, Together
from gallery.pipeline.logbook import WarningEvents, logbook, surroundings
from gallery.pipeline.progress import Reporter
from gallery.pipeline.workspace import Workspace

TOLD = "__told__"
"""Set on an error that ended a run whose lines say so."""


@dataclass(frozen=True)
class Run:
    """What a run is about.

    Attributes:
        command: Such as "build".
        workspace: Gets the log file.
        settings: The set.
        set_folder: The manifest's folder.
        options: Of the command, for the log.
    """

    command: str
    workspace: Workspace
    settings: SetSettings
    set_folder: Path
    options: Mapping[str, Any]


@contextmanager
def running(run: Run, *, quiet: bool, as_json: bool) -> Iterator[Reporter]:
    """Report progress on stderr, into the log file and, ``as_json``, as JSON lines on stdout.

    Raises:
        StoreError: If the log file cannot be made.
    """
    with ExitStack() as stack:
        head = {"event": "start", "schema": SCHEMA, "command": run.command, "version": __version__}
        if as_json:
            stack.enter_context(_ended(json_line, head))
        book = stack.enter_context(logbook(run.workspace, run.command, set_folder=run.set_folder))
        stack.enter_context(_ended(book, {**head, **_details(run)}))
        reporters: list[Reporter] = [make_reporter(err, quiet=quiet), Events(book, units=False)]
        if as_json:
            reporters.append(Events(json_line, units=True))
        yield stack.enter_context(Together(reporters))


def tell_error(error: BaseException) -> None:
    """Write the last lines of a run that ended before its first, such as one with a wrong manifest."""
    if not getattr(error, TOLD, False):
        for event in _last(error, 0.0):
            json_line(event)


def json_line(event: Event) -> None:
    """Write an event to stdout as one line, at once."""
    out.out(json.dumps(event, ensure_ascii=False, default=str), highlight=False)


@contextmanager
def _ended(emit: Emit, head: Event) -> Iterator[None]:
    """Emit the first and the last event of a run, and warnings between them."""
    start = time.monotonic()
    handler = WarningEvents(emit)
    emit(head)
    logging.getLogger().addHandler(handler)
    ended: BaseException | None = None
    try:
        yield
    except BaseException as error:
        ended = error
        raise
    finally:
        logging.getLogger().removeHandler(handler)
        for event in _last(ended, round(time.monotonic() - start, 3)):
            emit(event)
        if ended is not None:
            setattr(ended, TOLD, True)


def _last(error: BaseException | None, seconds: float) -> Iterator[Event]:
    """Yield what is to be told of how a run ended."""
    if error is not None and str(error) and not isinstance(error, typer.Exit):
        yield {"event": "error", "kind": type(error).__name__, "text": str(error)}
    yield {"event": "exit", "code": int(code_of(error)), "seconds": seconds}


def _details(run: Run) -> dict[str, Any]:
    from gallery.installed import versions

    return {
        "seed": run.settings.seed,
        "options": dict(run.options),
        "n_images": len(run.settings.images),
        "settings": run.settings.model_dump(mode="json", exclude={"images"}),
        "versions": versions(),
        **surroundings(),
    }
