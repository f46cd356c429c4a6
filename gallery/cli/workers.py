"""Where the work of a command is done: options that travel together."""

import functools
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from gallery.cli.options import Device
from gallery.errors import ConfigError

if TYPE_CHECKING:
    from gallery.interfaces import Executor

ExecutorName = Annotated[
    Literal["local", "ray"],
    typer.Option("--executor", help='"local": in this process. "ray": in Ray actors (extra "ray").'),
]
Address = Annotated[
    str,
    typer.Option(
        envvar="RAY_ADDRESS",
        help="With --executor ray: of a running cluster; one on this machine if left out.",
    ),
]
N_Workers = Annotated[
    int,
    typer.Option(
        "--workers", min=0, help="With --executor ray: how many; 0: one per GPU or, without, per four CPUs."
    ),
]


@dataclass(frozen=True)
class Workers:
    """What the options say.

    Attributes:
        device: "auto", "cpu", "cuda" or "cuda:<n>".
        executor: "local" or "ray".
        address: Of a running Ray cluster, or "".
        workers: How many, or 0.
    """

    device: str = "auto"
    executor: str = "local"
    address: str = ""
    workers: int = 0

    @contextmanager
    def started(self) -> "Iterator[Executor | None]":
        """Start the workers and end them afterwards; None: the work is done in this process.

        Raises:
            ConfigError: If options do not go together, or the extra is not installed.
            ExecutionError: If the workers cannot be started.
        """
        if self.executor == "local":
            if self.workers:
                raise ConfigError("--workers: only with --executor ray.")
            yield None
            return
        try:
            from gallery.execute.cluster import Cluster
        except ImportError as error:
            raise ConfigError(
                f"--executor ray: {error}. Install it: pip install 'explanation-gallery[ray]'"
            ) from error
        with Cluster(self.address, n_workers=self.workers, device=self.device) as cluster:
            yield cluster


OPTIONS = {
    "device": (Device, "auto"),
    "executor": (ExecutorName, "local"),
    "address": (Address, ""),
    "workers": (N_Workers, 0),
}
"""Parameter -> its option and default."""


def with_workers(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of ``Workers``, which it gets as one argument, ``workers``."""

    @functools.wraps(command)
    def wrapped(**given: Any) -> None:  # noqa: ANN401
        command(workers=Workers(**{name: given.pop(name) for name in OPTIONS}), **given)

    named = inspect.signature(command, eval_str=True)
    kept = [parameter for name, parameter in named.parameters.items() if name != "workers"]
    options = [
        inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=default, annotation=option)
        for name, (option, default) in OPTIONS.items()
    ]
    wrapped.__signature__ = named.replace(parameters=[*kept, *options])  # type: ignore[attr-defined]
    return wrapped
