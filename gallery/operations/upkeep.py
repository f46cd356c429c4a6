"""Looking after a store: what is in it, whether it is whole, what nobody needs any more; needs no torch."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from pathlib import Path

from gallery.operations.keep import Keep
from gallery.store.store import PART, UNREADABLE, Store

Sizes = Mapping[Path, int]
"""The files of one folder of a store and their lengths, bytes."""


@dataclass
class Share:
    """What some files come to.

    Attributes:
        n: Results, or files where there are no results.
        n_bytes: Of all their files together, as long as they are; a disk may take more.
    """

    n: int = 0
    n_bytes: int = 0

    def add(self, n_bytes: int) -> None:
        """Count one more."""
        self.n += 1
        self.n_bytes += n_bytes


def by_kind(store: Store) -> dict[str, Share]:
    """Return kind -> what is stored of it."""
    shares: dict[str, Share] = {}
    for sizes in _folders(store):
        for path in _results(sizes):
            shares.setdefault(_kind(path), Share()).add(sum(sizes[file] for file in _files_of(path, sizes)))
    return dict(sorted(shares.items()))


def of_folder(folder: Path) -> Share:
    """Return what the files below a folder come to."""
    sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    return Share(len(sizes), sum(sizes))


def damaged(store: Store, on_result: Callable[[Path], None]) -> Iterator[tuple[Path, str]]:
    """Yield every stored result that is damaged, and what is wrong with it.

    Args:
        store: Read in full.
        on_result: Told of every result looked at.
    """
    for path in store.results():
        if reason := store.damage(path):
            yield path, reason
        on_result(path)


def leftovers(store: Store) -> list[Path]:
    """Return the files of a store that belong to no result: of killed processes, and arrays left alone."""
    return sorted(path for sizes in _folders(store) for path in _rest(store, sizes))


@dataclass
class Pruning:
    """What a prune removes or would remove.

    Attributes:
        removed: Kind -> what goes.
        kept: Kind -> what stays.
        leftovers: Files that belong to no result.
    """

    removed: dict[str, Share] = field(default_factory=dict)
    kept: dict[str, Share] = field(default_factory=dict)
    leftovers: Share = field(default_factory=Share)


def prune(store: Store, keep: Keep, *, remove: bool) -> Pruning:
    """Remove every result that is not to be kept.

    A result that cannot be read is kept: nobody can say what it belongs to, and ``verify`` names it.

    Args:
        store: Nobody else may be writing to it.
        keep: What is needed.
        remove: False only counts.

    Raises:
        StoreError: If a file cannot be removed; what is needed is whole all the same.
    """
    done = Pruning()
    for sizes in _folders(store):
        going = _rest(store, sizes)
        for path in going:
            done.leftovers.add(sizes[path])
        for path in _results(sizes):
            kind, files = _kind(path), _files_of(path, sizes)
            goes = not keep.needs(kind, path.stem, partial(_made_by, store, path))
            share = (done.removed if goes else done.kept).setdefault(kind, Share())
            share.add(sum(sizes[file] for file in files))
            # A result's JSON goes before its arrays, so that no half of one is ever found.
            going += files if goes else []
        for file in going if remove else []:
            store.remove(file)
    return done


def _folders(store: Store) -> Iterator[Sizes]:
    """Yield the files of one folder after the other, so that memory stays small."""
    for folder, files in groupby(store.files(), key=lambda file: file[0].parent):
        if folder.parent.parent == store.root:
            yield dict(files)


def _results(sizes: Sizes) -> list[Path]:
    """Return the JSON files of the results in a folder."""
    return sorted(path for path in sizes if path.suffix == ".json" and not path.name.startswith(PART))


def _rest(store: Store, sizes: Sizes) -> list[Path]:
    """Return the files of a folder that are this package's, but of no result; others stay where they are."""
    return [
        path
        for path in sorted(sizes)
        if path.name.startswith(PART) or (path.suffix == ".npz" and _is_alone(store, path, sizes))
    ]


def _is_alone(store: Store, arrays: Path, sizes: Sizes) -> bool:
    """Return whether the result of these arrays is gone; looked up, as listings may cut a folder in two."""
    path = arrays.with_suffix(".json")
    if path in sizes:
        return False
    try:
        store.read(path)
    except FileNotFoundError:
        return True
    return False


def _files_of(path: Path, sizes: Sizes) -> list[Path]:
    """Return the files of the result in the JSON file ``path``, which comes first."""
    arrays = path.with_suffix(".npz")
    return [path, arrays] if arrays in sizes else [path]


def _kind(path: Path) -> str:
    return path.parent.parent.name


def _made_by(store: Store, path: Path) -> dict[str, object] | None:
    """Return what a result is made by; None if that cannot be read."""
    try:
        made_by = json.loads(store.read(path))["made_by"]
    except UNREADABLE:
        return None
    return made_by if isinstance(made_by, dict) else None
