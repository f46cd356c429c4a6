"""A laid out structured attention graph as a drawing: cards, edges and legend."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from gallery.records import AttentionGraph, GraphLink, GraphNode, MaskModel
from gallery.render.diagrams.layout import EdgeRoute, Layout
from gallery.render.diagrams.legend import LEGEND_WIDTH_PT, draw_legend
from gallery.render.diagrams.look import (
    BORDER_PT,
    CARD,
    CARD_INK,
    CARD_SOFT,
    EDGE,
    FRAME_PT,
    REMOVED,
    REMOVED_PT,
    TAB_PT,
    colour_of,
    node_size,
    picture_side,
)
from gallery.render.diagrams.outline import drop_text, node_text, percent
from gallery.render.figures.canvas import Box, Drawing, Group, Item, Path, Picture, Text
from gallery.render.figures.partition import Partition
from gallery.render.figures.patches import Rect, cell_name, patch_name

_MARGIN_PT = 10.0
_GAP_PT = 22.0
_RING_PT = 3.2


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
class Pictures:
    """What nodes show.

    Attributes:
        photo: The photograph as JPEG.
        dim: The same as removed patches are drawn, as JPEG.
        aspect: Height / width.
    """

    photo: bytes
    dim: bytes
    aspect: float


def drawing_of(
    graph: AttentionGraph,
    layout: Layout,
    pictures: Pictures,
    patches: Partition,
    caption: Caption,
    *,
    legend: bool = True,
) -> Drawing:
    """Return the drawing of a laid out graph, edges below nodes, the legend (if wanted) at the bottom."""
    width = max(layout.width, LEGEND_WIDTH_PT if legend else 0.0) + 2 * _MARGIN_PT
    corner = ((width - layout.width) / 2, _MARGIN_PT)
    links = {(link.source, link.target): link for link in graph.links}
    parents: dict[str, list[GraphLink]] = {}
    for link in graph.links:
        parents.setdefault(link.target, []).append(link)
    edges = [
        _draw_edge(route, links[route.tail, route.head], patches.mask_model, corner)
        for route in layout.routes
    ]
    roots = [node.id for node in graph.nodes if node.is_root]
    nodes = []
    for node in graph.nodes:
        x, y = layout.centres[node.id]
        node_width, node_height = node_size(node, pictures.aspect)
        card = (corner[0] + x - node_width / 2, corner[1] + y - node_height / 2, node_width, node_height)
        tab = f"Root {roots.index(node.id) + 1}" if node.is_root else ""
        nodes.append(_draw_node(node, card, pictures, patches, parents.get(node.id, []), tab))
    items: list[Item] = [*edges, *nodes]
    bottom = _MARGIN_PT + layout.height
    if legend:
        drawn, height = draw_legend(
            graph, patches.mask_model, caption.thresholds, (_MARGIN_PT, bottom + _GAP_PT)
        )
        items.append(Group(tuple(drawn), css="sag-legend"))
        bottom += _GAP_PT + height
    return Drawing(
        width=width,
        height=bottom + _MARGIN_PT,
        items=items,
        title=caption.title,
        description=caption.description or describe(graph),
        facts=caption.facts,
    )


def _draw_node(
    node: GraphNode,
    card: Rect,
    pictures: Pictures,
    patches: Partition,
    parents: list[GraphLink],
    tab: str,
) -> Group:
    """Return one node: card with tab, picture and numbers, and the marks of a shared set."""
    x, y, width, height = card
    colour = colour_of(node.relative)
    items: list[Item] = []
    if len(parents) > 1:
        ring = (x - _RING_PT, y - _RING_PT, width + 2 * _RING_PT, height + 2 * _RING_PT)
        items.append(Box(*ring, stroke=colour, line=1.2, radius=6, css="sag-ring"))
    items.append(Box(*card, CARD, colour, 2, 4, "sag-card"))
    if tab:
        items.append(Box(x, y, width, TAB_PT + 2, colour, colour, 2, 4))
        items.append(Text(x + width / 2, y + 11, tab, 9, "middle", bold=True, colour=CARD))
    side = picture_side(node)
    box = (x + FRAME_PT, y + FRAME_PT + (TAB_PT if tab else 0), side, side * pictures.aspect)
    items += _draw_picture(node, box, pictures, patches, parents)
    items += _draw_numbers(node, x + width / 2, y + height)
    if len(parents) > 1:
        right = x + width
        items.append(Box(right - 8, y - 7, 15, 15, CARD_INK, CARD, 1, 7.5, "sag-badge"))
        items.append(Text(right - 0.5, y + 3.8, str(len(parents)), 9, "middle", bold=True, colour=CARD))
    kinds = ["sag-node"]
    kinds += ["sag-root"] if node.is_root else []
    kinds += [] if node.is_expanded else ["sag-leaf"]
    kinds += ["sag-shared"] if len(parents) > 1 else []
    data = {"mask": hex(node.mask), "node": node.id, "probability": f"{node.probability:.6g}"}
    return Group(items, id=node.id, css=" ".join(kinds), data=data, title=node_text(node, patches.mask_model))


def _draw_picture(
    node: GraphNode, box: Rect, pictures: Pictures, patches: Partition, parents: list[GraphLink]
) -> Iterator[Item]:
    """Yield the photograph, dimmed where patches are removed, with the patches just taken away framed."""
    yield Picture(*box, pictures.dim)
    kept = patches.contour(node.mask, box)
    if kept:
        yield Picture(*box, pictures.photo, clip=kept)
        yield Path(kept, closed=True, stroke=CARD, line=BORDER_PT[patches.mask_model.partition])
    if parents:
        frames = tuple(loop for link in parents for loop in patches.frame(link.removed, box))
        yield Path(frames, closed=True, stroke=REMOVED, line=REMOVED_PT[patches.mask_model.partition])


def _draw_numbers(node: GraphNode, middle: float, bottom: float) -> Iterator[Item]:
    """Yield the confidence, and its share of the whole image's, at the foot of a card."""
    shown = percent(node.probability)
    yield Text(middle, bottom - 14.5, shown, 10, "middle", bold=True, colour=CARD_INK, css="sag-p")
    relative = f"{node.relative * 100:.0f} % of full"
    yield Text(middle, bottom - 5, relative, 7.5, "middle", colour=CARD_SOFT, css="sag-relative")


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
        title=f"{patch_name(link.removed, mask_model)} taken away: {drop_text(link.drop)}",
    )


def describe(graph: AttentionGraph) -> str:
    """Return in words what a graph's drawing shows."""
    n_roots = sum(node.is_root for node in graph.nodes)
    n_parents = Counter(link.target for link in graph.links)
    n_shared = sum(count > 1 for count in n_parents.values())
    counts = f"{_count(len(graph.nodes), 'patch set')} and {_count(len(graph.links), 'deletion')}"
    text = f"{counts}, from {_count(n_roots, 'minimal sufficient explanation')} on top."
    if n_shared:
        text += f" {_count(n_shared, 'set')} can be reached in several ways."
    if graph.truncated:
        text += f" {_count(graph.truncated, 'further set')} not drawn."
    return text


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}{'' if n == 1 else 's'}"
