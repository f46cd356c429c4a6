"""Images whose answers are games on their patches, and what a search would have found in them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from gallery.explain.graphs.attention_graph import attention_graph
from gallery.explain.heatmaps._base import Structure, Subject
from gallery.records import AttentionGraph, Explanation, MaskModel, SearchResult
from tests import toy

SIZE = (12, 18)


@dataclass
class GameScorer:
    """Answers bit masks by a game; satisfies ``MaskScorer``."""

    game: toy.Game
    image: Tensor
    target: int = 0
    forwards: int = 0
    asked: list[int] = field(default_factory=list)

    @property
    def baseline(self) -> Tensor:
        """Return zeros."""
        return torch.zeros_like(self.image)

    @baseline.setter
    def baseline(self, value: Tensor) -> None:
        raise NotImplementedError

    def score(self, masks: Sequence[int], *, exact: bool, threshold: float | None = None) -> list[float]:
        """Return the game's values."""
        self.asked += masks
        return self.game(masks)

    def score_soft(self, keep: Tensor, *, exact: bool, baseline: Tensor | None = None) -> Tensor:
        """Not needed."""
        raise NotImplementedError


def additive(values: Sequence[float], constant: float = 0.0) -> toy.Game:
    """Return the game in which every patch adds its value."""
    return lambda masks: [constant + sum(v for i, v in enumerate(values) if m >> i & 1) for m in masks]


def grid(rows: int, cols: int) -> MaskModel:
    return MaskModel(rows=rows, cols=cols)


def superpixels(n: int) -> tuple[MaskModel, Tensor]:
    """Return ``n`` superpixels that are stripes from left to right."""
    stripes = torch.arange(SIZE[1]) * n // SIZE[1]
    return MaskModel(partition="slic", n_segments=n), stripes.expand(SIZE).to(torch.int16)


def subject_of(
    game: toy.Game, model: MaskModel, *, seed: int = 0, segments: Tensor | None = None
) -> tuple[Subject, GameScorer]:
    """Return what a heatmap method receives, and the scorer it asks."""
    image = toy.image_of(SIZE)
    scorer = GameScorer(game, image)
    subject = toy.subject_of(toy.toy(toy.Pooled(), SIZE), image, seed=seed, scorer=scorer)
    subject.mask_model, subject.segments = model, segments
    return subject, scorer


def rows_of(masks: Sequence[int], n: int) -> Tensor:
    """Return bit masks as (B, n) float64."""
    return torch.tensor([[mask >> i & 1 for i in range(n)] for mask in masks], dtype=torch.float64)


def structure_of(
    game: toy.Game, mses: Sequence[int], *, p_full: float = 1.0, p_low: float = 0.4, max_children: int = 256
) -> Structure:
    """Return these MSEs as a search would report them, and the attention graph of all of them."""
    found = tuple(Explanation(m, p, p / p_full, 0.0, "1-minimal", True) for m, p in _scored(game, mses))
    disjoint = [i for i, m in enumerate(mses) if not any(m & other for other in mses[:i])]
    search = SearchResult(
        method="beam",
        options={},
        p_full=p_full,
        threshold=0.9 * p_full,
        mses=found,
        diverse={0: tuple(disjoint), 1: tuple(range(len(found)))},
        roots=tuple(range(len(found))),
        complete_up_to=0,
        n_scored=0,
        forwards=0,
        seconds=0.0,
    )
    return Structure(search, graph_of(game, mses, p_full=p_full, p_low=p_low, max_children=max_children))


def graph_of(
    game: toy.Game, roots: Sequence[int], *, p_full: float = 1.0, p_low: float = 0.4, max_children: int = 256
) -> AttentionGraph:
    """Return the attention graph of ``roots``."""
    steps = attention_graph(roots, p_full, p_low=p_low, max_nodes=200, max_children=max_children)
    try:
        request = next(steps)
        while True:
            request = steps.send(game(request.masks))
    except StopIteration as finished:
        graph: AttentionGraph = finished.value
        return graph


def _scored(game: toy.Game, masks: Sequence[int]) -> list[tuple[int, float]]:
    return list(zip(masks, game(masks), strict=True))
