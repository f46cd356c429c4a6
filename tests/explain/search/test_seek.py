"""The climb for a smaller explanation where the smallest known one is large."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from gallery.explain.search._base import FoundSet, Verdicts, drive
from gallery.explain.search._progress import Limits, Progress
from gallery.explain.search._seek import LARGE, shrink
from gallery.records import cells_of, mask_of

N_CELLS = 30
BEST = mask_of(range(LARGE + 1))
"""The smallest sufficient set of the game below."""
LIMITS = Limits(n_cells=N_CELLS, max_size=24, max_mses=16, max_forwards=2000, verify_up_to=0)
PER_ROUND = 8


def game(masks: Sequence[int]) -> list[float]:
    """Score patches of ``BEST`` fully and the others by little: all of ``BEST``, or many, are sufficient."""
    return [min(0.99, 0.05 + 0.09 * (m & BEST).bit_count() + 0.03 * (m & ~BEST).bit_count()) for m in masks]


THRESHOLD = game([BEST])[0]


def known(mask: int, limits: Limits = LIMITS) -> Progress:
    """Return a search that knows one explanation, its single deletions and every patch alone."""
    verdicts = Verdicts(THRESHOLD)
    masks = [mask, *(mask & ~(1 << cell) for cell in cells_of(mask)), *(1 << c for c in range(N_CELLS)), 0]
    drive(verdicts.ask(masks), game)
    return Progress(limits, verdicts, {mask: FoundSet(mask, game([mask])[0], "1-minimal")})


def test_a_large_explanation_leads_to_the_smallest_one() -> None:
    # Two patches of the best set missing, six poor ones instead.
    start = BEST & ~0b11 | mask_of(range(20, 26))
    assert game([start])[0] >= THRESHOLD > game([start & ~(1 << 20)])[0]
    progress = known(start)
    drive(shrink(progress, PER_ROUND), game)
    assert progress.smallest == BEST.bit_count()
    assert BEST in progress.found
    for mask in progress.found:
        assert game([mask])[0] >= THRESHOLD
        assert all(game([mask & ~(1 << cell)])[0] < THRESHOLD for cell in cells_of(mask))


def test_small_explanations_are_left_alone() -> None:
    small = mask_of(range(LARGE))
    progress = known(small)
    before = len(progress.verdicts.scores)
    drive(shrink(progress, PER_ROUND), game)
    assert len(progress.verdicts.scores) == before
    assert list(progress.found) == [small]


def test_it_ends_where_there_is_nothing_smaller() -> None:
    progress = known(BEST)
    before = len(progress.verdicts.scores)
    drive(shrink(progress, PER_ROUND), game)
    assert list(progress.found) == [BEST]
    assert len(progress.verdicts.scores) - before <= BEST.bit_count() * PER_ROUND


@pytest.mark.parametrize("most", [1, 60])
def test_it_keeps_to_its_budget(most: int) -> None:
    start = BEST & ~0b11 | mask_of(range(20, 26))
    progress = known(start, replace(LIMITS, max_forwards=most))
    before = len(progress.verdicts.scores)
    drive(shrink(progress, PER_ROUND), game)
    rounds_end = max(before, most + PER_ROUND)
    # Minimising what a round has found may go beyond, by the single deletions of a round's sets.
    assert len(progress.verdicts.scores) <= rounds_end + PER_ROUND * start.bit_count() ** 2


def test_no_explanation_no_climb() -> None:
    progress = Progress(LIMITS, Verdicts(0.5))
    drive(shrink(progress, PER_ROUND), game)
    assert not progress.verdicts.scores
