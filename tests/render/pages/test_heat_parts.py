"""Maps that a heatmap is the mean of: drawn below it, at their own size, and exported."""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np

from gallery.records import HeatmapPart
from gallery.render.documents.explanations import bundle_files
from gallery.render.pages.drawing import Subject
from gallery.render.pages.heat_parts import draw_parts
from gallery.render.pages.output import Output
from tests.render.pages import synthetic


def test_parts_are_drawn_and_exported(tmp_path: Path) -> None:
    result, catalogue = next(iter(synthetic.results())), synthetic.catalogue()
    method = catalogue.methods[0]
    peaks = np.zeros((2, 4, 5), np.float32)
    peaks[0, 0, 0] = peaks[1, 3, 2] = 1
    parts = tuple(HeatmapPart(f"head {i}", one) for i, one in enumerate(peaks))
    heatmap = replace(result.heatmaps[method.name], parts=parts)
    subject = Subject(result, catalogue.classifiers[0], folder="i/a", prefix="")
    first, second = draw_parts(subject, heatmap, method, Output(tmp_path / "pages", tmp_path / "cache"))
    assert first.alt == "Head 0: strongest at 10 % of the width, 12 % of the height."
    assert second.alt == "Head 1: strongest at 50 % of the width, 88 % of the height."
    assert (first.size, first.path) == ((5, 4), f"i/a/heat-{method.name}-0.png")
    drawn = [(tmp_path / "pages" / one.path).read_bytes() for one in (first, second)]
    assert drawn[0] != drawn[1]

    files = bundle_files(replace(result, heatmaps={method.name: heatmap}), catalogue)
    with np.load(io.BytesIO(files["heatmap_parts.npz"])) as arrays:
        assert np.array_equal(arrays[f"{method.name}/head 1"], peaks[1])
    assert "heatmap_parts.npz" not in bundle_files(result, catalogue)
