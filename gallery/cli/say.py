"""The two streams: answers on stdout, everything else on stderr; all text is printed as it is."""

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape

from gallery.errors import Problem
from gallery.records import Failure

out = Console(highlight=False, soft_wrap=True, emoji=False)
err = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)


def plain(text: str) -> str:
    """Return text that rich prints as it is; control characters, as in file names, made visible."""
    return escape("".join(c if c.isprintable() or c in "\n\t" else repr(c)[1:-1] for c in text))


def list_problems(problems: Sequence[Problem]) -> None:
    """Print every problem with its fix."""
    for problem in problems:
        err.print(f"[bold]{plain(problem.where)}[/] · {plain(problem.key)}")
        err.print(f"    {plain(problem.reason)}\n    [green]fix:[/] {plain(problem.fix)}")
    if problems:
        err.print(f"{len(problems)} problem{'s' if len(problems) > 1 else ''}")


def list_failures(failures: Sequence[Failure]) -> None:
    """Print every image that could not be finished."""
    if failures:
        n = len({failure.image_id for failure in failures})
        err.print(f"[bold red]{n} image{'s' if n > 1 else ''} could not be finished:[/]")
    for failure in failures:
        err.print(f"  {plain(failure.image_id)} ({failure.stage}): {plain(failure.reason)}")
