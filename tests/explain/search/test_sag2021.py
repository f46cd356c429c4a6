"""The preset search against a literal twin over arrays."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gallery.errors import ConfigError
from gallery.explain.search._base import SEARCHES, drive
from gallery.explain.search.sag2021 import sag2021
from tests.explain.search import twin
from tests.toy import Game, dnf, mask, random_game

Array = np.ndarray[Any, Any]


class Twin:
    """The official procedure over (R, S) arrays in which 0 is a patch shown, 1 a patch hidden."""

    def __init__(
        self, game: Game, threshold: float, importance: Sequence[float], grid: tuple[int, int]
    ) -> None:
        self.game, self.threshold, self.grid = game, threshold, grid
        self.hidden_first = 1 - np.array(importance, dtype=np.float64).reshape(grid)
        self.requests = 0

    def score(self, array: Array) -> float:
        """Return the score of one array, one request each."""
        self.requests += 1
        return self.game([self.bits(array)])[0]

    @staticmethod
    def bits(array: Array) -> int:
        """Return the bit mask of the patches shown."""
        return sum(1 << i for i, hidden in enumerate(array.ravel().tolist()) if hidden == 0)

    def run(self, width: int, q: int, max_roots: int, levels: int) -> list[tuple[int, float]]:
        """Return the roots in order of discovery."""
        beam: list[Array] = [np.ones(self.grid)]
        roots: list[tuple[Array, float]] = []
        for _ in range(levels):
            successors = []
            for parent in beam:
                order = self.hidden_first.copy()
                order[parent == 0] = 2
                n_free = int(parent.sum())
                for flat in np.argsort(order, axis=None, kind="stable")[: min(q, n_free)]:
                    child = parent.copy()
                    child[np.unravel_index(flat, self.grid)] = 0
                    successors.append((child, self.score(child)))
            if not successors:
                break
            beam = []
            for child, p in sorted(successors, key=lambda pair: pair[1], reverse=True):
                if p > self.threshold:
                    root = self.prune(child, p)
                    if not any(np.array_equal(root[0], known) for known, _ in roots):
                        roots.append(root)
                else:
                    beam.append(child)
                    if len(beam) > width:
                        break
            if len(roots) > max_roots:
                break
        return [(self.bits(array), p) for array, p in roots]

    def prune(self, array: Array, p: float) -> tuple[Array, float]:
        """Hide patches again, in row-major order, until none can be."""
        done = False
        while not done:
            done = True
            for row, col in zip(*np.where(array == 0), strict=True):
                other = array.copy()
                other[row, col] = 1
                p_other = self.score(other)
                if p_other > self.threshold:
                    array, p, done = other, p_other, False
        return array, p


GRIDS = [(1, 5), (2, 3), (3, 3), (2, 4)]
IMPORTANCE = st.lists(st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]), min_size=9, max_size=9)


@given(
    seed=st.integers(0, 10**6),
    grid=st.sampled_from(GRIDS),
    importance=IMPORTANCE,
    threshold=st.sampled_from([0.3, 0.7, 0.9, 0.97]),
    options=st.tuples(st.integers(1, 3), st.integers(1, 9), st.integers(1, 4), st.integers(1, 9)),
)
@settings(max_examples=60)
def test_same_roots_in_the_same_order_with_as_many_scores_as_the_twin(
    seed: int,
    grid: tuple[int, int],
    importance: list[float],
    threshold: float,
    options: tuple[int, int, int, int],
) -> None:
    n = grid[0] * grid[1]
    values = dict(zip(range(1 << n), random_game(seed % 50)(range(1 << n)), strict=True))
    game: Game = lambda masks: [values[m] for m in masks]  # noqa: E731
    slow = Twin(game, threshold, importance[:n], grid)
    wanted = slow.run(*options)
    log = twin.Log(game)
    names = ("beam_width", "candidates", "max_roots", "max_size")
    found = log.drive(sag2021(n, threshold, importance[:n], **dict(zip(names, options, strict=True))))
    assert [(one.mask, one.probability) for one in found.sets] == wanted
    assert len(log.masks(exact=True)) == slow.requests
    assert log.masks(exact=False) == []
    assert found.n_scored == log.distinct
    assert {one.mask for one in found.sets} <= twin.one_minimal(game, n, threshold)
    assert {one.minimality for one in found.sets} <= {"1-minimal"}


def first_requests(game: Game, n: int, importance: Sequence[float], **options: int) -> list[list[int]]:
    log = twin.Log(game)
    log.drive(sag2021(n, 0.9, importance, **options))
    return [request.masks for request in log.requests]


def test_important_patches_come_first_and_equal_ones_by_id() -> None:
    levels = first_requests(lambda masks: [0.1] * len(masks), 5, [0.5, 1.0, 0.5, 0.0, 1.0], candidates=4)
    assert levels[0] == [mask(1), mask(4), mask(0), mask(2)]


def test_the_beam_keeps_one_more_than_its_width_and_copies_of_equal_sets() -> None:
    # Only {0, 1} and what contains it stands out: it is reached from {0} and from {1}, and stays twice.
    game: Game = lambda masks: [0.5 if m & 3 == 3 else m.bit_count() / 100 for m in masks]  # noqa: E731
    levels = first_requests(game, 6, [6.0, 5.0, 4.0, 3.0, 2.0, 1.0], beam_width=1, candidates=3)
    assert [len(level) for level in levels] == [3, 6, 6, 6, 4, 2]  # two sets kept; fewer patches left to add
    assert levels[1] == [mask(0, 1), mask(0, 2), mask(0, 3), mask(0, 1), mask(1, 2), mask(1, 3)]
    assert levels[2] == [mask(0, 1, 2), mask(0, 1, 3), mask(0, 1, 4)] * 2


def test_the_threshold_itself_is_not_enough() -> None:
    assert drive(sag2021(4, 1.0, [0.0] * 4), dnf(mask(1))).sets == ()
    assert [one.mask for one in drive(sag2021(4, 0.999, [0.0] * 4), dnf(mask(1))).sets] == [mask(1)]


def test_a_level_is_finished_before_the_search_stops() -> None:
    game = dnf(*(mask(i) for i in range(6)))
    found = drive(sag2021(6, 0.9, [0.0] * 6, max_roots=2), game)
    assert [one.mask for one in found.sets] == [mask(i) for i in range(6)]
    assert found.note == "Stopped after 6 explanations (max_roots = 2)."


def test_pruning_drops_patches_in_row_major_order() -> None:
    # {0, 1, 2} is met first; each pair within it suffices too, but was out of reach. Patch 0 goes first.
    game: Game = lambda masks: [float(m.bit_count() >= 2 and m not in {3, 5}) for m in masks]  # noqa: E731
    found = drive(sag2021(3, 0.9, [3.0, 2.0, 1.0], candidates=1), game)
    assert [one.mask for one in found.sets] == [mask(1, 2)]


def test_roots_are_not_sorted() -> None:
    # {0, 1} has two patches but is found before {4}, which the guide ranks last.
    found = drive(sag2021(5, 0.9, [5.0, 4.0, 3.0, 2.0, 1.0], candidates=2), dnf(mask(0, 1), mask(4)))
    assert [one.mask for one in found.sets] == [mask(0, 1), mask(4)]


def test_a_baseline_that_suffices_has_no_explanation() -> None:
    found = drive(sag2021(5, 0.3, [0.0] * 5), lambda masks: [0.4] * len(masks))
    assert (found.sets, found.n_scored) == ((), 6)
    assert found.note == "The baseline alone, without any patch, is already sufficient."


def test_nothing_found_says_so() -> None:
    found = drive(sag2021(5, 0.9, [0.0] * 5, max_size=3), lambda masks: [0.1] * len(masks))
    assert (found.sets, found.note) == ((), "No sufficient patch set of at most 3 patches was found.")


@pytest.mark.parametrize("guide_map", [None, [0.5] * 3, [0.1, 0.2, 0.3, float("nan")]])
def test_the_map_must_fit(guide_map: list[float] | None) -> None:
    with pytest.raises(ConfigError, match=r"search\.guide.*'igos2021'"):
        drive(sag2021(4, 0.9, guide_map), dnf(1))


@pytest.mark.parametrize("option", ["beam_width", "candidates", "max_roots", "max_size"])
def test_options_below_one(option: str) -> None:
    with pytest.raises(ConfigError, match=option):
        drive(sag2021(4, 0.9, [0.0] * 4, **{option: 0}), dnf(1))


def test_it_is_registered_with_the_official_defaults() -> None:
    assert dict(SEARCHES["sag2021"].defaults) == {
        "guide": "igos2021",
        "beam_width": 3,
        "candidates": 15,
        "max_roots": 10,
        "max_size": 49,
    }
