"""Questions: independent of any explanation, of equal size, truly scored, no hint in their order."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gallery.errors import ConfigError
from gallery.explain.questions import draw_questions, set_sizes
from gallery.explain.search._base import drive
from gallery.records import Question
from tests.explain.search.twin import Log
from tests.toy import Game, random_game, sigmoid

N = 49
FULL = 2**N - 1


def evidence(masks: Sequence[int]) -> list[float]:
    """Score by an uneven sum: lower patch ids matter more."""
    return [sigmoid(sum(8 / (3 + i) for i in range(N) if m >> i & 1) - 10) for m in masks]


def draw(seed: int = 0, game: Game = evidence, least_difference: float = 0.1) -> tuple[Question, ...]:
    return drive(draw_questions(N, [], 0.9, seed, least_difference=least_difference), game)


def seen(question: Question, which: int) -> int:
    """Return the patches kept in the picture of one of the two sets."""
    return FULL & ~which if question.kind == "remove" else which


def test_every_question_is_what_it_says() -> None:
    questions = draw()
    assert [q.kind for q in questions] == ["keep"] * 12 + ["remove"] * 12
    for q in questions:
        assert q.first != q.second
        assert q.first.bit_count() == q.second.bit_count()
        assert q.first.bit_count() in set_sizes(N) == [7, 15, 22, 29]
        assert [q.p_first, q.p_second] == evidence([seen(q, q.first), seen(q, q.second)])
        assert abs(q.p_first - q.p_second) >= 0.1 * 0.9


def test_scores_are_exact_and_asked_for_once() -> None:
    log = Log(evidence, screen=lambda masks: [0.0] * len(masks))
    log.drive(draw_questions(N, [], 0.9, 0, n_sets=10))
    (request,) = log.requests
    assert request.exact
    assert len(request.masks) == len(set(request.masks)) == 20
    assert Counter(m.bit_count() for m in request.masks[:10]) == {7: 3, 15: 3, 22: 2, 29: 2}


def test_no_picture_is_excluded_whatever_is() -> None:
    log = Log(evidence)
    log.drive(draw_questions(N, [], 0.9, 3))
    for i in range(0, 48, 5):
        excluded = {log.requests[0].masks[i]}
        again = Log(evidence)
        questions = again.drive(draw_questions(N, excluded, 0.9, 3))
        assert not excluded & set(again.requests[0].masks)
        assert not excluded & {seen(q, m) for q in questions for m in (q.first, q.second)}


@given(st.integers(0, 2**63 - 1), st.integers(0, 10), st.integers(0, 20), st.floats(0, 0.9))
@settings(max_examples=30)
def test_rules_hold_for_any_game(seed: int, n_sets: int, n_questions: int, least: float) -> None:
    game = random_game(seed)
    excluded = {m for m in range(2**9) if m % 3}
    steps = draw_questions(
        9, excluded, 1.0, seed, n_sets=n_sets, n_questions=n_questions, least_difference=least
    )
    log = Log(game)
    questions = log.drive(steps)
    counts = Counter(q.kind for q in questions)
    assert max(counts.values(), default=0) <= n_questions
    assert log.distinct <= 2 * n_sets
    pairs = {(q.kind, frozenset({q.first, q.second})) for q in questions}
    assert len(pairs) == len(questions)
    for q in questions:
        kept = [2**9 - 1 & ~m if q.kind == "remove" else m for m in (q.first, q.second)]
        assert not excluded & set(kept)
        assert [q.p_first, q.p_second] == game(kept)
        assert q.first.bit_count() == q.second.bit_count()
        assert abs(q.p_first - q.p_second) >= least
        assert q.p_first != q.p_second


def test_the_seed_decides_everything() -> None:
    assert draw(5) == draw(5)
    assert draw(5) != draw(6)


def test_position_and_kind_do_not_give_the_answer_away() -> None:
    answers = [q.p_first < q.p_second for seed in range(40) for q in draw(seed)]
    assert len(answers) > 900
    assert abs(sum(answers) / len(answers) - 0.5) < 0.05


def test_difficulty_does_not_follow_the_order() -> None:
    easier_first = [
        abs(a.p_first - a.p_second) > abs(b.p_first - b.p_second)
        for seed in range(40)
        for a, b in zip(draw(seed)[:11], draw(seed)[1:12], strict=True)
    ]
    assert abs(sum(easier_first) / len(easier_first) - 0.5) < 0.08


def test_sets_are_used_evenly() -> None:
    for q in [draw(seed, least_difference=0.0)[:12] for seed in range(5)]:
        use = Counter(m for one in q for m in (one.first, one.second))
        assert max(use.values()) <= 2


def test_difficulties_are_a_fair_sample_of_all_allowed_pairs() -> None:
    log = Log(evidence)
    questions = log.drive(draw_questions(N, [], 0.9, 1, least_difference=0.02))
    steps = draw_questions(N, [], 0.9, 1, n_questions=10**4, least_difference=0.02)
    every = drive(steps, evidence)
    for kind in ("keep", "remove"):
        allowed = sorted(abs(q.p_first - q.p_second) for q in every if q.kind == kind)
        asked = [abs(q.p_first - q.p_second) for q in questions if q.kind == kind]
        assert len(allowed) > 20
        low, high = allowed[len(allowed) // 3], allowed[2 * len(allowed) // 3]
        assert [sum(d < low for d in asked), sum(low <= d < high for d in asked)] == [4, 4]


def test_all_allowed_pairs_are_asked_if_there_are_too_few() -> None:
    log = Log(evidence)
    questions = log.drive(draw_questions(N, [], 0.9, 2, n_sets=8, n_questions=1000))
    masks = log.requests[0].masks
    p = dict(zip(masks, evidence(masks), strict=True))
    for kind, kept in (("keep", masks[:8]), ("remove", masks[8:])):
        allowed = {
            frozenset({a, b})
            for a in kept
            for b in kept
            if a != b and a.bit_count() == b.bit_count() and abs(p[a] - p[b]) >= 0.09
        }
        assert {frozenset({seen(q, q.first), seen(q, q.second)}) for q in questions if q.kind == kind} == (
            allowed
        )


def test_equal_probabilities_are_never_asked_about() -> None:
    assert draw(game=lambda masks: [0.5] * len(masks), least_difference=0.0) == ()


@pytest.mark.parametrize("n", [0, 1])
def test_a_grid_without_choices_gives_no_question_and_asks_nothing(n: int) -> None:
    log = Log(evidence)
    assert log.drive(draw_questions(n, [], 0.9, 0)) == ()
    assert log.requests == []


def test_small_grids_give_what_they_can() -> None:
    assert set_sizes(2) == [1]
    assert set_sizes(4) == [1, 2]
    log = Log(evidence)
    questions = log.drive(draw_questions(2, [], 0.9, 0, least_difference=0.0))
    assert log.distinct == 2  # each picture once, under one kind only
    assert len(questions) == 1


@pytest.mark.parametrize("option", ["n_sets", "n_questions", "least_difference"])
def test_rejects_negative_numbers(option: str) -> None:
    options: dict[str, Any] = {option: -1}
    with pytest.raises(ConfigError, match=option):
        drive(draw_questions(N, [], 0.9, 0, **options), evidence)
