"""Decode files in a process of its own, which a crash, a hang or a bomb may take down.

``python -m tests.fuzz.worker FILE...`` writes one JSON line per file: before it is decoded, and after.
"""

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

from gallery.curation.decode import MAX_PIXELS, decode
from gallery.curation.problems import SourceError

MEMORY = 4 * 1024**3
"""Address space a decoder may use, bytes."""
FORBIDDEN = ("os.rename", "os.remove", "os.mkdir", "os.link", "os.symlink", "subprocess", "socket", "os.exec")


def watch(events: list[str]) -> None:
    """Note every attempt to change a file, start a program or use the network."""

    def hook(event: str, given: tuple[Any, ...]) -> None:
        is_write = event == "open" and isinstance(given[2], int) and given[2] & 3
        if is_write or event.startswith(FORBIDDEN):
            events.append(f"{event} {given[:1]}")

    sys.addaudithook(hook)


def outcome(data: bytes, where: str) -> str:
    """Return "decoded" or "refused"; anything else is a finding."""
    try:
        pixels = decode(data, where)
    except SourceError as error:
        said = error.where == where and error.reason and error.fix and str(error).isprintable()
        return "refused" if said else f"refused badly: {error!r}"
    sound = pixels.dtype == "uint8" and pixels.ndim == 3 and pixels.shape[2] == 3
    return "decoded" if sound and 4 <= pixels.size // 3 <= MAX_PIXELS else f"bad pixels: {pixels.shape}"


def main() -> None:
    """Decode the files named on the command line."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    events: list[str] = []
    watch(events)
    for name in sys.argv[1:]:
        sys.stdout.write(json.dumps({"begun": name}) + "\n")
        sys.stdout.flush()
        data = Path(name).read_bytes()
        start = time.perf_counter()
        result = outcome(data, "photo")
        facts = {"name": name, "outcome": result, "seconds": time.perf_counter() - start, "events": events}
        sys.stdout.write(json.dumps(facts) + "\n")
        sys.stdout.flush()
        events.clear()


if __name__ == "__main__":
    main()
