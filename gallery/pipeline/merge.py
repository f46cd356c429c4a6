"""Join what several machines made of one set: their stores and the indexes of their shards; without torch."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path

from gallery.config import SetSettings
from gallery.curation.plan import Planned, numbered, plan
from gallery.errors import StoreError
from gallery.pipeline.index import (
    SHARD,
    ResultsIndex,
    save_index,
    settings_digest,
    shard_made_by,
)
from gallery.pipeline.progress import Reporter
from gallery.pipeline.shard import Shard
from gallery.pipeline.workspace import Workspace
from gallery.records import Catalogue
from gallery.store.merge import Merged, merge
from gallery.store.store import Store

LISTED = 5
"""Contradictory results a message names at most."""


def merge_stores(sources: Sequence[Store], target: Store, reporter: Reporter) -> Merged:
    """Copy every result of the sources that the target lacks; see ``store.merge``.

    Raises:
        StoreError: If results contradict each other. None was replaced, and all others were copied.
    """
    merged = Merged()
    for source in sources:
        place = source.where(source.root)
        reporter.begin(f"merge · {place}", None)
        if place != target.where(target.root):
            merge(source, target, merged, partial(reporter.advance, place, "result"))
        reporter.end()
    for where, reason in merged.damaged:
        reporter.note(f"left out: {where}: {reason}")
    if merged.contradictory:
        n = len(merged.contradictory)
        pairs = "\n".join(
            f"  {ours}\n    differs from {place}" for ours, place in merged.contradictory[:LISTED]
        )
        more = f"\n  and {n - LISTED} more" if n > LISTED else ""
        raise StoreError(
            f"{n} result{'s' if n > 1 else ''} of the same name differ, so one of each pair is wrong:\n"
            f"{pairs}{more}\nNothing was replaced. Remove the wrong ones (a build computes them again), and "
            "merge again."
        )
    return merged


def join_shards(settings: SetSettings, folder: Path, workspace: Workspace) -> ResultsIndex:
    """Make the index of a set out of the indexes of its shards, and save it.

    Args:
        settings: The set.
        folder: The manifest's folder.
        workspace: Its store has the results and the shards' indexes.

    Raises:
        StoreError: If a shard is missing, was made by other versions, or lacks an image of the set.
    """
    shards = _complete(workspace.store, settings_digest(settings))
    ids = [p.id for p in plan(numbered(settings.images), folder) if isinstance(p, Planned)]
    position = {image_id: i for i, image_id in enumerate(ids)}
    failures = dict.fromkeys(chain.from_iterable(shard.failures for shard in shards))
    entries = [entry for shard in shards for entry in shard.entries]
    have = {entry.image for entry in entries} | {failure.image_id for failure in failures}
    if changed := sorted({*position} - have) or sorted(e.image for e in entries if e.image not in position):
        raise StoreError(
            f"The set has changed since its shards were explained (image {changed[0]!r}). "
            "Run the shards again; each computes just what is missing."
        )
    index = replace(
        shards[0],
        catalogue=_joined([shard.catalogue for shard in shards]),
        entries=tuple(sorted(entries, key=lambda entry: position[entry.image])),
        failures=tuple(sorted(failures, key=lambda f: position.get(f.image_id, len(ids)))),
    )
    save_index(index, workspace)
    return index


def _complete(store: Store, settings: str) -> list[ResultsIndex]:
    """Return the indexes of all shards of a set.

    Raises:
        StoreError: If one is missing.
    """
    numbers: dict[int, set[int]] = {}
    for path in store.results(SHARD):
        made_by = json.loads(store.read(path))["made_by"]
        if made_by["settings"] == settings:
            numbers.setdefault(made_by["of"], set()).add(made_by["shard"])
    whole = [count for count, found in sorted(numbers.items()) if len(found) == count]
    if not whole:
        raise StoreError(f"{store.where(store.root)}: {_missing(numbers)}")
    count = whole[0]
    shards = [Shard(number, count) for number in range(1, count + 1)]
    return [store.require(SHARD, shard_made_by(settings, shard), ResultsIndex) for shard in shards]


def _missing(numbers: Mapping[int, set[int]]) -> str:
    """Say which shards are missing: of the division that has come furthest."""
    if not numbers:
        return (
            "no shards of this set with these settings. Run `gallery measure --shard` 1/<n> to <n>/<n> "
            "first; for stores of whole sets, `gallery build` finds the joined results."
        )
    count, found = max(numbers.items(), key=lambda item: (len(item[1]) / item[0], item[0]))
    absent = ", ".join(f"{number}/{count}" for number in range(1, count + 1) if number not in found)
    return f"shards {absent} are missing. Run `gallery measure --shard ...` for each, then merge again."


def _joined(catalogues: Iterable[Catalogue]) -> Catalogue:
    """Return what all shards say, with the devices of all.

    Raises:
        StoreError: If they say different things.
    """
    first, *others = catalogues
    devices = dict.fromkeys(first.device.split(", "))
    for other in others:
        devices |= dict.fromkeys(other.device.split(", "))
        for name in sorted({*first.versions, *other.versions}):
            a, b = first.versions.get(name, "none"), other.versions.get(name, "none")
            if a != b:
                raise StoreError(
                    f"Some shards were explained with {name} {a}, some with {name} {b}: their results do not "
                    "fit together. Install the same version everywhere and run the shards again."
                )
        if replace(other, device=first.device) != first:
            raise StoreError(
                "The shards name different classifiers, methods or measures: another version of the package "
                "or other weights made some of them. Run the shards again."
            )
    return replace(first, device=", ".join(devices))
