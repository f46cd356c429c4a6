"""Join stores: every whole result of one goes into another, unless that has it already."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from gallery.store.store import Store

MACHINE = {"tuning"}
"""Kinds that say something about a machine, not about a result: the target's are as good as any other's."""
SURROUNDINGS = {"seconds", "device"}
"""Fields that differ between two runs that found the same."""


@dataclass
class Merged:
    """What became of the results of the merged stores.

    Attributes:
        n_copied: Results that were new to the target.
        n_known: Results that the target had already.
        damaged: Results left out because they are not whole, and why.
        contradictory: Results that differ from the target's of the same name, and where.
    """

    n_copied: int = 0
    n_known: int = 0
    damaged: list[tuple[str, str]] = field(default_factory=list)
    contradictory: list[tuple[str, str]] = field(default_factory=list)


def merge(source: Store, target: Store, merged: Merged, on_result: Callable[[], None]) -> None:
    """Copy every result of ``source`` that ``target`` lacks, byte by byte; neither ever loses one.

    Checksums are verified on both sides. A damaged result is left out, one that is damaged in the target is
    replaced. A result that differs from the target's, other than by wall time and device, stays where it is.

    Args:
        source: Read in full; not changed.
        target: Written to.
        merged: Counts are added to it.
        on_result: Called after each result.

    Raises:
        StoreError: If ``target`` cannot be written.
    """
    for path in source.results():
        kind, key = path.parent.parent.name, path.stem
        there = target.path(kind, key)
        if reason := source.damage(path):
            merged.damaged.append((source.where(path), reason))
        elif target.damage(there):  # it is not there, or not whole
            _copy(source, path, target, there)
            merged.n_copied += 1
        elif kind not in MACHINE and (where := next(_differences(source, path, target, there), "")):
            merged.contradictory.append((source.where(path), f"{target.where(there)}: {where}"))
        else:
            merged.n_known += 1
        on_result()


def _copy(source: Store, path: Path, target: Store, there: Path) -> None:
    """Copy one result; the JSON last, as ``Store.put`` does, so that it exists completely or not at all."""
    head = source.read(path)
    if "arrays_sha256" in json.loads(head):
        target.write(there.with_suffix(".npz"), source.read(path.with_suffix(".npz")))
    target.write(there, head)


def _differences(source: Store, path: Path, target: Store, there: Path) -> Iterator[str]:
    """Yield the places at which two whole results differ, other than by wall time and device."""
    ours, theirs = json.loads(source.read(path)), json.loads(target.read(there))
    yield from _of_values(ours["record"], theirs["record"], "record")
    if ours.get("arrays_sha256") != theirs.get("arrays_sha256"):
        # The same arrays may be packed differently by another zlib.
        a, b = source.arrays(path, ours), target.arrays(there, theirs)
        for name in sorted({*a, *b}):
            if name not in a or name not in b or not _same(a[name], b[name]):
                yield f"array {name}"


def _of_values(ours: Any, theirs: Any, place: str) -> Iterator[str]:  # noqa: ANN401
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for name in sorted({*ours, *theirs} - SURROUNDINGS):
            yield from _of_values(ours.get(name), theirs.get(name), f"{place}.{name}")
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for i, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            yield from _of_values(one, other, f"{place}[{i}]")
    elif ours != theirs:
        yield f"{place} is {_short(ours)} in one and {_short(theirs)} in the other"


def _same(a: "np.ndarray[Any, Any]", b: "np.ndarray[Any, Any]") -> bool:
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}..."
