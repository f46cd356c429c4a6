"""Structured attention graphs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class GraphNode:
    """A patch set in a structured attention graph.

    Attributes:
        id: "n" + hexadecimal mask; unique in the graph.
        mask: Kept patches.
        probability: Of the target when only ``mask`` is kept, float32 precision.
        relative: probability / p_full.
        is_root: Whether it is an MSE chosen as root.
        is_expanded: Whether its single deletions are in the graph.
    """

    id: str
    mask: int
    probability: float
    relative: float
    is_root: bool
    is_expanded: bool


@dataclass(frozen=True)
class GraphLink:
    """Taking patch ``removed`` away from node ``source`` gives ``target`` and costs ``drop`` probability."""

    source: str
    target: str
    removed: int
    drop: float


@dataclass(frozen=True)
class AttentionGraph:
    """Structured attention graph (SAG): roots and what happens as patches are taken away.

    Attributes:
        nodes: Roots first, then by descending size and mask.
        links: Sorted by source, then removed patch.
        truncated: Number of nodes left out by the node budget (0 = complete).
        options: Every option it was built with.
        forwards: Masks that were not in the cache.
        seconds: Wall time; not part of the reproducible results.
    """

    nodes: tuple[GraphNode, ...]
    links: tuple[GraphLink, ...]
    truncated: int
    options: Mapping[str, Any]
    forwards: int
    seconds: float
