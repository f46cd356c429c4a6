"""Structured attention graphs as drawings: DOT for the layout, then SVG for pages and PDF for print.

Every node shows the photograph with the node's patches as they are and the rest dimmed. The photograph is
stored twice in a drawing (as it is, and dimmed) however many nodes there are: all clip the same two.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from gallery.errors import RenderError
from gallery.records import AttentionGraph, GraphLink, GraphNode, MaskModel, ModelInput
from gallery.render.diagrams.layout import EdgeRoute, Layout, lay_out
from gallery.render.diagrams.legend import LEGEND_WIDTH_PT, draw_legend
from gallery.render.diagrams.look import (
    CARD,
    CARD_INK,
    CARD_SOFT,
    EDGE,
    FRAME_PT,
    REMOVED,
    TAB_PT,
    TEXT_PT,
    colour_of,
    node_size,
    picture_side,
)
from gallery.render.diagrams.outline import OutlineNode, drop_text, node_text, outline_of, percent
from gallery.render.figures.canvas import Box, Drawing, Group, Item, Path, Picture, Text
from gallery.render.figures.patches import Point, Rect, cell_name, cell_rect, outline
from gallery.render.figures.pdf import pdf_file
from gallery.render.figures.photo import dimmed, photo_jpeg, shrink
from gallery.render.figures.svg import inline_svg, svg_file

__all__ = ["Caption", "OutlineNode", "SagDrawing", "attention_graph_dot", "describe", "draw_attention_graph"]

_MARGIN_PT = 10.0
_GAP_PT = 22.0
_PHOTO_PX = 256


@dataclass(frozen=True)
class Caption:
    """What a drawing says about itself.

    Attributes:
        title: Accessible name, such as "Attention graph of 'coffee' for the class espresso".
        description: In words; "" = ``describe(graph)``.
        facts: Provenance as name -> text (image id, classifier, digest, ...), written into the files.
        thresholds: Shares of the whole image's confidence marked in the legend: a set is taken further above
            the first and sufficient from the second.
    """

    title: str
    description: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    thresholds: tuple[float, float] = (0.4, 0.9)


@dataclass(frozen=True)
class SagDrawing:
    """A drawn structured attention graph.

    Attributes:
        svg: For inlining in a page: responsive, ids prefixed, follows the page's text colour.
        svg_file: The same as a file of its own, with provenance.
        pdf: One vector page.
        dot: Graphviz source of the layout.
        outline: The same as nested lists, one for each root.
        width: Natural width in CSS pixels, at which all text can be read.
        height: Natural height in CSS pixels.
    """

    svg: str
    svg_file: bytes
    pdf: bytes
    dot: str
    outline: tuple[OutlineNode, ...]
    width: int
    height: int


def attention_graph_dot(
    graph: AttentionGraph, mask_model: MaskModel, *, title: str = "", aspect: float = 1.0
) -> str:
    """Return the graph as DOT: what ``dot`` lays out, and what readers may take into other tools.

    Args:
        graph: The graph.
        mask_model: Its grid, for the names of patches.
        title: Name of the graph.
        aspect: Height / width of the photograph, which decides the size of nodes.
    """
    lines = [
        f"digraph {_quoted(title or 'structured attention graph')} {{",
        '  graph [rankdir=TB, ranksep=0.8, nodesep=0.14, ordering="", charset="UTF-8"];',
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
        inputs: What the classifier saw; only ``view`` is used.
        mask_model: Grid of the patch sets.
        prefix: Begins every id of the inline SVG: letters, digits, "-" and "_"; unique on its page.
        caption: Title, description, provenance and thresholds.

    Raises:
        RenderError: If the graph is empty or ``dot`` is missing or fails.
        ShapeError: If ``inputs.view`` is not (H, W, 3) uint8.
    """
    if not graph.nodes:
        raise RenderError("There is no attention graph to draw: no sufficient patch set was found.")
    photo = shrink(inputs.view, _PHOTO_PX)
    aspect = photo.shape[0] / photo.shape[1]
    dot = attention_graph_dot(graph, mask_model, title=caption.title, aspect=aspect)
    layout = lay_out(dot)
    pictures = _Pictures(photo_jpeg(photo, 80), photo_jpeg(dimmed(photo), 60), aspect)
    drawing = _drawing(graph, layout, pictures, mask_model, caption)
    return SagDrawing(
        svg=inline_svg(drawing, prefix=prefix, css="sag"),
        svg_file=svg_file(drawing),
        pdf=pdf_file(drawing),
        dot=dot,
        outline=outline_of(graph, mask_model),
        width=round(drawing.width * 96 / 72),
        height=round(drawing.height * 96 / 72),
    )


@dataclass(frozen=True)
class _Pictures:
    """The photograph and its dimmed twin as JPEG, and height / width."""

    photo: bytes
    dim: bytes
    aspect: float


def _drawing(
    graph: AttentionGraph,
    layout: Layout,
    pictures: _Pictures,
    mask_model: MaskModel,
    caption: Caption,
) -> Drawing:
    width = max(layout.width, LEGEND_WIDTH_PT) + 2 * _MARGIN_PT
    left = (width - layout.width) / 2
    links = {(link.source, link.target): link for link in graph.links}
    parents: dict[str, list[GraphLink]] = {}
    for link in graph.links:
        parents.setdefault(link.target, []).append(link)
    edges = [
        _draw_edge(route, links[route.tail, route.head], mask_model, (left, _MARGIN_PT))
        for route in layout.routes
    ]
    nodes: list[Item] = []
    n_roots = 0
    for node in graph.nodes:
        n_roots += node.is_root
        x, y = layout.centres[node.id]
        items = _draw_node(
            node,
            (left + x, _MARGIN_PT + y),
            pictures,
            mask_model,
            parents.get(node.id, []),
            f"Root {n_roots}" if node.is_root else "",
        )
        kinds = "sag-node" + (" sag-root" if node.is_root else "")
        kinds += "" if node.is_expanded else " sag-leaf"
        kinds += " sag-shared" if len(parents.get(node.id, [])) > 1 else ""
        data = {"mask": hex(node.mask), "node": node.id, "probability": f"{node.probability:.6g}"}
        nodes.append(Group(tuple(items), id=node.id, css=kinds, data=data, title=node_text(node, mask_model)))
    legend_top = _MARGIN_PT + layout.height + _GAP_PT
    legend, legend_height = draw_legend(graph, caption.thresholds, (_MARGIN_PT, legend_top))
    return Drawing(
        width=width,
        height=legend_top + legend_height + _MARGIN_PT,
        items=[*edges, *nodes, Group(tuple(legend), css="sag-legend")],
        title=caption.title,
        description=caption.description or describe(graph),
        facts=caption.facts,
    )


def _draw_node(
    node: GraphNode,
    centre: tuple[float, float],
    pictures: _Pictures,
    mask_model: MaskModel,
    parents: list[GraphLink],
    tab: str,
) -> Iterator[Item]:
    """Yield card, pictures, border of the kept region, patches just taken away, and numbers."""
    width, height = node_size(node, pictures.aspect)
    side = picture_side(node)
    x, y = centre[0] - width / 2, centre[1] - height / 2
    colour = colour_of(node.relative)
    if len(parents) > 1:
        yield Box(
            x - 3.2, y - 3.2, width + 6.4, height + 6.4, stroke=colour, line=1.2, radius=6, css="sag-ring"
        )
    yield Box(x, y, width, height, CARD, colour, 2, 4, "sag-card")
    if tab:
        yield Box(x, y, width, TAB_PT + 2, colour, colour, 2, 4)
        yield Text(centre[0], y + 11, tab, 9, "middle", bold=True, colour="#ffffff")
        y += TAB_PT
    box = (x + FRAME_PT, y + FRAME_PT, side, side * pictures.aspect)
    yield Picture(*box, pictures.dim)
    kept = outline(node.mask, mask_model, box)
    yield Picture(*box, pictures.photo, clip=kept)
    if kept:
        yield Path(kept, closed=True, stroke="#ffffff", line=1)
    if parents:
        yield Path(
            tuple(_inset(cell_rect(link.removed, mask_model, box)) for link in parents),
            closed=True,
            stroke=REMOVED,
            line=1.2,
        )
    base = box[1] + box[3] + TEXT_PT
    yield Text(
        centre[0],
        base - 14.5,
        percent(node.probability),
        10,
        "middle",
        bold=True,
        colour=CARD_INK,
        css="sag-p",
    )
    relative = f"{node.relative * 100:.0f} % of full"
    yield Text(centre[0], base - 5, relative, 7.5, "middle", colour=CARD_SOFT, css="sag-relative")
    if len(parents) > 1:
        right, top = x + width, centre[1] - height / 2
        yield Box(right - 8, top - 7, 15, 15, CARD_INK, "#ffffff", 1, 7.5, "sag-badge")
        yield Text(right - 0.5, top + 3.8, str(len(parents)), 9, "middle", bold=True, colour="#ffffff")


def _draw_edge(
    route: EdgeRoute, link: GraphLink, mask_model: MaskModel, corner: tuple[float, float]
) -> Group:
    """Return one edge: thicker where the drop is larger, with arrow head and label."""
    left, top = corner
    spline = tuple((left + x, top + y) for x, y in route.spline)
    tip = (left + route.tip[0], top + route.tip[1])
    line = 0.8 + 1.8 * min(1.0, max(0.0, link.drop))
    end = spline[-1]
    length = max(((tip[0] - end[0]) ** 2 + (tip[1] - end[1]) ** 2) ** 0.5, 1e-6)
    across = ((end[1] - tip[1]) / length * 2.4, (tip[0] - end[0]) / length * 2.4)
    head = (tip, (end[0] + across[0], end[1] + across[1]), (end[0] - across[0], end[1] - across[1]))
    label_x, label_y = left + route.label[0], top + route.label[1]
    cell = cell_name(link.removed, mask_model)
    return Group(
        (
            Path((spline,), curved=True, stroke=EDGE, line=line),
            Path((head,), closed=True, fill=EDGE),
            Text(label_x, label_y - 1.5, cell, 8, "middle"),
            Text(label_x, label_y + 7.5, drop_text(link.drop), 8, "middle"),
        ),
        id=f"{link.source}-{link.target}",
        css="sag-edge",
        data={"source": link.source, "target": link.target, "removed": str(link.removed)},
        title=f"patch {cell} taken away: {drop_text(link.drop)}",
    )


def _inset(rect: Rect) -> tuple[Point, ...]:
    """Return the corners of a cell a little inside it, so that frames of neighbours do not touch."""
    x, y, width, height = rect
    left, top, right, bottom = x + 0.6, y + 0.6, x + width - 0.6, y + height - 0.6
    return ((left, top), (right, top), (right, bottom), (left, bottom))


def describe(graph: AttentionGraph) -> str:
    """Return in words what a graph's drawing shows."""
    n_roots = sum(node.is_root for node in graph.nodes)
    n_shared = len(graph.links) - len({link.target for link in graph.links})
    text = (
        f"{len(graph.nodes)} patch sets and {len(graph.links)} deletions, starting from {n_roots} minimal "
        f"sufficient explanation{'s' if n_roots != 1 else ''} on top. Each set shows its confidence."
    )
    text += f" {n_shared} deletions lead to a set that is reached from elsewhere too." if n_shared else ""
    text += f" {graph.truncated} more sets are not drawn." if graph.truncated else ""
    return text


def _quoted(text: str) -> str:
    """Return a DOT string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
