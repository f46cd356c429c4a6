"""Slow twins of the search: every patch set is scored, and every definition is checked word by word."""

from itertools import combinations

from gallery.explain.search._base import Found
from gallery.interfaces import ResultT, ScoreRequest, ScoreSteps
from tests.toy import Game


def all_masks(n: int) -> list[int]:
    """Return every subset of ``n`` patches, by size."""
    return [sum(1 << c for c in cells) for k in range(n + 1) for cells in combinations(range(n), k)]


def sufficient(game: Game, n: int, threshold: float) -> set[int]:
    """Return every sufficient set."""
    masks = all_masks(n)
    return {mask for mask, score in zip(masks, game(masks), strict=True) if score >= threshold}


def one_minimal(game: Game, n: int, threshold: float) -> set[int]:
    """Return the sufficient sets from which no single patch can be dropped."""
    good = sufficient(game, n, threshold)
    return {m for m in good if not any(m >> c & 1 and m & ~(1 << c) in good for c in range(n))}


def subset_minimal(game: Game, n: int, threshold: float) -> set[int]:
    """Return the sufficient sets with no sufficient proper subset."""
    good = sufficient(game, n, threshold)
    return {m for m in good if not any(other != m and other & m == other for other in good)}


class Log:
    """Drives a search and keeps every request; ``screen`` answers those that need not be exact."""

    def __init__(self, game: Game, screen: Game | None = None) -> None:
        self.game = game
        self.screen = screen or game
        self.requests: list[ScoreRequest] = []

    def drive(self, steps: ScoreSteps[ResultT]) -> ResultT:
        """Run ``steps`` to its end."""
        try:
            request = next(steps)
            while True:
                self.requests.append(request)
                scores = (self.game if request.exact else self.screen)(request.masks)
                request = steps.send(scores)
        except StopIteration as finished:
            result: ResultT = finished.value
            return result

    def masks(self, *, exact: bool) -> list[int]:
        """Return all masks asked for, in order, with repeats."""
        return [mask for request in self.requests if request.exact is exact for mask in request.masks]

    @property
    def distinct(self) -> int:
        """Number of different masks asked for."""
        return len({mask for request in self.requests for mask in request.masks})


def assert_right(found: Found, game: Game, n: int, threshold: float) -> None:
    """Check every claim a result makes, by enumeration."""
    masks = [one.mask for one in found.sets]
    assert len(set(masks)) == len(masks)
    assert set(masks) <= one_minimal(game, n, threshold)
    assert [one.probability for one in found.sets] == game(masks)
    minimal = subset_minimal(game, n, threshold)
    assert all(one.mask in minimal for one in found.sets if one.minimality == "subset-minimal")
    assert not any(a != b and a & b == a for a in masks for b in masks)
    key = [(one.mask.bit_count(), -one.probability, one.mask) for one in found.sets]
    assert key == sorted(key)


def assert_minimal(found: Found, game: Game, threshold: float) -> None:
    """Check that every set is sufficient and needs each of its patches."""
    assert found.sets
    for one in found.sets:
        assert game([one.mask])[0] == one.probability >= threshold
        assert all(
            game([one.mask & ~(1 << c)])[0] < threshold
            for c in range(one.mask.bit_length())
            if one.mask >> c & 1
        )
