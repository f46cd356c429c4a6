"""Fetch weights, stopped half-way: ``python tests/faults/download.py TARGET kill|break|whole``."""

import io
import os
import signal
import sys
from email.message import Message
from pathlib import Path
from typing import Any

import pytest

from gallery.classifier import _download
from gallery.errors import ClassifierError

CONTENT = bytes(range(256)) * 8192


def main(target: Path, fault: str) -> None:
    """Download 2 MiB; half-way the process is killed, or the connection ends."""

    class Response(io.BytesIO):
        headers = Message()

    Response.headers["Content-Length"] = str(len(CONTENT))

    def progress(_name: str, done: int, total: int) -> None:
        if fault == "kill" and done >= total // 2:
            os.kill(os.getpid(), signal.SIGKILL)

    def open_url(*_: Any, **__: Any) -> Response:  # noqa: ANN401
        return Response(CONTENT[: len(CONTENT) // (2 if fault == "break" else 1)])

    pytest.MonkeyPatch().setattr(_download, "urlopen", open_url)
    try:
        _download.fetch(f"https://example.org/{target.name}", target, progress)
    except ClassifierError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))
    main(Path(sys.argv[1]), sys.argv[2])
