"""Errors and interrupts of a command become messages and exit codes; a traceback only shows with --debug."""

import functools
import inspect
import os
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from gallery.cli.exits import code_of
from gallery.cli.places import workspace_of
from gallery.cli.running import tell_error
from gallery.cli.say import err, list_problems, plain
from gallery.errors import GalleryError, ProblemsError, remedy

REPORT_TO = "the authors of Explanation Gallery"
Debug = Annotated[
    bool, typer.Option("--debug", envvar="GALLERY_DEBUG", help="Show tracebacks of errors.", show_envvar=True)
]
_OPTION = inspect.Parameter("debug", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=Debug)


def friendly(command: Callable[..., None]) -> Callable[..., None]:
    """Return the command with errors turned into messages and exit codes, and with the option ``--debug``.

    The option is added here, to the signature that typer reads, so that every command has it and none has to
    think of it.
    """

    @functools.wraps(command)
    def wrapped(*args: Any, debug: bool = False, **kwargs: Any) -> None:  # noqa: ANN401
        try:
            command(*args, **kwargs)
        except (typer.Exit, typer.Abort, SystemExit, BrokenPipeError):
            raise  # meant, or the reader of a pipe has seen enough
        except BaseException as error:  # noqa: BLE001 - an error nobody foresaw gets a message, too
            if debug and not isinstance(error, KeyboardInterrupt):
                err.print(plain("".join(traceback.format_exception(error))), end="")
            _explain(error, kwargs.get("out_dir"), shown=debug)
            if kwargs.get("as_json"):
                tell_error(error)
            raise typer.Exit(int(code_of(error))) from None

    own = inspect.signature(command)
    signature = own.replace(parameters=[*own.parameters.values(), _OPTION])
    wrapped.__signature__ = signature  # type: ignore[attr-defined]
    wrapped.__annotations__ = {**command.__annotations__, "debug": Debug}
    return wrapped


def _explain(error: BaseException, out_dir: Path | None, *, shown: bool) -> None:
    """Print what went wrong and what to do."""
    if isinstance(error, KeyboardInterrupt):
        err.print("Stopped. What is finished is kept; run the same command again to go on.")
    elif isinstance(error, ProblemsError):
        list_problems(error.problems)
    elif isinstance(error, GalleryError | OSError):
        advice = f". {remedy(error)}" if isinstance(error, OSError) else ""
        err.print(f"[bold red]Error:[/] {plain(str(error))}{advice}")
    else:
        text = str(error).strip().splitlines()
        what = f"{type(error).__name__}: {text[0]}" if text else type(error).__name__
        err.print(f"[bold red]Unexpected error:[/] {plain(what)}")
        if not shown:
            err.print(plain(f"The traceback is in {_write_traceback(error, out_dir)}"))
        err.print(f"This is a defect. Please report it to {REPORT_TO}, with the traceback and the command.")
        err.print("What is finished is kept. `gallery doctor` checks the installation.")


def _write_traceback(error: BaseException, out_dir: Path | None) -> Path:
    """Write an error's traceback beside the logs of the workspace, or else where temporary files go."""
    text = "".join(traceback.format_exception(error))
    name = f"error-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.txt"
    temporary = Path(tempfile.gettempdir())
    for folder in ([workspace_of(out_dir).logs] if out_dir else []) + [temporary]:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
        except OSError:
            continue
        return folder / name
    return Path("no file: neither the output folder nor the temporary one can be written; use --debug")
