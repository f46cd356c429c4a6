"""The top of an attention graph for one column of a paper."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from gallery.errors import RenderError
from gallery.records import AttentionGraph, ModelInput
from gallery.render.diagrams.column import SMALLEST_PT, WIDTH_PT, column_drawing, top_of
from gallery.render.diagrams.drawing import Caption
from gallery.render.figures.canvas import Group, Item, Picture, Text
from gallery.render.figures.pdf import pdf_file
from gallery.render.figures.svg import svg_file
from tests.render.diagrams.conftest import GRID, attention_graph


def _flat(items: Sequence[Item]) -> Iterator[Item]:
    for item in items:
        if isinstance(item, Group):
            yield from _flat(item.items)
        else:
            yield item


@pytest.mark.parametrize("roots", [[[0, 1, 4], [4, 5, 8]], [[0, 1, 3, 4]], [[0, 1, 2, 3, 4, 5, 6, 7]], [[4]]])
def test_it_is_a_column_wide_and_every_text_can_be_read(roots: list[list[int]], inputs: ModelInput) -> None:
    drawing = column_drawing(attention_graph(roots), inputs, GRID, Caption("t", facts={"image": "tom"}))
    assert drawing.width == WIDTH_PT
    assert drawing.height < 9 * 72
    assert drawing.facts == {"image": "tom"}
    items = list(_flat(drawing.items))
    assert min(item.size for item in items if isinstance(item, Text)) >= SMALLEST_PT
    for item in items:
        if isinstance(item, Picture):
            assert item.x >= 0
            assert item.y >= 0
            assert item.x + item.width <= WIDTH_PT
            assert item.y + item.height <= drawing.height
    assert svg_file(drawing)
    again = column_drawing(attention_graph(roots), inputs, GRID, Caption("t", facts={"image": "tom"}))
    assert pdf_file(drawing) == pdf_file(again)


def test_it_shows_the_first_root_and_what_costs_most(deep_graph: AttentionGraph) -> None:
    links = tuple(replace(link, drop=0.1 * (link.removed + 1)) for link in deep_graph.links)
    top = top_of(replace(deep_graph, links=links), levels=1, children=2)
    assert top.nodes[0] == replace(deep_graph.nodes[0], is_expanded=True)
    assert [link.removed for link in top.links] == [3, 4]
    assert {link.target for link in top.links} == {node.id for node in top.nodes[1:]}


def test_a_second_level_hangs_below_the_set_that_keeps_most(deep_graph: AttentionGraph) -> None:
    top = top_of(deep_graph, levels=2, children=3)
    parents = {link.source for link in top.links}
    assert len(parents) == 2
    below = max((n for n in top.nodes[1:4]), key=lambda node: (node.probability, node.id))
    assert parents == {top.nodes[0].id, below.id}


def test_how_much_is_shown_is_said(graph: AttentionGraph, inputs: ModelInput) -> None:
    drawing = column_drawing(graph, inputs, GRID, Caption("t", "All of it."))
    assert drawing.description.startswith("All of it. Shown: ")
    assert drawing.description.endswith(f" of {len(graph.nodes)} patch sets of the graph.")


def test_an_empty_graph_is_refused(graph: AttentionGraph, inputs: ModelInput) -> None:
    with pytest.raises(RenderError, match="no attention graph"):
        column_drawing(replace(graph, nodes=(), links=()), inputs, GRID, Caption("t"))
