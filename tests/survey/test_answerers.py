"""Sums per patch, and what each answerer says where the rules leave no doubt."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gallery.errors import ShapeError
from gallery.records import MaskModel, Question, mask_of
from gallery.survey.answerers import (
    ShownSet,
    cell_sums,
    heatmap_answerer,
    kept_set,
    mse_answerer,
    sag_answerer,
)
from tests.survey.made import MODEL, graph_of, keep, mse, remove

FULL = MODEL.full


def test_cells_that_fit_the_pixels_are_summed() -> None:
    values = np.arange(24, dtype=np.float32).reshape(4, 6)
    wanted = values.reshape(2, 2, 3, 2).sum(axis=(1, 3)).ravel()
    assert cell_sums(values, MODEL, None).tolist() == wanted.tolist()


def test_pixels_on_a_border_are_divided_by_area() -> None:
    values = np.array([[1, 10, 100]], dtype=np.float32)
    assert cell_sums(values, MaskModel(rows=1, cols=2), None).tolist() == [6, 105]


@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 20), st.integers(1, 20))
def test_a_flat_map_has_equal_sums_and_nothing_is_lost(rows: int, cols: int, h: int, w: int) -> None:
    sums = cell_sums(np.ones((h, w), np.float32), MaskModel(rows=rows, cols=cols), None)
    assert sums == pytest.approx(np.full(rows * cols, h * w / (rows * cols)))


def test_superpixels_are_summed_by_segment() -> None:
    values = np.array([[1, 2], [3, -4]], dtype=np.float32)
    segments = np.array([[0, 2], [2, 0]], dtype=np.int16)
    sums = cell_sums(values, MaskModel(partition="slic", n_segments=4), segments)
    assert sums.tolist() == [-3, 0, 5, 0]


def test_maps_that_do_not_fit_are_refused() -> None:
    slic, values = MaskModel(partition="slic", n_segments=2), np.zeros((2, 2), np.float32)
    with pytest.raises(ShapeError, match="finite"):
        cell_sums(np.full((2, 2), np.nan, np.float32), MODEL, None)
    with pytest.raises(ShapeError, match=r"\(H, W\)"):
        cell_sums(np.zeros((1, 2, 2), np.float32), MODEL, None)
    with pytest.raises(ShapeError, match="got None"):
        cell_sums(values, slic, None)
    with pytest.raises(ShapeError, match="shape of the heatmap"):
        cell_sums(values, slic, np.zeros((2, 3), np.int16))
    with pytest.raises(ShapeError, match="from 0 to 1"):
        cell_sums(values, slic, np.full((2, 2), 2, np.int16))


def test_removing_more_hurts_more_and_keeping_more_leaves_more() -> None:
    say = heatmap_answerer(np.array([5.0, 1, 1, 0, 0, 0]))
    assert say(remove([0, 3], [1, 2])) == "first"
    assert say(keep([0, 3], [1, 2])) == "second"


def test_signs_count() -> None:
    say = heatmap_answerer(np.array([5.0, -6, 1, 0, 0, 0]))
    assert say(remove([0, 1], [2, 3])) == "second"


def test_equal_sums_say_nothing() -> None:
    say = heatmap_answerer(np.array([0.1, 0.2, 0.3, 0, 0, 0]))
    assert say(remove([0, 1], [2, 3])) == "neither"  # 0.1 + 0.2 != 0.3 in binary
    assert heatmap_answerer(np.zeros(6))(keep([0, 1], [2, 3])) == "neither"
    # The sums nearly cancel, so that rounding is large beside them, but not beside what was summed.
    assert heatmap_answerer(np.array([0.3, -0.1, -0.2, 0, 0, 0]))(remove([0, 1, 2], [3, 4, 5])) == "neither"
    assert heatmap_answerer(np.array([1.0, 1 + 1e-6, 0, 0, 0, 0]))(remove([0, 2], [1, 2])) == "second"


def test_what_stays_is_the_set_or_all_others() -> None:
    assert kept_set(keep([0, 1], [2, 3]), mask_of([0, 1]), FULL) == mask_of([0, 1])
    assert kept_set(remove([0, 1], [2, 3]), mask_of([0, 1]), FULL) == mask_of([2, 3, 4, 5])


SAG = graph_of({(0, 1): 0.75, (0,): 0.3, (1,): 0.1, (4, 5): 0.8, (4,): 0.2, (5,): 0.1}, [(0, 1), (4, 5)])


def test_a_contained_node_promises_its_confidence() -> None:
    say = sag_answerer(SAG, FULL)
    assert say(keep([0, 1, 2], [3, 4, 5])) == "first"  # 0.75 against 0.8
    assert say(keep([0, 2, 3], [1, 2, 3])) == "second"  # 0.3 against 0.1
    assert say(keep([1, 2, 3], [2, 3])) == "second"  # 0.1 against nothing
    assert say(remove([4, 3], [0, 3])) == "first"  # 0.75 is left against 0.8


def test_the_first_rule_comes_before_the_second() -> None:
    graph = graph_of({(0, 1, 2): 0.9, (5,): 0.05}, [(0, 1, 2)])
    assert sag_answerer(graph, FULL)(keep([0, 1, 3], [3, 4, 5])) == "first"


def test_partly_kept_roots_break_a_tie_by_the_drops() -> None:
    graph = graph_of({(0, 1, 2): 0.9, (0, 1): 0.8, (0, 2): 0.5, (1, 2): 0.2}, [(0, 1, 2)])
    say = sag_answerer(graph, FULL)  # drops: patch 0 0.7, patch 1 0.4, patch 2 0.1
    assert say(keep([0, 3], [1, 3])) == "second"
    assert say(keep([2, 3], [1, 3])) == "first"
    assert say(keep([0, 3, 4], [0, 3, 5])) == "neither"
    assert ShownSet(0b111, 0.9, {0: 0.7, 1: 0.4, 2: 0.1}).share_kept(0b011) == pytest.approx(1.1 / 1.2)


def test_the_second_root_decides_where_the_best_is_equal() -> None:
    say = sag_answerer(SAG, FULL)
    assert say(keep([0, 1, 4], [0, 1, 3])) == "second"


def test_patches_without_a_link_weigh_as_the_mean() -> None:
    assert ShownSet(0b111, 1.0, {0: 0.3, 1: 0.1}).share_kept(0b100) == pytest.approx(1 / 3)
    assert ShownSet(0b111, 1.0).share_kept(0b110) == pytest.approx(2 / 3)
    assert ShownSet(0b11, 1.0, {0: 0.0, 1: 0.0}).share_kept(0b01) == 0.5
    assert ShownSet(0, 1.0).share_kept(0) == 1.0
    assert ShownSet(0b11, 1.0, {0: 1.0, 1: 0.0}).share_kept(0b111) == 1.0


def test_a_patch_whose_removal_helps_weighs_nothing() -> None:
    graph = graph_of({(0, 1, 2): 0.75, (1, 2): 0.35, (0, 2): 0.45, (0, 1): 0.95}, [(0, 1, 2)])
    say = sag_answerer(graph, FULL)
    assert say(keep([2, 3], [3, 4])) == "neither"
    assert say(keep([2, 3], [1, 3])) == "first"


def test_only_roots_are_kept_in_part() -> None:
    graph = graph_of({(0, 1, 2): 0.9, (1, 2): 0.5}, [(0, 1, 2)])
    assert sag_answerer(graph, FULL)(keep([0, 3], [1, 3])) == "neither"


def test_an_empty_graph_says_nothing() -> None:
    say = sag_answerer(graph_of({}), FULL)
    assert say(keep([0, 1], [2, 3])) == say(remove([0, 1], [2, 3])) == "neither"
    assert mse_answerer([], FULL)(keep([0, 1], [2, 3])) == "neither"


def test_mses_answer_by_the_same_rules_with_equal_weights() -> None:
    say = mse_answerer([mse(0, 1, p=0.8), mse(2, 3, 4, p=0.75)], FULL)
    assert say(keep([0, 1, 5], [2, 3, 4])) == "second"
    assert say(keep([0, 5], [2, 3])) == "first"  # 0.8 / 2 against 0.75 * 2 / 3
    assert say(remove([0, 2], [3, 4])) == "first"
    assert say(keep([0, 5], [1, 5])) == "neither"
    assert say(keep([0, 2], [3, 4])) == "first"  # the larger of 0.4 and 0.25 against the larger of 0 and 0.5


questions = st.builds(
    Question,
    st.sampled_from(["keep", "remove"]),
    st.integers(0, FULL),
    st.integers(0, FULL),
    st.just(0.1),
    st.just(0.2),
)
SWAPPED = {"first": "second", "second": "first", "neither": "neither"}


@given(questions, st.lists(st.floats(-1, 1), min_size=6, max_size=6))
def test_nobody_depends_on_which_set_comes_first(question: Question, sums: list[float]) -> None:
    swapped = Question(question.kind, question.second, question.first, question.p_second, question.p_first)
    for say in (
        heatmap_answerer(np.array(sums)),
        sag_answerer(SAG, FULL),
        mse_answerer([mse(0, 1), mse(2, 3, 4)], FULL),
    ):
        assert say(swapped) == SWAPPED[say(question)]


@given(questions, st.floats(0, 1), st.floats(0, 1))
def test_nobody_looks_at_the_measured_probabilities(question: Question, one: float, other: float) -> None:
    measured = Question(question.kind, question.first, question.second, one, other)
    for say in (heatmap_answerer(np.arange(6.0)), sag_answerer(SAG, FULL), mse_answerer([mse(0, 1)], FULL)):
        assert say(measured) == say(question)


@given(st.integers(0, FULL), st.integers(0, FULL))
def test_shown_sets_read_the_classifier_as_monotone(kept: int, more: int) -> None:
    """What contains a set is never said to leave less than it."""
    question = Question("keep", kept, kept | more, 0.1, 0.2)
    for say in (sag_answerer(SAG, FULL), mse_answerer([mse(0, 1), mse(2, 3, 4)], FULL)):
        assert say(question) != "second"
