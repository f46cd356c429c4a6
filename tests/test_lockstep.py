"""Searches advance together, whatever their lengths."""

import pytest

from gallery.interfaces import ScoreRequest, ScoreSteps
from gallery.lockstep import Lockstep


def asking(*rounds: list[int]) -> ScoreSteps[list[float]]:
    """Ask for the masks of each round and return all scores."""
    seen: list[float] = []
    for masks in rounds:
        seen += yield ScoreRequest(masks)
    return seen


def test_each_search_gets_its_own_scores_and_results_keep_their_order() -> None:
    steps = Lockstep([asking([1], [2, 3], [4]), asking(), asking([5])])
    rounds = []
    while steps.pending:
        rounds.append({i: request.masks for i, request in steps.pending.items()})
        steps.send({i: [mask / 10 for mask in masks] for i, masks in rounds[-1].items()})
    assert rounds == [{0: [1], 2: [5]}, {0: [2, 3]}, {0: [4]}]
    assert steps.results == [[0.1, 0.2, 0.3, 0.4], [], [0.5]]


def test_a_search_that_raises_ends_all() -> None:
    def broken() -> ScoreSteps[list[float]]:
        yield ScoreRequest([1])
        raise ValueError("no luck")

    steps = Lockstep([asking([1], [2]), broken()])
    with pytest.raises(ValueError, match="no luck"):
        steps.send({0: [0.1], 1: [0.1]})
