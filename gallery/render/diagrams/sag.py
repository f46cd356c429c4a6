"""Structured attention graphs as drawings: DOT for the layout, then SVG, PDF and PNG of one drawing.

Every node shows the photograph with the node's patches as they are and the rest dimmed. The photograph is
stored twice in a drawing (as it is, and dimmed) however many nodes there are: all clip the same two.
"""

from dataclasses import dataclass

from gallery.errors import RenderError
from gallery.records import AttentionGraph, MaskModel, ModelInput
from gallery.render.diagrams.drawing import Caption, Pictures, describe, drawing_of
from gallery.render.diagrams.layout import lay_out
from gallery.render.diagrams.look import colour_of, node_size
from gallery.render.diagrams.outline import OutlineNode, drop_text, outline_of, percent
from gallery.render.figures.partition import Partition
from gallery.render.figures.patches import cell_name
from gallery.render.figures.pdf import pdf_file
from gallery.render.figures.photo import dimmed, photo_jpeg, shrink
from gallery.render.figures.png import png_file
from gallery.render.figures.svg import inline_svg, svg_file

__all__ = ["Caption", "OutlineNode", "SagDrawing", "attention_graph_dot", "describe", "draw_attention_graph"]

_PHOTO_PX = 256


@dataclass(frozen=True)
class SagDrawing:
    """A drawn structured attention graph.

    Attributes:
        svg: For inlining in a page: responsive, ids prefixed, follows the page's text colour.
        svg_file: The same as a file of its own, with provenance.
        pdf: One vector page.
        png: The same in pixels, with provenance.
        dot: Graphviz source of the layout.
        outline: The same as nested lists, one for each root.
        width: Natural width in CSS pixels, at which all text can be read.
        height: Natural height in CSS pixels.
    """

    svg: str
    svg_file: bytes
    pdf: bytes
    png: bytes
    dot: str
    outline: tuple[OutlineNode, ...]
    width: int
    height: int


def attention_graph_dot(
    graph: AttentionGraph,
    mask_model: MaskModel,
    *,
    title: str = "",
    aspect: float = 1.0,
    rank_gap: float = 0.8,
) -> str:
    """Return the graph as DOT: what ``dot`` lays out, and what readers may take into other tools.

    Args:
        graph: The graph.
        mask_model: For the names of patches.
        title: Name of the graph.
        aspect: Height / width of the photograph, which decides the size of nodes.
        rank_gap: Between ranks, inches.
    """
    lines = [
        f"digraph {_quoted(title or 'structured attention graph')} {{",
        f'  graph [rankdir=TB, ranksep={rank_gap}, nodesep=0.14, ordering="", charset="UTF-8"];',
        '  node [shape=box, fixedsize=true, fontname="Helvetica", fontsize=9];',
        '  edge [fontname="Helvetica", fontsize=9, arrowsize=0.6, tailport=s, headport=n];',
    ]
    for node in graph.nodes:
        width, height = node_size(node, aspect)
        label = f"{percent(node.probability)}\n{node.mask.bit_count()} patches"
        size = f"width={width / 72:.4f}, height={height / 72:.4f}"
        look = f"color={_quoted(colour_of(node.relative))}, mask={_quoted(hex(node.mask))}"
        lines.append(f"  {_quoted(node.id)} [label={_quoted(label)}, {size}, {look}];")
    entered = {link.target for link in graph.links}
    roots = [_quoted(node.id) for node in graph.nodes if node.is_root and node.id not in entered]
    lines.append(f"  {{ rank=source; {'; '.join(roots)} }}")
    for link in graph.links:
        label = f"{cell_name(link.removed, mask_model)}\n{drop_text(link.drop)}"
        lines.append(f"  {_quoted(link.source)} -> {_quoted(link.target)} [label={_quoted(label)}];")
    return "\n".join([*lines, "}", ""])


def draw_attention_graph(
    graph: AttentionGraph,
    inputs: ModelInput,
    mask_model: MaskModel,
    *,
    prefix: str,
    caption: Caption,
) -> SagDrawing:
    """Draw a graph with roots on top and one picture in each node.

    Args:
        graph: At least one node.
        inputs: What the classifier saw; only ``view`` and ``segments`` are used.
        mask_model: What patches are.
        prefix: Begins every id of the inline SVG: letters, digits, "-" and "_"; unique on its page.
        caption: Title, description, provenance and thresholds.

    Raises:
        RenderError: If the graph is empty, ``dot`` is missing or fails, or the patches do not fit the image.
        ShapeError: If ``inputs.view`` is not (H, W, 3) uint8.
    """
    if not graph.nodes:
        raise RenderError("There is no attention graph to draw: no sufficient patch set was found.")
    patches = Partition(mask_model, inputs.segments)
    photo = shrink(inputs.view, _PHOTO_PX)
    aspect = photo.shape[0] / photo.shape[1]
    dot = attention_graph_dot(graph, mask_model, title=caption.title, aspect=aspect)
    layout = lay_out(dot)
    pictures = Pictures(photo_jpeg(photo, 80), photo_jpeg(dimmed(photo), 60), aspect)
    drawing = drawing_of(graph, layout, pictures, patches, caption)
    return SagDrawing(
        svg=inline_svg(drawing, prefix=prefix, css="sag"),
        svg_file=svg_file(drawing),
        pdf=pdf_file(drawing),
        png=png_file(drawing),
        dot=dot,
        outline=outline_of(graph, mask_model),
        width=round(drawing.width * 96 / 72),
        height=round(drawing.height * 96 / 72),
    )


def _quoted(text: str) -> str:
    """Return a DOT string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
