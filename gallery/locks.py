"""One writer at a time: a lock that names its holder, and that the system frees when its holder dies.

The lock is the operating system's (``flock``), taken on a small file that stays where it is. While the lock
is held, the file says by whom; a holder that ends takes its name out. A name found in a file whose lock is
free therefore belongs to a process that was killed: there is no stale lock to remove by hand, and no process
number that could have been given to another program meanwhile.
"""

import errno
import fcntl
import json
import logging
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from gallery.errors import BusyError, StoreError, remedy

log = logging.getLogger(__name__)
_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL}
"""What a file system says that cannot lock."""


@dataclass(frozen=True)
class Holder:
    """Who holds a lock.

    Attributes:
        pid: Number of the process.
        host: Name of the machine it runs on.
        doing: What it does, such as "gallery build".
    """

    pid: int
    host: str
    doing: str

    def __str__(self) -> str:
        """Return who it is as part of a sentence."""
        here = "" if self.host == platform.node() else f" on {self.host}"
        return f"{self.doing} (process {self.pid}{here})"


@contextmanager
def locked(file: Path, doing: str, *, shared: bool = False) -> Iterator[Holder | None]:
    """Hold the lock on ``file`` inside the context.

    Args:
        file: Made if absent, with its folder; stays, empty, afterwards.
        doing: What the holder does, as others are told.
        shared: Tolerate others that ask for a shared lock too. They leave no name.

    Yields:
        The holder before, if it was killed while it held the lock; what it did not finish may lie about.

    Raises:
        BusyError: If another process holds the lock.
        StoreError: If the file cannot be written.
    """
    with _opened(file) as handle:
        try:
            fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BusyError(_busy(file, _named(handle))) from None
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise StoreError(f"{file}: cannot be locked ({error.strerror}).") from error
            log.warning("%s: this file system has no locks; run one build at a time on it.", file)
        killed = None if shared else _named(handle)
        _name(handle, None if shared else Holder(os.getpid(), platform.node(), doing), file)
        try:
            yield killed
        finally:
            if not shared:
                _name(handle, None, file)


def _opened(file: Path) -> IO[bytes]:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        # Unbuffered: what is written is there at once, and nothing is left to fail when it is closed.
        return os.fdopen(os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644), "r+b", buffering=0)
    except OSError as error:
        raise StoreError(f"{file}: cannot be written ({error.strerror}). {remedy(error)}") from error


def _named(handle: IO[bytes]) -> Holder | None:
    """Return the holder a lock file names, or None if it names none."""
    handle.seek(0)
    try:
        given = json.loads(handle.read())
        return Holder(int(given["pid"]), str(given["host"]), str(given["doing"]))
    except (ValueError, KeyError, TypeError):
        return None


def _name(handle: IO[bytes], holder: Holder | None, file: Path) -> None:
    """Write ``holder`` into a lock file; the lock holds without it, so a full disk is no reason to stop."""
    try:
        handle.seek(0)
        handle.truncate()
        if holder is not None:
            handle.write(json.dumps(asdict(holder)).encode())
    except OSError as error:
        log.debug("%s: the holder of the lock cannot be written down (%s)", file, error)


def _busy(file: Path, holder: Holder | None) -> str:
    who = f"{holder} is" if holder else "another gallery process is"
    stop = f"or stop it (kill {holder.pid}), " if holder and holder.host == platform.node() else ""
    return f"{file.parent}: {who} writing there. Wait until it has finished, {stop}or choose another --out."
