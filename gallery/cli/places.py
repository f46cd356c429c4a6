"""What the arguments of a command mean: manifests, workspaces and jobs."""

from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING

from gallery.curation.manifest import default_manifest, load_settings
from gallery.errors import StoreError
from gallery.pipeline.workspace import Workspace
from gallery.store.places import open_store
from gallery.store.store import Store

if TYPE_CHECKING:
    from gallery.pipeline.build import Job

STORE_AT: ContextVar[str] = ContextVar("address of the store", default="")
"""What ``--store`` names, while a command runs; "" for the folder below ``--out``."""


def manifest_of(path: Path | None) -> Path:
    """Return the manifest a SET argument means: a file, a folder's gallery.toml, or the default set's."""
    if path is None:
        return default_manifest()
    return path / "gallery.toml" if path.is_dir() else path


def workspace_of(folder: Path) -> Workspace:
    """Return the workspace an ``--out`` option means, with the store that ``--store`` names."""
    return Workspace(folder.resolve(), STORE_AT.get())


def store_of(where: str) -> Store:
    """Return the store in an output folder, in a folder of its own, or at an address.

    Raises:
        StoreError: If there is none.
    """
    if "://" in where:
        return open_store(where)
    inside = Workspace(Path(where).resolve()).store
    store = inside if inside.root.is_dir() else Store(Path(where).resolve())
    if next(store.results(), None) is None:
        raise StoreError(f"{where}: no results there. Name an output folder (it has build/store) or a store.")
    return store


def job_of(gallery_set: Path | None, out_dir: Path, device: str, shard: str | None = None) -> "Job":
    """Return what to build, and where; imports torch."""
    from gallery.pipeline.build import Job
    from gallery.pipeline.shard import WHOLE, Shard

    path = manifest_of(gallery_set)
    part = WHOLE if shard is None else Shard.parse(shard)
    return Job(load_settings(path), path.parent, workspace_of(out_dir), device, part)
