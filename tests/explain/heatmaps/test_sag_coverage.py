"""Mean drops over the nodes of an attention graph."""

import pytest
import torch
from torch import Tensor

from gallery.errors import ConfigError
from gallery.explain.heatmaps._base import Structure, Subject
from gallery.explain.heatmaps.sag_coverage import sag_coverage
from gallery.records import AttentionGraph
from tests import toy
from tests.explain.heatmaps import patch_games
from tests.explain.search.games import pairwise


def subject_of(structure: Structure, n: int = 6) -> Subject:
    subject, _ = patch_games.subject_of(toy.dnf(1), patch_games.grid(2, n // 2))
    subject.structure = lambda: structure
    return subject


def twin(graph: AttentionGraph, game: toy.Game, n: int, p_full: float, max_children: int = 256) -> Tensor:
    """Return the map in float64 by scoring every deletion anew; patches not in a node lose nothing."""
    result = []
    for j in range(n):
        drops = []
        for node in graph.nodes:
            if not node.is_expanded:
                continue
            kept = [i for i in range(n) if node.mask >> i & 1]
            if j in kept[max_children:]:
                continue
            with_it, without = game([node.mask, node.mask & ~(1 << j)])
            drops.append((with_it - without) / p_full)
        result.append(sum(drops) / len(drops) if drops else 0.0)
    return torch.tensor(result, dtype=torch.float64)


def test_a_graph_small_enough_to_do_by_hand() -> None:
    # Nodes {0, 1} (0.8) and {0} (0.5) and {1} (0.2), of which only the first has two patches.
    game = patch_games.additive([0.6, 0.3, 0, 0, 0, 0], -0.1)
    native = sag_coverage(subject_of(patch_games.structure_of(game, [0b11]))).native
    torch.testing.assert_close(native, torch.tensor([[0.6, 0.3, 0], [0, 0, 0]]))


def test_nodes_without_a_patch_count_as_no_loss() -> None:
    game = patch_games.additive([0.25] * 6)
    structure = patch_games.structure_of(game, [0b000011, 0b111100], p_low=0.9)
    # Only the second root is expanded: 1.0 > 0.9 >= 0.5. Then none of its children, with 0.75.
    assert [node.is_expanded for node in structure.graph.nodes].count(True) == 1
    both = patch_games.structure_of(game, [0b000011, 0b111100], p_low=0.4)
    expanded = [node.mask for node in both.graph.nodes if node.is_expanded]
    share = torch.tensor([sum(mask >> j & 1 for mask in expanded) / len(expanded) for j in range(6)])
    torch.testing.assert_close(sag_coverage(subject_of(both)).native.flatten(), 0.25 * share)
    assert len(set(share.tolist())) > 1


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("max_children", [1, 2, 256])
def test_equals_the_mean_over_all_deletions(seed: int, max_children: int) -> None:
    game = pairwise(6, seed, is_monotone=False)
    roots = [0b011111, 0b111100]
    p_full = max(game(roots))
    structure = patch_games.structure_of(game, roots, p_full=p_full, p_low=0.3, max_children=max_children)
    raw = sag_coverage(subject_of(structure))
    expected = twin(structure.graph, game, 6, p_full, max_children)
    assert float(expected.abs().max()) > 0.01
    torch.testing.assert_close(raw.native.flatten().double(), expected, rtol=1e-5, atol=1e-7)
    assert (raw.forwards, raw.backwards, raw.layer, raw.seeded) == (0, 0, None, False)


def test_a_patch_whose_loss_raises_confidence_is_negative() -> None:
    game = patch_games.additive([0.9, -0.2, 0, 0, 0, 0], 0.1)
    native = sag_coverage(subject_of(patch_games.structure_of(game, [0b11]))).native
    assert float(native[0, 1]) == pytest.approx(-0.2)


def test_without_a_root_the_map_is_empty() -> None:
    assert not sag_coverage(subject_of(patch_games.structure_of(toy.dnf(1), []))).native.any()


def test_needs_a_graph() -> None:
    subject, _ = patch_games.subject_of(toy.dnf(1), patch_games.grid(2, 3))
    with pytest.raises(ConfigError, match=r"methods\.sag_coverage"):
        sag_coverage(subject)
