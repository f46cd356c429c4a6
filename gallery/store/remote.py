"""A store at any address that fsspec knows, such as ``s3://bucket/folder``: the same files, the same names.

An object store puts an object completely or not at all. Where the service behind an address cannot promise
that, a torn file is noticed when it is read, because every file is checked against its checksum, and what it
held is computed again. Credentials and the like come from the environment, as the service's own tools take
them; none is ever written.
"""

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import fsspec

from gallery.errors import ConfigError, UnreachableError
from gallery.store.store import Store


class RemoteStore(Store):
    """Results under an address.

    ``root`` and ``path`` name objects below the address; they are no files of this machine.
    """

    def __init__(self, url: str) -> None:
        """Use ``url``; nothing is read or written yet.

        Raises:
            ConfigError: If fsspec does not know such addresses, or lacks the package for them.
        """
        protocol = url.partition("://")[0]
        try:
            self._files, root = fsspec.core.url_to_fs(url, use_listings_cache=False)
        except (ImportError, ValueError) as error:
            advice = "pip install 'explanation-gallery[s3]' for s3:// addresses."
            raise ConfigError(f"--store {protocol}://...: {error} {advice}") from error
        super().__init__(Path(root))
        self.url = url

    def __reduce__(self) -> tuple[type["RemoteStore"], tuple[str]]:
        """Travel to other processes as the address, and connect there."""
        return RemoteStore, (self.url,)

    def where(self, path: Path) -> str:
        """Return the address of a file of this store."""
        return str(self._files.unstrip_protocol(str(path)))

    def read(self, path: Path) -> bytes:
        """Return the content of a file of this store.

        Raises:
            FileNotFoundError: If there is none; its ``filename`` is ``path``.
            UnreachableError: If the service cannot be reached or refuses.
        """
        try:
            content: bytes = self._files.cat_file(str(path))
        except FileNotFoundError as error:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path)) from error
        except Exception as error:  # every service has errors of its own
            raise _unreachable(self.where(path), "read", error) from error
        return content

    def write(self, path: Path, data: bytes) -> None:
        """Write a file of this store.

        Raises:
            UnreachableError: If the service cannot be reached or refuses.
        """
        try:
            try:
                self._files.pipe_file(str(path), data)
            except FileNotFoundError:
                # A file server wants folders made first. A bucket that is not there is never made: its name
                # may be misspelt.
                if not self._files.exists(path.parts[0]):
                    raise
                self._files.makedirs(str(path.parent), exist_ok=True)
                self._files.pipe_file(str(path), data)
        except Exception as error:  # every service has errors of its own
            raise _unreachable(self.where(path), "written", error) from error

    def results(self, kind: str = "") -> Iterator[Path]:
        """Yield the JSON file of every result, or of one kind, in an order that is the same every time."""
        for place in [self.root / kind] if kind else self._listed(self.root):
            for folder in self._listed(place):
                yield from (path for path in self._listed(folder) if path.suffix == ".json")

    def files(self) -> Iterator[tuple[Path, int]]:
        """Yield every file of the store, whether it belongs to a result or not, and its length in bytes."""
        try:
            found = self._files.find(str(self.root), detail=True)
        except Exception as error:  # every service has errors of its own
            raise _unreachable(self.where(self.root), "listed", error) from error
        yield from ((Path(name), int(about["size"])) for name, about in sorted(found.items()))

    def remove(self, path: Path) -> None:
        """Remove a file of this store, if it is there.

        Raises:
            UnreachableError: If the service cannot be reached or refuses.
        """
        try:
            self._files.rm_file(str(path))
        except FileNotFoundError:
            return
        except Exception as error:  # every service has errors of its own
            raise _unreachable(self.where(path), "removed", error) from error

    def _listed(self, folder: Path) -> list[Path]:
        try:
            listed = sorted(Path(name) for name in self._files.ls(str(folder), detail=False))
        except (FileNotFoundError, NotADirectoryError):
            return []
        except Exception as error:  # every service has errors of its own
            raise _unreachable(self.where(folder), "listed", error) from error
        return [path for path in listed if path != folder]


def _unreachable(where: str, verb: str, error: Exception) -> UnreachableError:
    reason = str(error).strip() or type(error).__name__
    advice = "Check the address, the credentials in the environment and the network, and run the same again."
    return UnreachableError(f"{where}: cannot be {verb} ({reason}). {advice}")
