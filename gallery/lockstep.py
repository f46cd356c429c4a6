"""Searches advanced together, each to its next request, so that their requests fill batches."""

from collections.abc import Mapping, Sequence
from typing import Generic

from gallery.interfaces import ResultT, ScoreRequest, ScoreSteps


class Lockstep(Generic[ResultT]):
    """Several searches under way.

    A search that raises ends all of them.

    Attributes:
        pending: Search, by its place -> the request it waits for; empty once all have finished.
    """

    def __init__(self, searches: Sequence[ScoreSteps[ResultT]]) -> None:
        """Start every search."""
        self._searches = searches
        self._results: dict[int, ResultT] = {}
        self.pending: dict[int, ScoreRequest] = {}
        for i in range(len(searches)):
            self._advance(i, None)

    @property
    def results(self) -> list[ResultT]:
        """What the searches returned, in their order; complete once none is pending."""
        return [self._results[i] for i in sorted(self._results)]

    def send(self, scores: Mapping[int, list[float]]) -> None:
        """Give every pending search the scores it asked for."""
        self.pending = {}
        for i, answer in scores.items():
            self._advance(i, answer)

    def _advance(self, i: int, scores: list[float] | None) -> None:
        try:
            self.pending[i] = next(self._searches[i]) if scores is None else self._searches[i].send(scores)
        except StopIteration as finished:
            self._results[i] = finished.value
