"""Points per question, what is refused, and accuracies with known values."""

import inspect
from dataclasses import replace

import pytest

from gallery.errors import SurveyError
from gallery.records import Question
from gallery.survey import simulatability
from gallery.survey.answerers import Answerer, Said
from gallery.survey.bootstrap import Interval, Resampling
from gallery.survey.simulatability import (
    KINDS,
    MSES,
    RANDOM,
    SAG,
    ImageAnswers,
    accuracy,
    answer,
    answers_of,
)
from tests.survey.made import graph_of, heatmap, keep, mse, remove, result, with_superpixels

GRAPH = graph_of({(0, 1): 0.75, (0,): 0.3, (1,): 0.1}, [(0, 1)])
RIGHT_MAP = heatmap("good", [5, 3, 1, 0, 0, 0])
WRONG_MAP = heatmap("bad", [0, 0, 0, 1, 3, 5])
FLAT_MAP = heatmap("flat", [1] * 6)


def answers(image_id: str, **points: tuple[float, ...]) -> ImageAnswers:
    """Return answers to alternating "keep" and "remove" questions."""
    n = len(next(iter(points.values()), ()))
    asked = tuple((keep if i % 2 == 0 else remove)([0], [1]) for i in range(n))
    return ImageAnswers(image_id, image_id.upper(), "toy", asked, points, has_graph=True)


def says(said: Said) -> Answerer:
    """Return who always says the same."""
    return lambda _: said


def test_the_set_with_the_lower_probability_is_right() -> None:
    first, second = keep([0], [1], p=(0.1, 0.2)), keep([0], [1], p=(0.2, 0.1))
    assert [answer(first, one) for one in (says("first"), says("second"), says("neither"))] == [1, 0, 0.5]
    assert [answer(second, one) for one in (says("first"), says("second"), says("neither"))] == [0, 1, 0.5]


def test_without_a_right_answer_everybody_gets_half() -> None:
    assert answer(keep([0], [1], p=(0.1, 0.1)), says("first")) == 0.5


def test_every_answerer_is_asked_everything() -> None:
    questions = [
        keep([2, 3, 4], [0, 1, 2], p=(0.1, 0.7)),
        remove([0, 1, 2], [3, 4, 5], p=(0.1, 0.7)),
        keep([0, 3], [1, 3], p=(0.1, 0.3)),  # against what the graph shows
    ]
    maps = [RIGHT_MAP, WRONG_MAP, FLAT_MAP]
    found = answers_of(result(mses=[mse(0, 1)], graph=GRAPH, heatmaps=maps, questions=questions))
    assert found.credits == {
        "good": (1, 1, 0),
        "bad": (0, 0, 0.5),
        "flat": (0.5, 0.5, 0.5),
        MSES: (1, 1, 0.5),
        SAG: (1, 1, 0),
        RANDOM: (0.5, 0.5, 0.5),
    }
    assert found.of("good", "keep") == (1, 0)
    assert found.of("good", "remove") == (1,)
    assert found.of("good", "all") == (1, 1, 0)
    assert found.has_graph


def test_superpixels_are_answered_by_segment() -> None:
    made = result(heatmaps=[RIGHT_MAP], questions=[remove([5], [0], p=(0.1, 0.2))])
    turned = with_superpixels(made, [[5, 5, 4, 4, 3, 3]] * 2 + [[2, 2, 1, 1, 0, 0]] * 2)
    assert answers_of(made).credits["good"] == (0,)
    assert answers_of(turned).credits["good"] == (1,)


def test_without_explanations_sag_and_mses_only_guess() -> None:
    found = answers_of(result(questions=[keep([0], [1]), remove([2], [3])]))
    assert found.credits == {MSES: (0.5, 0.5), SAG: (0.5, 0.5), RANDOM: (0.5, 0.5)}
    assert not found.has_graph


@pytest.mark.parametrize(
    "question",
    [
        keep([0, 1], [2, 3]),
        keep([2, 3], [0, 1]),
        keep([0], [2]),
        remove([2, 3, 4, 5], [0, 1, 2, 3]),
        keep([3, 4, 5], [0, 1, 2]),
        remove([0, 1, 2], [3, 4, 5]),
    ],
)
def test_a_question_whose_answer_is_shown_is_refused(question: Question) -> None:
    made = result(mses=[mse(0, 1), mse(3, 4, 5)], graph=GRAPH, questions=[remove([0], [1]), question])
    with pytest.raises(SurveyError, match=r"cat \(toy\), question 2: .* shows the answer"):
        answers_of(made)


def test_removing_a_node_is_not_keeping_it() -> None:
    answers_of(result(mses=[mse(0, 1)], graph=GRAPH, questions=[remove([0, 1], [2, 3])]))


def test_a_question_about_patches_that_do_not_exist_is_refused() -> None:
    with pytest.raises(SurveyError, match="0x40 does not fit 6 patches"):
        answers_of(result(questions=[keep([0], [6])]))


@pytest.mark.parametrize("name", [SAG, MSES, RANDOM])
def test_a_heatmap_cannot_take_the_name_of_another_answerer(name: str) -> None:
    with pytest.raises(SurveyError, match="rename it"):
        answers_of(result(heatmaps=[heatmap(name, [0] * 6)], questions=[keep([0], [1])]))


def test_accuracy_is_points_over_questions() -> None:
    table = accuracy(
        [
            answers("a", cam=(1, 0, 1, 0), sag=(1, 1, 1, 0.5), random=(0.5,) * 4),
            answers("b", cam=(0, 1), sag=(1, 1), random=(0.5,) * 2),
        ]
    )
    assert table.answerers == ("cam", SAG, RANDOM)
    assert [row.kind for row in table.rows] == [*KINDS] * 3
    assert table.row("cam", "all").accuracy.value == 0.5
    assert table.row("cam", "keep").accuracy.value == pytest.approx(2 / 3)
    assert table.row("cam", "remove").accuracy.value == pytest.approx(1 / 3)
    assert table.row(SAG, "all").accuracy.value == pytest.approx(5.5 / 6)
    assert (table.row(SAG, "remove").n_questions, table.row(SAG, "remove").n_undecided) == (3, 1)
    assert table.row(RANDOM, "all").accuracy == Interval(0.5, None, None, 2)
    assert (table.classifier, table.n_images, table.n_without_graph) == ("toy", 2, 0)


def test_the_lead_is_paired_over_the_same_questions() -> None:
    some = [
        answers(f"i{i}", cam=(i % 2, 0), sag=(i % 2, 1 if i % 4 else 0), random=(0.5, 0.5)) for i in range(40)
    ]
    table = accuracy(some)
    lead = table.row("cam", "all").sag_lead
    assert lead is not None
    assert lead.value == pytest.approx(0.375)
    assert lead.excludes(0)
    assert table.row("cam", "keep").sag_lead == Interval(0.0, None, None, 40)
    assert table.row(SAG, "all").sag_lead is None
    chance = table.row(RANDOM, "all").sag_lead
    assert chance is not None
    assert table.row(SAG, "all").accuracy.value == pytest.approx(0.5 + (chance.value or 0))


def test_an_answerer_missing_in_an_image_is_compared_where_it_answered() -> None:
    some = [
        answers("a", cam=(1, 1), sag=(0, 1)),
        answers("b", cam=(0, 1), sag=(1, 1)),
        answers("c", sag=(1, 1)),
    ]
    row = accuracy(some).row("cam", "all")
    assert (row.accuracy.value, row.accuracy.n, row.n_questions) == (0.75, 2, 4)
    assert row.sag_lead is not None
    assert (row.sag_lead.value, row.sag_lead.n) == (0.0, 2)


def test_images_about_which_nothing_was_asked_do_not_count() -> None:
    some = [answers("a", cam=(1, 0)), replace(answers("b", cam=()), has_graph=False)]
    table = accuracy(some)
    assert (table.n_images, table.n_without_graph, table.row("cam", "all").accuracy.n) == (1, 0, 1)


def test_images_without_a_graph_are_counted() -> None:
    assert accuracy([replace(answers("a", cam=(1,)), has_graph=False)]).n_without_graph == 1


def test_nothing_asked_at_all() -> None:
    table = accuracy([])
    assert (table.classifier, table.rows, table.n_images) == ("", (), 0)
    with pytest.raises(SurveyError, match="no accuracy of 'cam'"):
        table.row("cam", "all")


def test_the_same_answers_give_the_same_table() -> None:
    some = [answers(f"i{i}", cam=(i % 3 == 0, 1), sag=(1, i % 2)) for i in range(9)]
    assert accuracy(some) == accuracy(list(some))
    assert accuracy(some) != accuracy(some, Resampling(seed=1))


def test_classifiers_and_copies_are_kept_apart() -> None:
    with pytest.raises(SurveyError, match="mixed"):
        accuracy([answers("a", cam=(1,)), replace(answers("b", cam=(1,)), classifier="other")])
    with pytest.raises(SurveyError, match="twice"):
        accuracy([answers("a", cam=(1,)), answers("a", cam=(1,))])


def test_the_page_says_what_this_is_not() -> None:
    text = inspect.cleandoc(simulatability.__doc__ or "")
    assert "**This is not a human study.**" in text
    assert "refused" in text
