"""A structured attention graph built by hand from an additive confidence."""

import numpy as np
import pytest

from gallery.records import AttentionGraph, GraphLink, GraphNode, MaskModel, ModelInput, cells_of, mask_of

GRID = MaskModel(3, 3)


def attention_graph(roots: list[list[int]], *, p_full: float = 0.9, truncated: int = 0) -> AttentionGraph:
    """Return all deletions of the roots; a set has the share of the best root's patches as confidence."""
    masks = [mask_of(root) for root in roots]

    def probability(mask: int) -> float:
        return 0.95 * p_full * max((mask & root).bit_count() / root.bit_count() for root in masks)

    found, links, queue = dict.fromkeys(masks, True), [], list(masks)
    for mask in queue:
        found[mask] = probability(mask) > 0.4 * p_full and mask.bit_count() > 1
        for cell in cells_of(mask) if found[mask] else []:
            child = mask & ~(1 << cell)
            links.append(GraphLink(f"n{mask:x}", f"n{child:x}", cell, probability(mask) - probability(child)))
            if child not in found:
                found[child] = False
                queue.append(child)
    nodes = [
        GraphNode(f"n{m:x}", m, probability(m), probability(m) / p_full, m in masks, found[m])
        for m in sorted(found, key=lambda m: (m not in masks, -m.bit_count(), m))
    ]
    links.sort(key=lambda link: (link.source, link.removed))
    return AttentionGraph(tuple(nodes), tuple(links), truncated, {}, 0, 0.0)


@pytest.fixture
def graph() -> AttentionGraph:
    """Two roots of three patches that share one."""
    return attention_graph([[0, 1, 4], [4, 5, 8]], truncated=3)


@pytest.fixture
def deep_graph() -> AttentionGraph:
    """One root of four patches, whose pairs are taken further and reached twice."""
    return attention_graph([[0, 1, 3, 4]])


@pytest.fixture
def inputs() -> ModelInput:
    """A random photograph."""
    pixels = np.random.default_rng(0x5A6).integers(0, 255, (60, 60, 3)).astype(np.uint8)
    empty = np.zeros((1, 3, 30, 30), dtype=np.float32)
    return ModelInput(pixels, empty, empty)
