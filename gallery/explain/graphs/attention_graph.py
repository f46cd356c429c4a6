"""Structured attention graph (SAG): how confidence falls as patches are taken away from the explanations.

A node is a patch set with its confidence; its children are *all* its single deletions; a node reached from
several parents is drawn once. Reference: Shitole et al., One Explanation is Not Enough, NeurIPS 2021,
arXiv:2011.06733. Differs from the official code, which draws one tree per root and only ever deletes the
first three patches of a node.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import networkx as nx

from gallery.interfaces import ScoreRequest, ScoreSteps
from gallery.records import AttentionGraph, GraphLink, GraphNode, cells_of


@dataclass
class _Growth:
    """A graph while it grows: mask -> probability, and the masks whose children are in."""

    scores: dict[int, float] = field(default_factory=dict)
    expanded: set[int] = field(default_factory=set)
    left_out: set[int] = field(default_factory=set)


def attention_graph(
    roots: Sequence[int],
    p_full: float,
    *,
    p_low: float = 0.4,
    max_nodes: int = 40,
    max_children: int = 256,
) -> ScoreSteps[AttentionGraph]:
    """Build the merged graph of all roots.

    A node with more than one patch is expanded while its probability exceeds ``p_low * p_full``, level by
    level and most confident first. A node is expanded completely or not at all: where its new children
    would exceed ``max_nodes`` they are counted in ``truncated`` instead.

    Args:
        roots: MSEs to start from; more than ``max_nodes`` roots are still all shown.
        p_full: Probability of the target on the whole image.
        p_low: Relative confidence above which a node is expanded.
        max_nodes: Node budget.
        max_children: Deletions of a node that are shown, lowest patch ids first; 3 as in the official code,
            256 for all.

    Returns:
        The graph with float32 probabilities; ``forwards`` and ``seconds`` are 0, for the caller to fill.

    Cost:
        One float32 score per node.
    """
    growth = _Growth()
    limits = _Limits(p_low * p_full, max_nodes, max_children)
    level = list(dict.fromkeys(roots))
    while level:
        scores = yield ScoreRequest(level, exact=True)
        growth.scores.update(zip(level, scores, strict=True))
        level = _expand(level, growth, limits)
    options = {"p_low": p_low, "max_nodes": max_nodes, "max_children": max_children}
    nodes = _nodes(set(roots), p_full, growth)
    links = _links(nodes, growth.scores, max_children)
    truncated = len(growth.left_out - growth.scores.keys())
    return AttentionGraph(nodes, links, truncated, options, forwards=0, seconds=0.0)


@dataclass(frozen=True)
class _Limits:
    """A node is expanded above ``probability``, while ``nodes`` allow it, into at most ``children``."""

    probability: float
    nodes: int
    children: int


def _expand(level: list[int], growth: _Growth, limits: _Limits) -> list[int]:
    """Return the new nodes one deletion below ``level``, and note which nodes were expanded."""
    new: dict[int, None] = {}
    for mask in sorted(level, key=lambda m: (-growth.scores[m], m)):
        if growth.scores[mask] <= limits.probability or mask.bit_count() < 2:
            continue
        children = [mask & ~(1 << cell) for cell in cells_of(mask)[: limits.children]]
        unseen = [child for child in children if child not in growth.scores and child not in new]
        if len(growth.scores) + len(new) + len(unseen) > limits.nodes:
            growth.left_out.update(unseen)
            continue
        growth.expanded.add(mask)
        new.update(dict.fromkeys(unseen))
    return list(new)


def _nodes(roots: set[int], p_full: float, growth: _Growth) -> tuple[GraphNode, ...]:
    nodes = [
        GraphNode(
            id=node_id(mask),
            mask=mask,
            probability=probability,
            relative=probability / p_full,
            is_root=mask in roots,
            is_expanded=mask in growth.expanded,
        )
        for mask, probability in growth.scores.items()
    ]
    return tuple(sorted(nodes, key=lambda n: (not n.is_root, -n.mask.bit_count(), n.mask)))


def _links(nodes: Sequence[GraphNode], scores: dict[int, float], max_children: int) -> tuple[GraphLink, ...]:
    return tuple(
        GraphLink(node.id, node_id(child), cell, scores[node.mask] - scores[child])
        for node in nodes
        if node.is_expanded
        for cell in cells_of(node.mask)[:max_children]
        for child in [node.mask & ~(1 << cell)]
    )


def node_id(mask: int) -> str:
    """Return "n" + the mask in hexadecimal."""
    return f"n{mask:x}"


def to_networkx(graph: AttentionGraph) -> "nx.DiGraph[str]":
    """Return a ``networkx.DiGraph``: nodes as in ``GraphNode``, edges with ``removed`` and ``drop``."""
    digraph: nx.DiGraph[str] = nx.DiGraph(truncated=graph.truncated)
    for node in graph.nodes:
        digraph.add_node(
            node.id,
            cells=cells_of(node.mask),
            probability=node.probability,
            relative=node.relative,
            is_root=node.is_root,
            is_expanded=node.is_expanded,
        )
    for link in graph.links:
        digraph.add_edge(link.source, link.target, removed=link.removed, drop=link.drop)
    return digraph
