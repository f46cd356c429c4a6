"""The ``gallery`` command with toy classifiers, in a process of its own that a fault may hit.

``python -m tests.faults.builder build SET --out OUT``. What goes wrong is said by environment variables:

- ``FAULT=kill:<n>``: SIGKILL before the n-th operation that changes a file;
- ``FAULT=count:0``: nothing, but in the end "changes: <n>" is written to stderr;
- ``FAULT=<errno>:<n>``: from the n-th such operation on, all fail with that error number;
- ``CLASSIFIER=nan``, ``memory`` or ``batch``: the network returns NaN, or runs out of memory, when it sees
  the white corner of the photograph b; or it takes no more than two images at a time;
- ``CLOCK=back``: the clock was set back, and goes on running backwards;
- ``FAULT_UNDER``: only operations on paths that contain this text count.

Operations are seen by an audit hook, so that no code under test is patched.
"""

import atexit
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from gallery import cli
from tests.pipeline import toy

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod"}


def changed_path(event: str, given: tuple[Any, ...]) -> str | None:
    """Return the path an audited operation changes, or None if it changes none."""
    if event == "open" and isinstance(given[2], int) and given[2] & _WRITING:
        return str(given[0])
    return str(given[0]) if event in _CHANGES else None


def install(fault: str, under: str) -> None:
    """Have the fault happen when its time has come."""
    kind, _, number = fault.partition(":")
    left = int(number)
    if kind == "count":
        atexit.register(lambda: sys.stderr.write(f"changes: {-left}\n"))

    def hook(event: str, given: tuple[Any, ...]) -> None:
        nonlocal left
        path = changed_path(event, given)
        if path is None or under not in path:
            return
        left -= 1
        if left > 0 or kind == "count":
            return
        if kind == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        raise OSError(int(kind), os.strerror(int(kind)), path)

    sys.addaudithook(hook)


def failing(forward: Callable[..., Tensor], how: str) -> Callable[..., Tensor]:
    """Return the toy network's ``forward`` with a fault."""

    def forward_or_fail(self: toy.ToyNet, x: Tensor) -> Tensor:
        hit = x.float()[:, :, :6, :6].amin(dim=(1, 2, 3)) > 1.9
        if (how == "memory" and bool(hit.any())) or (how == "batch" and len(x) > 2):
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        logits = forward(self, x)
        return torch.where(hit[:, None], torch.nan, logits) if how == "nan" else logits

    return forward_or_fail


def backwards(clock: Callable[[], float]) -> Callable[[], float]:
    """Return a clock that was set back an hour and loses another minute at every look."""
    looks = 0

    def look() -> float:
        nonlocal looks
        looks += 1
        return clock() - 3600 - 60 * looks

    return look


def main() -> None:
    """Run the command line."""
    toy.patch_classifiers(pytest.MonkeyPatch())
    if os.environ.get("CLOCK") == "back":
        time.time = backwards(time.time)
    if how := os.environ.get("CLASSIFIER"):
        toy.ToyNet.forward = failing(toy.ToyNet.forward, how)  # type: ignore[method-assign]
    if fault := os.environ.get("FAULT"):
        install(fault, os.environ.get("FAULT_UNDER", ""))
    cli.main()


if __name__ == "__main__":
    main()
