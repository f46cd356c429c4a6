import re
import subprocess
from collections import Counter
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from shutil import which
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from PIL import Image

from gallery.errors import RenderError
from gallery.records import AttentionGraph, GraphNode, MaskModel, ModelInput
from gallery.render.diagrams.sag import (
    Caption,
    SagDrawing,
    attention_graph_dot,
    describe,
    draw_attention_graph,
)

GRID = MaskModel(3, 3)
NS = "{http://www.w3.org/2000/svg}"


def draw(graph: AttentionGraph, inputs: ModelInput, prefix: str = "sag") -> SagDrawing:
    caption = Caption('A & "B" <C>', facts={"image": "tom"}, thresholds=(0.35, 0.8))
    return draw_attention_graph(graph, inputs, GRID, prefix=prefix, caption=caption)


def by_class(root: ET.Element, name: str) -> list[ET.Element]:
    return [e for e in root.iter() if name in str(e.get("class", "")).split()]


def test_every_node_and_edge_is_drawn_once(graph: AttentionGraph, inputs: ModelInput) -> None:
    root = ET.fromstring(draw(graph, inputs).svg)
    masks = [e.get("data-mask") for e in by_class(root, "sag-node")]
    assert masks == [hex(node.mask) for node in graph.nodes]
    ends = {
        (e.get("data-source"), e.get("data-target"), e.get("data-removed"))
        for e in by_class(root, "sag-edge")
    }
    assert ends == {(link.source, link.target, str(link.removed)) for link in graph.links}


def test_roots_leaves_and_shared_sets_are_marked(graph: AttentionGraph, inputs: ModelInput) -> None:
    root = ET.fromstring(draw(graph, inputs).svg)
    parents = Counter(link.target for link in graph.links)
    assert {e.get("data-node") for e in by_class(root, "sag-root")} == {
        n.id for n in graph.nodes if n.is_root
    }
    assert {e.get("data-node") for e in by_class(root, "sag-leaf")} == {
        n.id for n in graph.nodes if not n.is_expanded
    }
    shared = by_class(root, "sag-shared")
    assert {e.get("data-node") for e in shared} == {n for n, count in parents.items() if count > 1}
    for element in shared:
        badge = [t.text for t in element.iter(f"{NS}text")][-1]
        assert badge == str(parents[str(element.get("data-node"))])


def test_nodes_print_confidence_and_edges_patch_and_drop(graph: AttentionGraph, inputs: ModelInput) -> None:
    root = ET.fromstring(draw(graph, inputs).svg)
    first = [t.text for t in by_class(root, "sag-node")[0].iter(f"{NS}text")]
    assert first == ["Root 1", "85.5 %", "95 % of full"]
    labels = [t.text for t in by_class(root, "sag-edge")[0].iter(f"{NS}text")]
    assert labels[1] == "\u221229 pp"
    assert re.fullmatch(r"\(\d, \d\)", str(labels[0]))
    legend = " ".join(str(t.text) for t in by_class(root, "sag-legend")[0].iter(f"{NS}text"))
    assert "3 more patch sets are not drawn" in legend
    assert "sufficient from 80 %, taken further above 35 %" in legend


def test_no_two_nodes_overlap(graph: AttentionGraph, inputs: ModelInput) -> None:
    root = ET.fromstring(draw(graph, inputs).svg)
    boxes = [
        tuple(float(str(c.get(k))) for k in ("x", "y", "width", "height")) for c in by_class(root, "sag-card")
    ]
    assert len(boxes) == len(graph.nodes)
    for i, (x, y, width, height) in enumerate(boxes):
        for other_x, other_y, other_width, other_height in boxes[:i]:
            apart = (x + width <= other_x or other_x + other_width <= x) or (
                y + height <= other_y or other_y + other_height <= y
            )
            assert apart


def test_inline_svg_is_self_contained_and_responsive(graph: AttentionGraph, inputs: ModelInput) -> None:
    drawing = draw(graph, inputs, "one")
    root = ET.fromstring(drawing.svg)
    assert drawing.svg.startswith("<svg")
    assert "<!--" not in drawing.svg
    assert root.get("width") is None
    assert root.findtext(f"{NS}title") == 'A & "B" <C>'
    hrefs = [str(e.get("href")) for e in root.iter() if e.get("href")]
    assert all(h.startswith(("data:image/jpeg;base64,", "#one-")) for h in hrefs)
    assert len([h for h in hrefs if h.startswith("data:")]) == 2
    ids = [str(e.get("id")) for e in root.iter() if e.get("id")]
    assert len(ids) == len(set(ids))
    assert all(i == "one" or i.startswith("one-") for i in ids)


def test_same_bytes_every_time(graph: AttentionGraph, inputs: ModelInput) -> None:
    assert draw(graph, inputs) == draw(graph, inputs)


def test_dot_source_is_accepted_by_dot_and_names_everything(graph: AttentionGraph) -> None:
    source = attention_graph_dot(graph, GRID, title='quo"te\\')
    done = subprocess.run(["dot", "-Tplain"], input=source, capture_output=True, text=True, check=True)
    assert len(re.findall(r"^node ", done.stdout, re.MULTILINE)) == len(graph.nodes)
    assert len(re.findall(r"^edge ", done.stdout, re.MULTILINE)) == len(graph.links)
    assert done.stderr == ""


def test_lone_root_and_root_below_another_are_drawn(inputs: ModelInput) -> None:
    lone = AttentionGraph((GraphNode("n3", 3, 0.8, 0.9, is_root=True, is_expanded=False),), (), 0, {}, 0, 0.0)
    assert len(by_class(ET.fromstring(draw(lone, inputs).svg), "sag-node")) == 1
    assert describe(lone).startswith(
        "1 patch set and 0 deletions, from 1 minimal sufficient explanation on top"
    )


def test_a_root_reached_from_another_root_is_drawn(graph: AttentionGraph, inputs: ModelInput) -> None:
    target = graph.links[0].target
    nodes = tuple(replace(node, is_root=node.is_root or node.id == target) for node in graph.nodes)
    root = ET.fromstring(draw(replace(graph, nodes=nodes), inputs).svg)
    assert len(by_class(root, "sag-root")) == 3


def test_empty_graph_is_refused(graph: AttentionGraph, inputs: ModelInput) -> None:
    with pytest.raises(RenderError, match="no attention graph"):
        draw(replace(graph, nodes=(), links=()), inputs)


@pytest.mark.skipif(which("pdftotext") is None, reason="poppler-utils is not installed")
def test_pdf_is_one_page_of_vector_text(graph: AttentionGraph, inputs: ModelInput, tmp_path: Path) -> None:
    (tmp_path / "sag.pdf").write_bytes(draw(graph, inputs).pdf)
    done = subprocess.run(
        ["pdftotext", "sag.pdf", "-"], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    assert done.stderr == ""
    assert "85.5 %" in done.stdout
    assert done.stdout.count("\f") == 1


def test_png_has_the_size_and_provenance_of_the_drawing(graph: AttentionGraph, inputs: ModelInput) -> None:
    drawing = draw(graph, inputs)
    with Image.open(BytesIO(drawing.png)) as image:
        assert image.width / image.info["dpi"][0] == pytest.approx(drawing.width / 96, abs=0.02)
        assert image.height / image.info["dpi"][1] == pytest.approx(drawing.height / 96, abs=0.02)
        assert image.info["Title"] == 'A & "B" <C>'
        assert image.info["Description"] == "image: tom"
        assert len(image.convert("RGB").getcolors(maxcolors=2**24) or ()) > 1000


def bands(n: int) -> ModelInput:
    """Return a wide photograph whose superpixels are ``n`` slanting bands."""
    pixels = np.random.default_rng(0x5A6).integers(0, 255, (96, 128, 3)).astype(np.uint8)
    y, x = np.indices((48, 64))
    segments = ((x + y // 2) * n // 88).astype(np.int16)
    empty = np.zeros((1, 3, 48, 64), dtype=np.float32)
    return ModelInput(pixels, empty, empty, segments)


def test_superpixels_are_clipped_outlined_and_named_by_number(graph: AttentionGraph) -> None:
    inputs = bands(9)
    model = MaskModel(partition="slic").of(inputs.segments)
    caption = Caption("Bands")
    drawing = draw_attention_graph(graph, inputs, model, prefix="sag", caption=caption)
    assert drawing == draw_attention_graph(graph, inputs, model, prefix="sag", caption=caption)
    root = ET.fromstring(drawing.svg)
    labels = {str(next(e.iter(f"{NS}text")).text) for e in by_class(root, "sag-edge")}
    assert labels == {f"segment {link.removed}" for link in graph.links}
    titles = [str(e.findtext(f"{NS}title")) for e in by_class(root, "sag-node")]
    assert titles[0] == "segments 0, 1, 4: 85.5 %, 95 % of the whole image"
    legend = " ".join(str(t.text) for t in by_class(root, "sag-legend")[0].iter(f"{NS}text"))
    assert "one segment taken away: its number" in legend
    assert "row" not in legend
    assert drawing.outline[0].children[0].removed == "without segment 0, \u221229 pp"
    assert "segment 4" in drawing.dot
    for node in by_class(root, "sag-node"):
        clips = list(node.iter(f"{NS}clipPath"))
        assert len(clips) == (node.get("data-mask") != "0x0")
    assert drawing.pdf.startswith(b"%PDF")
    with Image.open(BytesIO(drawing.png)) as image:
        assert image.width / image.info["dpi"][0] == pytest.approx(drawing.width / 96, abs=0.02)


def test_superpixels_must_be_there(graph: AttentionGraph, inputs: ModelInput) -> None:
    with pytest.raises(RenderError, match=r"no .* map of them"):
        draw_attention_graph(
            graph, inputs, MaskModel(partition="slic", n_segments=9), prefix="sag", caption=Caption("t")
        )


@pytest.mark.parametrize(("rows", "cols"), [(5, 9), (16, 16)])
def test_any_grid_on_a_photograph_that_is_not_square(graph: AttentionGraph, rows: int, cols: int) -> None:
    inputs = replace(bands(9), segments=None)
    drawing = draw_attention_graph(graph, inputs, MaskModel(rows, cols), prefix="sag", caption=Caption("t"))
    root = ET.fromstring(drawing.svg)
    sizes = {(float(str(e.get("width"))), float(str(e.get("height")))) for e in root.iter(f"{NS}rect")}
    assert any(width > height for width, height in sizes)
    pictures = [str(e.get("transform")) for e in root.iter(f"{NS}use")]
    scales = {re.findall(r"scale\(([\d.]+) ([\d.]+)\)", text)[0] for text in pictures}
    assert scales
    assert all(float(high) / float(wide) == pytest.approx(96 / 128, abs=0.01) for wide, high in scales)
