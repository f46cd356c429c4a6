"""The climb for a smaller explanation where the smallest known one is large."""

from collections.abc import Sequence

import pytest

from gallery.explain.search._base import FoundSet, Verdicts, drive
from gallery.explain.search._seek import LARGE, SeekLimits, shrink, smallest
from gallery.records import cells_of, mask_of

N_CELLS = 30
BEST = mask_of(range(LARGE + 1))
"""The smallest sufficient set of the game below."""
LIMITS = SeekLimits(
    overlap=1, per_round=8, patience=2, max_size=24, max_mses=16, max_forwards=2000, verify_up_to=0
)


def game(masks: Sequence[int]) -> list[float]:
    """Score patches of ``BEST`` fully and the others by little: all of ``BEST``, or many, are sufficient."""
    return [min(0.99, 0.05 + 0.09 * (m & BEST).bit_count() + 0.03 * (m & ~BEST).bit_count()) for m in masks]


THRESHOLD = game([BEST])[0]


def known(mask: int) -> tuple[dict[int, FoundSet], Verdicts]:
    """Return a search that knows one explanation, its single deletions and every patch alone."""
    verdicts = Verdicts(THRESHOLD)
    masks = [mask, *(mask & ~(1 << cell) for cell in cells_of(mask)), *(1 << c for c in range(N_CELLS)), 0]
    drive(verdicts.ask(masks), game)
    return {mask: FoundSet(mask, game([mask])[0], "1-minimal")}, verdicts


def test_a_large_explanation_leads_to_the_smallest_one() -> None:
    # Two patches of the best set missing, six poor ones instead.
    start = BEST & ~0b11 | mask_of(range(20, 26))
    assert game([start])[0] >= THRESHOLD > game([start & ~(1 << 20)])[0]
    found, verdicts = known(start)
    drive(shrink(N_CELLS, found, verdicts, LIMITS), game)
    assert smallest(found) == BEST.bit_count()
    assert BEST in found
    for mask in found:
        assert game([mask])[0] >= THRESHOLD
        assert all(game([mask & ~(1 << cell)])[0] < THRESHOLD for cell in cells_of(mask))


def test_small_explanations_are_left_alone() -> None:
    small = mask_of(range(LARGE))
    found, verdicts = known(small)
    before = len(verdicts.scores)
    drive(shrink(N_CELLS, found, verdicts, LIMITS), game)
    assert len(verdicts.scores) == before
    assert list(found) == [small]


def test_it_ends_where_there_is_nothing_smaller() -> None:
    found, verdicts = known(BEST)
    before = len(verdicts.scores)
    drive(shrink(N_CELLS, found, verdicts, LIMITS), game)
    assert list(found) == [BEST]
    assert len(verdicts.scores) - before <= BEST.bit_count() * LIMITS.per_round


@pytest.mark.parametrize("most", [1, 60])
def test_it_keeps_to_its_budget(most: int) -> None:
    start = BEST & ~0b11 | mask_of(range(20, 26))
    found, verdicts = known(start)
    limits = SeekLimits(1, 8, 2, 24, 16, most, 0)
    before = len(verdicts.scores)
    drive(shrink(N_CELLS, found, verdicts, limits), game)
    rounds_end = max(before, most + LIMITS.per_round)
    # Minimising what a round has found may go beyond, by the single deletions of a round's sets.
    assert len(verdicts.scores) <= rounds_end + LIMITS.per_round * start.bit_count() ** 2


def test_no_explanation_no_climb() -> None:
    verdicts = Verdicts(0.5)
    drive(shrink(N_CELLS, {}, verdicts, LIMITS), game)
    assert not verdicts.scores
