"""Commands that write to ``--out`` do so one at a time."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gallery.cli.places import workspace_of


def alone(command: Callable[..., None]) -> Callable[..., None]:
    """Let ``command`` run only while no other process writes to the folder its ``--out`` names.

    Shards (``--shard i/n``) may run together: each writes results of its own.
    """

    @functools.wraps(command)
    def wrapped(*, out_dir: Path, **others: Any) -> None:  # noqa: ANN401
        if others.get("estimate") or others.get("bench"):  # which only read
            command(out_dir=out_dir, **others)
            return
        shared = others.get("shard") is not None
        with workspace_of(out_dir).writing(f"gallery {command.__name__}", shared=shared):
            command(out_dir=out_dir, **others)

    return wrapped
