"""Everything that is wrong with a set, at once: its manifest, then every photograph."""

import re
from pathlib import Path

from gallery.curation.curate import iter_entries
from gallery.curation.manifest import Inspection, inspect_manifest
from gallery.curation.plan import NumberedEntry
from gallery.curation.problems import Failure
from gallery.curation.sources import COMPOSITE
from gallery.errors import Problem


def check(manifest: Path) -> list[Problem]:
    """Return all problems of a set: of the manifest first, then of every image that can be looked for.

    Every photograph is read and decoded, its SHA-256 compared where the manifest has one, and every composite
    made. Images whose entries are valid are checked even if other parts of the manifest are not.

    Args:
        manifest: ``gallery.toml``.
    """
    inspection = inspect_manifest(manifest)
    outcomes = iter_entries(_worth_reading(inspection), manifest.parent)
    failures = [outcome for outcome in outcomes if isinstance(outcome, Failure) and not outcome.skipped]
    return [*inspection.problems, *(failure.problem for failure in failures)]


def _worth_reading(inspection: Inspection) -> list[NumberedEntry]:
    """Return the entries whose images would tell something that has not been said yet.

    An entry with a wrong source cannot be read. Composites wait until the manifest is right: they would only
    repeat what is wrong with their parts.
    """
    named = {re.match(r"images\[\d+\]\.source|", problem.key)[0] for problem in inspection.problems}  # type: ignore[index]
    entries = [numbered for numbered in inspection.entries if f"{numbered.key}.source" not in named]
    if inspection.problems:
        entries = [numbered for numbered in entries if numbered.entry.source != COMPOSITE]
    return entries
