"""The structured attention graph on its own: sag.json, in the node-link form that graph libraries read.

``networkx.node_link_graph(json.load(open("sag.json")))`` gives a ``DiGraph``; D3 wants the edges as links.
"""

from typing import Any

from gallery.records import AttentionGraph, ImageResult, cells_of
from gallery.render.documents.numbers import number


def graph_nodes(graph: AttentionGraph) -> list[dict[str, Any]]:
    """Return the nodes as plain JSON values: roots first, then by descending size and mask."""
    return [
        {
            "id": node.id,
            "cells": cells_of(node.mask),
            "probability": number(node.probability),
            "relative": number(node.relative),
            "is_root": node.is_root,
            "is_expanded": node.is_expanded,
        }
        for node in graph.nodes
    ]


def graph_links(graph: AttentionGraph) -> list[dict[str, Any]]:
    """Return the single deletions as plain JSON values, by source and removed patch."""
    return [
        {"source": link.source, "target": link.target, "removed": link.removed, "drop": number(link.drop)}
        for link in graph.links
    ]


def graph_document(result: ImageResult, classifier: str) -> dict[str, Any]:
    """Return the graph with what is needed to read it without any other file.

    Args:
        result: Of one image under one classifier.
        classifier: "<source>:<model>".
    """
    model = result.mask_model
    facts = {
        "image": result.image.id,
        "classifier": classifier,
        "target": {"index": result.prediction.target, "name": result.prediction.class_name},
        "p_full": number(result.prediction.p_full),
        "threshold": number(result.search.threshold),
        "partition": model.partition,
        "rows": model.rows if model.partition == "grid" else None,
        "cols": model.cols if model.partition == "grid" else None,
        "n_cells": model.n_cells,
        "truncated": result.graph.truncated,
        "options": dict(result.graph.options),
    }
    return {
        "directed": True,
        "multigraph": False,
        "graph": facts,
        "nodes": graph_nodes(result.graph),
        "edges": graph_links(result.graph),
    }
