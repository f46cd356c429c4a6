"""The top of a structured attention graph, small enough for one column of a paper.

A whole graph is many inches wide, and nothing in it can be read at 3.25 inches. This figure shows the first
root, what is left of it when one patch is taken away (the three that cost most), and the same once more below
the set that keeps most, as far as there is room.
"""

from dataclasses import replace

from gallery.errors import RenderError
from gallery.records import AttentionGraph, GraphLink, GraphNode, MaskModel, ModelInput
from gallery.render.diagrams.drawing import Caption, Pictures, drawing_of
from gallery.render.diagrams.layout import lay_out
from gallery.render.diagrams.sag import attention_graph_dot
from gallery.render.figures.canvas import Box, Drawing, Group, Item, Path, Picture, Text
from gallery.render.figures.partition import Partition
from gallery.render.figures.photo import dimmed, photo_jpeg, shrink

WIDTH_PT = 234.0
SMALLEST_PT = 7.0
"""Of text in the figure."""
_NODE_TEXT_PT = 7.5  # the smallest text on a node before the figure is scaled
_PHOTO_PX = 224
_CHILDREN = 3


def column_drawing(
    graph: AttentionGraph, inputs: ModelInput, mask_model: MaskModel, caption: Caption
) -> Drawing:
    """Return the top of a graph, ``WIDTH_PT`` wide, with no text smaller than ``SMALLEST_PT``.

    Args:
        graph: At least one node.
        inputs: What the classifier saw; only ``view`` and ``segments`` are used.
        mask_model: What patches are.
        caption: Title, description and provenance.

    Raises:
        RenderError: If the graph is empty, or ``dot`` is missing or fails.
        ShapeError: If ``inputs.view`` is not (H, W, 3) uint8.
    """
    photo = shrink(inputs.view, _PHOTO_PX)
    aspect = photo.shape[0] / photo.shape[1]
    pictures = Pictures(photo_jpeg(photo, 80), photo_jpeg(dimmed(photo), 60), aspect)
    patches = Partition(mask_model, inputs.segments)
    widest = WIDTH_PT * _NODE_TEXT_PT / SMALLEST_PT
    for levels, children in ((2, _CHILDREN), (2, 2), (1, _CHILDREN), (1, 2), (1, 1)):
        part = top_of(graph, levels=levels, children=children)
        layout = lay_out(attention_graph_dot(part, mask_model, aspect=aspect, rank_gap=0.5))
        if layout.width <= widest:
            break
    drawing = drawing_of(part, layout, pictures, patches, caption, legend=False)
    scale = min(1.0, WIDTH_PT / layout.width)
    edge = (drawing.width - layout.width) / 2
    shift = ((WIDTH_PT - layout.width * scale) / 2 - edge * scale, -(edge - 2) * scale)
    shown = f"{len(part.nodes)} of {len(graph.nodes)} patch sets of the graph"
    height = drawing.height * scale + 2 * shift[1]
    items: list[Item] = [_scaled(item, scale, shift) for item in drawing.items]
    return replace(
        drawing,
        width=WIDTH_PT,
        height=height,
        items=items,
        description=f"{drawing.description} Shown: {shown}.",
    )


def top_of(graph: AttentionGraph, *, levels: int, children: int) -> AttentionGraph:
    """Return the first root, and ``levels`` times the deletions that cost most, of the best set each time.

    Raises:
        RenderError: If the graph is empty.
    """
    if not graph.nodes:
        raise RenderError("There is no attention graph to draw: no sufficient patch set was found.")
    by_id = {node.id: node for node in graph.nodes}
    nodes: list[GraphNode] = [graph.nodes[0]]
    links: list[GraphLink] = []
    current = graph.nodes[0]
    for _ in range(levels):
        costly = sorted(
            (link for link in graph.links if link.source == current.id),
            key=lambda link: (-link.drop, link.removed),
        )[:children]
        if not costly:
            break
        links += sorted(costly, key=lambda link: link.removed)
        found = [by_id[link.target] for link in costly]
        nodes += found
        current = max(found, key=lambda node: (node.probability, node.id))
    # Only the root is drawn large.
    shown = tuple(replace(node, is_expanded=node.is_root) for node in nodes)
    return replace(graph, nodes=shown, links=tuple(links), truncated=0)


def _scaled(item: Item, scale: float, shift: tuple[float, float]) -> Item:
    """Return an item scaled about the origin, then shifted."""

    def at(x: float, y: float) -> tuple[float, float]:
        return (x * scale + shift[0], y * scale + shift[1])

    match item:
        case Group():
            return replace(item, items=tuple(_scaled(inner, scale, shift) for inner in item.items))
        case Path():
            points = tuple(tuple(at(x, y) for x, y in run) for run in item.points)
            return replace(item, points=points, line=item.line * scale)
        case Text():
            x, y = at(item.x, item.y)
            return replace(item, x=x, y=y, size=max(SMALLEST_PT, item.size * scale))
    x, y = at(item.x, item.y)
    moved = replace(item, x=x, y=y, width=item.width * scale, height=item.height * scale)
    if isinstance(moved, Box):
        return replace(moved, line=moved.line * scale, radius=moved.radius * scale)
    if isinstance(moved, Picture) and moved.clip is not None:
        return replace(moved, clip=tuple(tuple(at(a, b) for a, b in loop) for loop in moved.clip))
    return moved
