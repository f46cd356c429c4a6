"""The raw data of an image page, to download: every number on it, and the arrays behind its figures."""

from functools import partial

from gallery.records import Catalogue
from gallery.render.documents.explanations import bundle_files
from gallery.render.documents.prompts import HEATMAPS, REGIONS, prompts_files
from gallery.render.pages.drawing import Subject
from gallery.render.pages.output import Output
from gallery.render.pages.parts import Link

SEGMENTS = "segments.npy"
BUNDLE = {
    "explanations.json": "every number on this page, with its settings",
    "heatmaps.npz": "raw heatmaps, method → float32 (H, W)",
    "input.npy": "the tensor the classifier saw",
    "baseline.npy": "what replaces removed patches",
    SEGMENTS: "the superpixel of every pixel",
    REGIONS: "needed and precluded regions, shares of every input pixel",
    HEATMAPS: "raw heatmaps without the precluded region",
}
"""File -> what it holds."""
SOMETIMES = frozenset({SEGMENTS, REGIONS, HEATMAPS})
"""Files that only some images have."""


def write_data(subject: Subject, catalogue: Catalogue, output: Output) -> tuple[Link, ...]:
    """Write the raw data of the page; return links to it."""
    result = subject.result
    made: dict[str, bytes] = {}

    def make(name: str) -> bytes:
        if not made:  # one call makes all files, so the others are kept for their turn
            made.update(bundle_files(result, catalogue))
        return made[name]

    key = ("bundle", result, catalogue)
    there = set() if result.prompted is None else set(prompts_files(result.prompted))
    there |= set() if result.inputs.segments is None else {SEGMENTS}
    names = [name for name in BUNDLE if name not in SOMETIMES or name in there]
    return tuple(
        Link(output.figure(f"{subject.folder}/{name}", (name, *key), partial(make, name)), name, BUNDLE[name])
        for name in names
    )
