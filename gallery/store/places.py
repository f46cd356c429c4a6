"""Where a store may be: in a folder, or at an address."""

import importlib
from pathlib import Path
from typing import cast

from gallery.errors import ConfigError
from gallery.store.store import Store


def open_store(where: str) -> Store:
    """Return the store in a folder or at an address; fsspec is imported for addresses only.

    Args:
        where: A path, "s3://bucket/folder", or any other address fsspec knows.

    Raises:
        ConfigError: If fsspec does not know such addresses, or lacks the package for them.
    """
    protocol, separator, path = where.partition("://")
    if not separator or protocol in ("file", "local"):
        return Store(Path(path if separator else where).resolve())
    try:
        remote = importlib.import_module("gallery.store.remote")
    except ImportError as error:
        advice = "Install it: pip install 'explanation-gallery[s3]'"
        raise ConfigError(f"--store {protocol}://...: {error}. {advice}") from error
    return cast("Store", remote.RemoteStore(where))
