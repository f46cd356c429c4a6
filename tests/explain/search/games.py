"""Games for searches: patch set -> probability, with and without order."""

import random
from itertools import combinations

from hypothesis import strategies as st

from tests.toy import Game, sigmoid

UNIT = st.integers(0, 20).map(lambda n: n / 20)
"""Coarse, so that ties and scores that equal the threshold come up."""


def table(values: list[float]) -> Game:
    """Return the game that looks its scores up; the empty set is worth 0."""
    return lambda masks: [values[mask] if mask else 0.0 for mask in masks]


def pairwise(n: int, seed: int, *, is_monotone: bool) -> Game:
    """Return a game whose log-odds are additive with a term for every pair of patches."""
    draw = random.Random(seed)
    low = 0.0 if is_monotone else -1.5
    alone = [draw.uniform(low, 2.0) for _ in range(n)]
    pairs = {pair: draw.uniform(low, 1.0) for pair in combinations(range(n), 2)}

    def value(mask: int) -> float:
        evidence = sum(v for i, v in enumerate(alone) if mask >> i & 1)
        return sigmoid(evidence + sum(v for (i, j), v in pairs.items() if mask >> i & mask >> j & 1) - 4.0)

    return lambda masks: [value(mask) for mask in masks]


def tables(n: int) -> st.SearchStrategy[Game]:
    """Return games without any order on ``n`` patches."""
    return st.lists(UNIT, min_size=2**n, max_size=2**n).map(table)


def games(n: int) -> st.SearchStrategy[Game]:
    """Return monotone games, games with pairs that work against each other, and games without any order."""
    logistic = st.builds(pairwise, st.just(n), st.integers(0, 10**6), is_monotone=st.booleans())
    return st.one_of(tables(n), logistic)
