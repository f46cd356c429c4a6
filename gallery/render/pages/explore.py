"""The data behind what readers can explore on an image page: patches of the graph, and sets to try."""

import json

from gallery.records import WhatIf
from gallery.render.documents.what_if import what_if_csv, what_if_script
from gallery.render.figures.partition import Partition
from gallery.render.figures.shapes import patch_shapes
from gallery.render.pages import wording
from gallery.render.pages.drawing import Subject
from gallery.render.pages.explore_parts import ExploreView
from gallery.render.pages.output import Output


def build_explore(subject: Subject, output: Output) -> ExploreView:
    """Write the sets to try, and return what the page says about them."""
    result, what_if = subject.result, subject.result.what_if
    model, search = result.mask_model, result.search
    is_grid = model.partition == "grid"
    script = csv = ""
    if what_if is not None or not is_grid:
        script = f"{subject.folder}/what-if.js"
        patches = Partition.of(result)
        shapes = json.loads(output.draw(("patch shapes", patches), lambda: patch_shapes(patches)))
        output.write(script, what_if_script(subject.folder, model.n_cells, what_if, shapes))
    if what_if is not None:
        csv = f"{subject.folder}/what-if.csv"
        output.write(csv, what_if_csv(what_if))
    return ExploreView(
        key=subject.folder,
        rows=model.rows if is_grid else 0,
        cols=model.cols if is_grid else 0,
        n_cells=model.n_cells,
        p_full=f"{result.prediction.p_full:.9g}",
        threshold=f"{search.threshold:.9g}",
        script=script,
        csv=csv,
        n_sets="" if what_if is None else wording.count(len(what_if.masks), "set"),
        mses=tuple((f"MSE {i}", f"{mse.mask:x}") for i, mse in enumerate(search.mses, 1)),
        note="" if what_if is None else _note(what_if),
    )


def _note(what_if: WhatIf) -> str:
    listed = len(what_if.masks)
    more = f"{wording.count(what_if.n_known, 'set')} were scored; {listed} of them are listed."
    return " ".join(filter(None, (what_if.note, more if what_if.n_known > listed else "")))
