"""Descents: minimal and sufficient on any game, apart or new where that is promised, cheap on large grids."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gallery.explain.search._base import Verdicts, drive, single_deletions, together
from gallery.explain.search._descend import descend, starts_apart, starts_without
from gallery.interfaces import ScoreRequest, ScoreSteps
from tests.explain.search import twin
from tests.toy import Game, dnf, mask, random_game


def descended(game: Game, start: int, n: int, threshold: float) -> tuple[list[int], Verdicts]:
    verdicts = Verdicts(threshold)

    def steps() -> ScoreSteps[list[int]]:
        yield from verdicts.ask([0, start, *(1 << cell for cell in range(n))])
        return (yield from descend(start, verdicts, n))

    return drive(steps(), game), verdicts


@given(st.lists(st.integers(1, 2**14 - 1), min_size=1, max_size=6))
@settings(max_examples=40)
def test_ends_are_explanations_of_a_monotone_game(clauses: list[int]) -> None:
    game = dnf(*clauses)
    ends, _ = descended(game, 2**14 - 1, 14, 1.0)
    assert ends
    assert len(set(ends)) == len(ends)
    assert set(ends) <= twin.one_minimal(game, 14, 1.0)


@given(st.integers(0, 10**6), st.integers(1, 2**10 - 1))
@settings(max_examples=60)
def test_ends_are_sufficient_and_inside_on_any_game(seed: int, start: int) -> None:
    game = random_game(seed)
    threshold = game([start])[0]
    ends, verdicts = descended(game, start, 10, threshold)
    assert ends
    for end in ends:
        assert end & start == end
        assert game([end])[0] >= threshold
        assert not any(verdicts.is_sufficient(part) for part in single_deletions(end) if part)


def test_several_ends_where_the_last_patches_allow_it() -> None:
    ends, _ = descended(dnf(mask(0, 1, 2), mask(1, 2, 3)), mask(*range(4)), 4, 1.0)
    assert sorted(ends) == [mask(0, 1, 2), mask(1, 2, 3)]


def test_cost_on_a_large_grid() -> None:
    needed = mask(3, 70, 130, 131, 200)
    _, verdicts = descended(lambda masks: [(m & needed).bit_count() / 5 for m in masks], 2**256 - 1, 256, 1.0)
    assert len(verdicts.scores) < 256 + 150


def test_starts_without_contain_no_explanation_and_leave_no_other_out() -> None:
    clauses = [mask(0, 1), mask(1, 2, 3), mask(4, 5)]
    verdicts = Verdicts(1.0)
    drive(verdicts.ask([0, *(1 << c for c in range(8))]), dnf(*clauses))
    for known in ([clauses[0]], clauses[:2]):
        starts = starts_without(known, verdicts, 8, 100)
        assert not any(start & one == one for start in starts for one in known)
        assert any(start & clauses[2] == clauses[2] for start in starts)
    assert starts_without(clauses, verdicts, 8, 2) == starts_without(clauses, verdicts, 8, 100)[:2]


@pytest.mark.parametrize("overlap", [0, 1, 2])
@pytest.mark.parametrize("family", [[0b111], [0b111, 0b111000], [0b1, 0b110], [0b1111, 0b11000001]])
def test_starts_apart_share_no_more_than_allowed_and_are_as_large_as_can_be(
    family: list[int], overlap: int
) -> None:
    verdicts = Verdicts(1.0)
    drive(verdicts.ask([0, *(1 << c for c in range(9))]), lambda masks: [m % 7 / 10 for m in masks])
    starts = starts_apart([family], verdicts, 9, overlap, 100)
    assert starts
    for start in starts:
        allowed = [min(overlap, member.bit_count() - 1) for member in family]
        assert all((start & m).bit_count() <= n for m, n in zip(family, allowed, strict=True))
        assert not any(start & member == member for member in family)
        used = mask(*(c for c in range(9) if any(m >> c & 1 for m in family)))
        assert start | used == 2**9 - 1
    assert len(set(starts)) == len(starts)


def test_parts_that_advance_together_share_their_requests() -> None:
    def part(name: str, *requests: list[int]) -> ScoreSteps[str]:
        for masks in requests:
            scores = yield ScoreRequest(masks, threshold=0.5)
            assert scores == [mask / 10 for mask in masks]
        return name

    log = twin.Log(lambda masks: [mask / 10 for mask in masks])
    assert log.drive(together([part("a", [1, 2], [3]), part("b"), part("c", [2, 4], [5], [6])])) == [
        "a",
        "b",
        "c",
    ]
    assert [request.masks for request in log.requests] == [[1, 2, 4], [3, 5], [6]]
    assert all(request.threshold == 0.5 and not request.exact for request in log.requests)
    assert log.drive(together([])) == []
