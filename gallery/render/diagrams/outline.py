"""A structured attention graph as a nested list: for screen readers, search and readers without pictures."""

from dataclasses import dataclass

from gallery.records import AttentionGraph, GraphLink, GraphNode, MaskModel
from gallery.render.figures.patches import cell_name, patch_list

_MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True)
class OutlineNode:
    """One patch set in the nested list.

    Attributes:
        node_id: Id in the graph.
        text: Patches and confidence in words.
        removed: The patch taken away to get here, with its cost; "" for roots.
        repeated: Whether the set is spelled out elsewhere in the list, with its children.
        children: Sets with one patch fewer; empty if ``repeated``.
    """

    node_id: str
    text: str
    removed: str
    repeated: bool
    children: "tuple[OutlineNode, ...]"


def outline_of(graph: AttentionGraph, mask_model: MaskModel) -> tuple[OutlineNode, ...]:
    """Return one nested list for each root; a set reached twice has its children where it comes first."""
    nodes = {node.id: node for node in graph.nodes}
    links: dict[str, list[GraphLink]] = {}
    for link in graph.links:
        links.setdefault(link.source, []).append(link)
    seen: set[str] = set()

    def entry(node: GraphNode, link: GraphLink | None) -> OutlineNode:
        repeated = node.id in seen
        seen.add(node.id)
        below = [] if repeated else links.get(node.id, [])
        return OutlineNode(
            node_id=node.id,
            text=node_text(node, mask_model),
            removed=""
            if link is None
            else f"without {cell_name(link.removed, mask_model)}, {drop_text(link.drop)}",
            repeated=repeated and bool(links.get(node.id)),
            children=tuple(entry(nodes[link.target], link) for link in below),
        )

    return tuple(entry(node, None) for node in graph.nodes if node.is_root)


def node_text(node: GraphNode, mask_model: MaskModel) -> str:
    """Return a node in words: ``patches (2, 2), (2, 3): 94.1 %, 97 % of the whole image``."""
    shares = f"{percent(node.probability)}, {node.relative * 100:.0f} % of the whole image"
    return f"{patch_list(node.mask, mask_model)}: {shares}"


def percent(probability: float) -> str:
    """Return a probability as printed in nodes: ``94.1 %``."""
    return f"{probability * 100:.1f} %"


def drop_text(drop: float) -> str:
    """Return the change in probability along an edge, in percentage points: a drop has a minus sign."""
    points = round(drop * 100)
    sign = _MINUS if points > 0 else "+" if points < 0 else ""
    return f"{sign}{abs(points)} pp"
