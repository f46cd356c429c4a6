"""The merged graph: every deletion of every expanded node, one node per patch set, an honest budget."""

from collections.abc import Sequence

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gallery.explain.graphs.attention_graph import attention_graph, node_id, to_networkx
from gallery.records import AttentionGraph, cells_of
from tests.explain.search.twin import Log
from tests.toy import Game, dnf, mask, random_game


def build(
    roots: Sequence[int], game: Game, *, p_full: float = 1.0, p_low: float = 0.4, max_nodes: int = 60
) -> AttentionGraph:
    return Log(game).drive(attention_graph(roots, p_full, p_low=p_low, max_nodes=max_nodes))


def assert_right(graph: AttentionGraph, roots: Sequence[int], game: Game, limit: float) -> None:
    """Check the graph against its definition."""
    nodes = {node.mask: node for node in graph.nodes}
    assert len(nodes) == len(graph.nodes)
    assert [node.probability for node in graph.nodes] == game(list(nodes))
    assert {m for m, node in nodes.items() if node.is_root} == set(roots)
    links = {(link.source, link.target): link for link in graph.links}
    assert len(links) == len(graph.links)
    expected = {}
    for m, node in nodes.items():
        assert node.id == node_id(m)
        assert not node.is_expanded or (node.probability > limit and m.bit_count() > 1)
        for cell in cells_of(m) if node.is_expanded else []:
            child = nodes[m & ~(1 << cell)]
            expected[node.id, child.id] = (cell, node.probability - child.probability)
    assert {key: (link.removed, link.drop) for key, link in links.items()} == expected
    assert all(node.is_root or any(link.target == node.id for link in graph.links) for node in graph.nodes)
    digraph = to_networkx(graph)
    assert nx.is_directed_acyclic_graph(digraph)
    assert (digraph.number_of_nodes(), digraph.number_of_edges()) == (len(nodes), len(links))


def left_out(graph: AttentionGraph, limit: float) -> set[int]:
    """Return the children of nodes that the budget kept from being expanded."""
    wanted = [
        n for n in graph.nodes if not n.is_expanded and n.probability > limit and n.mask.bit_count() > 1
    ]
    children = {n.mask & ~(1 << cell) for n in wanted for cell in cells_of(n.mask)}
    return children - {n.mask for n in graph.nodes}


def test_every_single_deletion_of_an_expanded_node_is_there() -> None:
    game = dnf(mask(0, 1, 2, 3))
    graph = build([mask(0, 1, 2, 3)], game)
    assert_right(graph, [mask(0, 1, 2, 3)], game, 0.4)
    # 4 patches -> 1, 3 -> 0.75, 2 -> 0.5, 1 -> 0.25: all subsets, those of one patch not expanded.
    assert len(graph.nodes) == 1 + 4 + 6 + 4
    assert len(graph.links) == 4 + 4 * 3 + 6 * 2
    assert graph.truncated == 0


def test_nodes_at_or_below_the_limit_have_no_children() -> None:
    graph = build([mask(0, 1, 2, 3)], dnf(mask(0, 1, 2, 3)), p_low=0.75)
    assert [node.is_expanded for node in graph.nodes] == [True, False, False, False, False]
    assert len(graph.nodes) == 5


def test_limit_is_relative_to_the_whole_image() -> None:
    game: Game = lambda masks: [m.bit_count() / 100 for m in masks]  # noqa: E731
    graph = build([mask(0, 1, 2)], game, p_full=0.04, p_low=0.4)
    assert [node.relative for node in graph.nodes][:2] == [0.75, 0.5]
    assert len(graph.nodes) == 1 + 3 + 3


def test_a_set_reached_from_several_parents_is_one_node() -> None:
    roots = [mask(0, 1, 2), mask(1, 2, 3)]
    graph = build(roots, dnf(*roots))
    shared = [link for link in graph.links if link.target == node_id(mask(1, 2))]
    assert sorted((link.source, link.removed) for link in shared) == [
        (node_id(roots[0]), 0),
        (node_id(roots[1]), 3),
    ]
    assert_right(graph, roots, dnf(*roots), 0.4)


def test_roots_come_first_then_larger_sets_then_masks() -> None:
    roots = [mask(5, 6), mask(0, 1, 2)]
    graph = build(roots, dnf(*roots))
    key = [(not n.is_root, -n.mask.bit_count(), n.mask) for n in graph.nodes]
    assert key == sorted(key)
    assert [n.mask for n in graph.nodes[:2]] == [mask(0, 1, 2), mask(5, 6)]


@given(
    st.lists(st.integers(1, 127), max_size=4), st.integers(0, 10**6), st.floats(0, 0.99), st.integers(1, 40)
)
def test_any_game_any_roots_any_budget(roots: list[int], seed: int, p_low: float, max_nodes: int) -> None:
    values = random_game(seed)(range(128))
    game: Game = lambda masks: [values[m] for m in masks]  # noqa: E731
    graph = build(roots, game, p_low=p_low, max_nodes=max_nodes)
    assert_right(graph, roots, game, p_low)
    assert len(graph.nodes) <= max(max_nodes, len(set(roots)))
    assert graph.truncated == len(left_out(graph, p_low))


def test_budget_expands_the_most_confident_node_first() -> None:
    roots = [mask(0, 1), mask(4, 5)]
    values = {roots[0]: 0.91, roots[1]: 0.95}
    graph = build(roots, lambda masks: [values.get(m, 0.1) for m in masks], max_nodes=5)
    assert {n.mask: n.is_expanded for n in graph.nodes if n.is_root} == {roots[0]: False, roots[1]: True}
    assert (len(graph.nodes), graph.truncated) == (4, 2)


def test_more_roots_than_the_budget_are_all_shown() -> None:
    roots = [mask(i, i + 1) for i in range(5)]
    graph = build(roots, dnf(*roots), max_nodes=3)
    assert [n.is_root for n in graph.nodes] == [True] * 5
    assert graph.truncated == 6  # the single patches


def test_no_roots_no_graph() -> None:
    log = Log(dnf(1))
    graph = log.drive(attention_graph([], 0.5))
    assert (graph.nodes, graph.links, graph.truncated, log.requests) == ((), (), 0, [])


def test_single_patch_roots_have_no_children() -> None:
    graph = build([mask(3), mask(40)], lambda masks: [0.9] * len(masks))
    assert [(n.mask, n.is_root, n.is_expanded) for n in graph.nodes] == [
        (mask(3), True, False),
        (mask(40), True, False),
    ]
    assert graph.links == ()


def test_a_root_given_twice_is_one_node() -> None:
    assert len(build([mask(3), mask(3)], dnf(1)).nodes) == 1


def test_scores_are_exact_and_asked_once() -> None:
    log = Log(dnf(mask(0, 1, 2)))
    log.drive(attention_graph([mask(0, 1, 2), mask(0, 1, 2, 3)], 1.0))
    assert all(request.exact for request in log.requests)
    assert len(log.masks(exact=True)) == log.distinct


@pytest.mark.parametrize("seed", [0, 1])
def test_order_of_roots_does_not_matter_within_the_budget(seed: int) -> None:
    roots = [mask(0, 1, 2), mask(2, 3, 4), mask(1, 4, 5)]
    assert build(roots, random_game(seed)) == build(roots[::-1], random_game(seed))


def test_networkx_carries_the_facts() -> None:
    digraph = to_networkx(build([mask(0, 9)], dnf(mask(0, 9)), max_nodes=2))
    assert digraph.graph == {"truncated": 2}
    assert digraph.nodes[node_id(mask(0, 9))] == {
        "cells": [0, 9],
        "probability": 1.0,
        "relative": 1.0,
        "is_root": True,
        "is_expanded": False,
    }
    edges = to_networkx(build([mask(0, 9)], dnf(mask(0, 9)))).edges
    assert edges[node_id(mask(0, 9)), node_id(mask(9))] == {"removed": 0, "drop": 0.5}
