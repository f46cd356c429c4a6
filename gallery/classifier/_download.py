"""Fetching published weights once, into torch hub's cache: atomic, checked, with progress."""

import hashlib
import http.client
import os
import platform
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import torch

from gallery.classifier._base import Progress
from gallery.errors import ClassifierError

CHUNK_BYTES = 1 << 18
TIMEOUT_S = 30.0


_ALLOWED: ContextVar[bool] = ContextVar("downloads allowed", default=True)


class NotDownloadedError(ClassifierError):
    """Weights would have to be downloaded, inside ``no_downloads``."""


@contextmanager
def no_downloads() -> Iterator[None]:
    """Have ``fetch`` raise ``NotDownloadedError`` inside the context instead of using the network."""
    token = _ALLOWED.set(False)
    try:
        yield
    finally:
        _ALLOWED.reset(token)


def cache_path(file_name: str) -> Path:
    """Return where torch hub keeps the downloaded file ``file_name`` (TORCH_HOME moves it)."""
    return Path(torch.hub.get_dir()) / "checkpoints" / file_name


def hash_prefix(file_name: str) -> str:
    """Return the leading SHA-256 digits in a published name such as "resnet18-f37072fd.pth", or ""."""
    match = re.search(r"-([0-9a-f]{8,64})\.", file_name)
    return match.group(1) if match else ""


def fetch(url: str, target: Path, progress: Progress | None) -> Path:
    """Return ``target``, downloaded from ``url`` unless it is there already.

    A file whose name carries a hash (see ``hash_prefix``) is checked against it, also when it was there
    already. The download is written beside ``target`` and moved into place when complete.

    Raises:
        NotDownloadedError: If it is not there, inside ``no_downloads``.
        ClassifierError: If there is no network, the file is not published there, or what is at ``target`` or
            came in does not match its hash or its announced length.
    """
    wanted = hash_prefix(target.name)
    if target.is_file():
        if not _sha256(target).startswith(wanted):
            raise ClassifierError(
                f"{shown(target)}: damaged (its SHA-256 does not start with {wanted}). "
                "Delete it and run again."
            )
        return target
    if not _ALLOWED.get():
        raise NotDownloadedError(f"{url} would be downloaded to {shown(target)}")
    partial = target.with_name(f"{target.name}.{platform.node()}.{os.getpid()}.partial")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(target)
        size = _receive(url, partial, progress)
        got, received = _sha256(partial), partial.stat().st_size
        if size and received != size:
            raise ClassifierError(
                _advice(url, target, f"the connection broke after {received} of {size} bytes")
            )
        if not got.startswith(wanted):
            raise ClassifierError(
                _advice(url, target, f"what came is not it: SHA-256 {got[:8]}..., not {wanted}")
            )
        partial.replace(target)
    except (OSError, http.client.HTTPException) as exc:
        reason = getattr(exc, "reason", None) or exc
        raise ClassifierError(_advice(url, target, str(reason))) from exc
    finally:
        partial.unlink(missing_ok=True)
    return target


def _remove_abandoned(target: Path) -> None:
    """Remove what downloads of ``target`` left behind that were killed on this machine."""
    start = f"{target.name}.{platform.node()}."
    for file in target.parent.glob(f"*.{platform.node()}.*.partial"):
        pid = file.name.removeprefix(start).removesuffix(".partial")
        if file.name.startswith(start) and pid.isdigit() and not _is_running(int(pid)):
            file.unlink(missing_ok=True)


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # somebody else's
        return True
    return True


def shown(path: Path) -> str:
    """Return ``path`` for a message, the home folder as "~"."""
    home = Path.home()
    return f"~/{path.relative_to(home).as_posix()}" if path.is_relative_to(home) else str(path)


def _receive(url: str, partial: Path, progress: Progress | None) -> int:
    """Write what ``url`` holds to ``partial`` and return its announced length in bytes, 0 if unknown."""
    if urlsplit(url).scheme != "https":
        raise ClassifierError(f"Weights are fetched over https only, not from {url}.")
    with urlopen(Request(url, headers={"User-Agent": "explanation-gallery"}), timeout=TIMEOUT_S) as response:
        size = int(response.headers.get("Content-Length") or 0)
        done = 0
        with partial.open("wb") as file:
            while chunk := response.read(CHUNK_BYTES):
                file.write(chunk)
                done += len(chunk)
                if progress:
                    progress(
                        partial.name.removesuffix(f".{platform.node()}.{os.getpid()}.partial"), done, size
                    )
    return size


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _advice(url: str, target: Path, reason: str) -> str:
    return (
        f"Cannot download the weights from {url} ({reason}). Without network, fetch that file elsewhere and "
        f"save it as {shown(target)}, or use a classifier that needs no download: "
        "'embedded:efficientnet_lite0', or 'checkpoint:<file>?arch=<library>:<name>' for weights you have."
    )
