"""Write every result of a set as files that need none of our code to be checked."""

from pathlib import Path

from gallery.config import SetSettings
from gallery.pipeline.concepts.index import load_concepts
from gallery.pipeline.index import load_index, load_results
from gallery.pipeline.progress import Reporter
from gallery.pipeline.workspace import Workspace
from gallery.records import Catalogue, ImageResult
from gallery.render.documents.concepts import concepts_files
from gallery.render.documents.explanations import SCHEMA_FILE, write_bundle, write_timings
from gallery.render.pages.concepts.page import subjects_of
from gallery.render.pages.drawing import Subject, graph_drawing
from gallery.store.store import remove_unfinished, write_atomic


def export(out: Path, settings: SetSettings, workspace: Workspace, reporter: Reporter) -> int:
    """Write every result and the JSON Schema.

    ``out/<classifier>/<image>/`` gets explanations.json, timings.json, heatmaps.npz, input.npy, baseline.npy
    and the attention graph as sag.json, sag.dot, sag.svg and sag.pdf (the last three only if it has nodes);
    with superpixels also segments.npy, with needed or precluded regions also regions.npz and, where maps were
    made again, heatmaps_without.npz. ``out/explanations.schema.json`` describes explanations.json.
    ``out/concepts/<classifier>-<target>-<class>/`` gets concepts.json, network.npz and maps.npz for every
    class whose concepts were learnt.

    Returns:
        The number of folders written.

    Raises:
        StoreError: If results are missing or belong to other settings, or a file cannot be written.
        RenderError: If a graph cannot be drawn.
    """
    index = load_index(workspace, settings)
    concepts = subjects_of(load_concepts(settings, workspace), index.catalogue.classifiers)
    n_folders = len(index.entries) + len(concepts)
    reporter.begin("export", n_folders)
    write_atomic(out / SCHEMA_FILE.name, SCHEMA_FILE.read_bytes())
    for result in load_results(index, workspace):
        folder = out / result.classifier / result.image.id
        remove_unfinished(folder)  # of an export that was killed
        write_bundle(result, index.catalogue, folder)
        write_timings(result, index.catalogue, folder)
        _write_graph(result, index.catalogue, folder)
        reporter.advance(result.image.id, "bundle")
    for one in concepts:
        for name, content in concepts_files(one.result, one.card).items():
            write_atomic(out / "concepts" / one.slug / name, content)
        reporter.advance(one.class_name, "concepts")
    reporter.end()
    return n_folders


def _write_graph(result: ImageResult, catalogue: Catalogue, folder: Path) -> None:
    """Write the drawn attention graph, if there is one."""
    if not result.graph.nodes:
        return
    card = next(c for c in catalogue.classifiers if c.slug == result.classifier)
    drawing = graph_drawing(Subject(result, card, folder="", prefix=""))
    files = {"dot": drawing.dot.encode(), "svg": drawing.svg_file, "pdf": drawing.pdf}
    for kind, content in files.items():
        write_atomic(folder / f"sag.{kind}", content)
