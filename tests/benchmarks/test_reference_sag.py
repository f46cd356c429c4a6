"""The timing baseline: the same roots as the preset search, and the official tree and choice of roots."""

from itertools import combinations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from gallery.explain.search.sag2021 import sag2021
from gallery.perturbation import make_baseline
from gallery.records import MaskModel
from gallery.scoring.engine import Engine
from tests import toy
from tests.benchmarks.reference_sag import (
    OneByOne,
    _prune,
    explain_like_2021,
    first_largest,
    guide,
    search,
    tree,
)
from tests.explain.search import twin
from tests.toy import Game, mask

SIZE = (26, 22)


class Regions(nn.Module):
    """Two blobs, either of which convinces, so that roots of several sizes exist."""

    weights: Tensor

    def __init__(self, seed: int) -> None:
        super().__init__()
        draw = torch.Generator().manual_seed(seed)
        self.register_buffer("weights", torch.rand(2, *SIZE, generator=draw).square())

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (B, 2)."""
        seen = ((x.mean(dim=1) + 1)[:, None] * self.weights).mean(dim=(2, 3))  # (B, 2)
        a = 6 * (1 - (-(60 * seen - 4).relu().square().sum(dim=1) / 20).exp()) - 2
        return torch.stack([a, torch.zeros_like(a)], dim=1)


def network_of(seed: int) -> tuple[OneByOne, toy.Toy, Tensor, Tensor]:
    classifier = toy.toy(Regions(seed), SIZE)
    image = toy.image_of(SIZE, seed=seed)
    baseline = make_baseline("black", image, classifier.card.preprocessing)
    return OneByOne(classifier.module, image, baseline, 0), classifier, image, baseline


@pytest.mark.parametrize("seed", range(3))
def test_preset_and_timing_baseline_find_the_same_roots(seed: int) -> None:
    network, classifier, image, baseline = network_of(seed)
    low = torch.rand(49, generator=torch.Generator().manual_seed(seed)).mul(4).round().div(4).tolist()
    threshold = 0.9 * float(network.probability(image))
    wanted = search(network, low, threshold)
    model = MaskModel(align_corners=True, baseline="black")
    scorer = Engine(classifier, toy.tuning()).scorer(toy.inputs_of(image, baseline), 0, model)
    log = twin.Log(lambda masks: scorer.score(masks, exact=True))
    found = log.drive(sag2021(49, threshold, [1 - value for value in low]))
    assert wanted
    assert [one.mask for one in found.sets] == [root for root, _ in wanted]
    assert [one.probability for one in found.sets] == pytest.approx([p for _, p in wanted], abs=1e-5)
    assert len(log.masks(exact=True)) == network.forwards - 1  # the whole image, once
    assert scorer.forwards == found.n_scored < len(log.masks(exact=True))


def test_the_timing_baseline_reports_all_it_does() -> None:
    network, classifier, image, baseline = network_of(1)
    seen: list[int] = []
    handle = classifier.module.register_forward_hook(lambda _, inputs, __: seen.append(len(inputs[0])))
    result = explain_like_2021(classifier.module, image, baseline, 0, seed=3)
    handle.remove()
    assert seen == [1] * result.forwards
    assert result.backwards == 40
    wanted = search(network, guide(network, 3).flatten().tolist(), 0.9 * result.p_full)
    assert list(zip(result.roots, result.probabilities, strict=True)) == wanted
    assert result.sag_roots == result.diverse[1][:3]
    assert list(result.diverse) == [0, 1, 2]
    nodes = [node for i in result.sag_roots for node in tree(network, result.roots[i], result.p_full)]
    assert (result.n_tree_nodes, result.n_distinct_sets) == (len(nodes), len(set(nodes)))
    assert list(result.seconds) == ["guide", "search", "diverse", "tree"]
    assert all(spent >= 0 for spent in result.seconds.values())


class Table(OneByOne):
    """Scores by a game."""

    game: Game

    def score(self, mask: int) -> float:
        """Return what the game says."""
        self.forwards += 1
        return self.game([mask])[0]


def scored_by(game: Game) -> Table:
    table = Table(nn.Identity(), torch.empty(0), torch.empty(0), 0)
    table.game = game
    return table


def test_a_tree_deletes_the_first_three_patches_only_and_repeats_sets() -> None:
    assert tree(scored_by(lambda masks: [0.3]), mask(0, 8), 1.0) == [mask(0, 8)]
    wide = tree(scored_by(lambda masks: [0.8 if masks[0].bit_count() > 3 else 0.4]), mask(1, 2, 3, 40), 1.0)
    assert wide == [mask(1, 2, 3, 40), mask(2, 3, 40), mask(1, 3, 40), mask(1, 2, 40)]
    three = tree(scored_by(lambda masks: [1.0]), mask(5, 6, 7), 1.0)
    assert (len(three), len(set(three))) == (10, 7)


@pytest.mark.parametrize(("share", "n_nodes"), [(0.4, 1), (0.409, 1), (0.412, 3)])
def test_a_node_has_children_above_40_whole_percent(share: float, n_nodes: int) -> None:
    assert len(tree(scored_by(lambda masks: [share * 0.5]), mask(0, 1), 0.5)) == n_nodes


def test_pruning_of_the_timing_baseline_may_end_with_nothing() -> None:
    assert _prune(scored_by(lambda masks: [0.95]), mask(3, 4), 0.95, 0.9) == (0, 0.95)


@given(st.lists(st.integers(1, 2**8 - 1), max_size=9, unique=True), st.integers(0, 2))
@settings(max_examples=80)
def test_the_largest_diverse_set_is_the_first_by_enumeration(roots: list[int], overlap: int) -> None:
    sets = [
        chosen
        for size in range(len(roots) + 1)
        for chosen in combinations(range(len(roots)), size)
        if all((roots[a] & roots[b]).bit_count() <= overlap for a, b in combinations(chosen, 2))
    ]
    assert first_largest(roots, overlap) == min(sets, key=lambda chosen: (-len(chosen), chosen))
