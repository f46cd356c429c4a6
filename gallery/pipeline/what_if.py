"""What earlier stages have scored in float32, gathered into the table that readers can try patch sets in."""

from collections.abc import Mapping
from typing import Any

from gallery.explain.what_if import TopUp, listed
from gallery.records import AttentionGraph, Necessity, WhatIf
from gallery.scoring.table import ScoreTable


def take_over(table: ScoreTable, graph: AttentionGraph, necessity: Necessity, full: int) -> None:
    """Add the float32 scores that a graph and a necessity hold; their passes are not made again."""
    table.exact.update((node.mask, node.probability) for node in graph.nodes)
    table.exact[0] = necessity.p_empty
    for cell, (alone, without) in enumerate(
        zip(necessity.alone.tolist(), necessity.without.tolist(), strict=True)
    ):
        table.exact[1 << cell] = alone
        table.exact[full & ~(1 << cell)] = without
    table.exact.update((full & ~one.mask, one.probability) for one in necessity.deletion_sets)


def what_if_record(table: ScoreTable, topped: TopUp, n_cells: int, options: Mapping[str, Any]) -> WhatIf:
    """Return the table as the record that is stored; forwards and seconds are 0.

    Args:
        table: With every score there is.
        topped: What was asked for.
        n_cells: Patches of the image.
        options: Every option it was made with.
    """
    masks = listed(topped.wanted, table.exact.keys())
    chosen = ScoreTable(exact={mask: table.exact[mask] for mask in masks}).stored(n_cells)
    return WhatIf(
        masks=chosen.masks,
        probabilities=chosen.probabilities,
        n_known=len(table.exact),
        options=dict(options),
        forwards=0,
        seconds=0.0,
        note=topped.note,
    )
