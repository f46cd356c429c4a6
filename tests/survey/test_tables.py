"""CSV that reads back as written, also with titles that mean harm."""

import csv
import io
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest

from gallery.errors import SurveyError
from gallery.survey.explanations import facts_of, survey
from gallery.survey.simulatability import accuracy, answers_of
from gallery.survey.tables import (
    accuracy_table,
    csv_text,
    distribution_table,
    image_table,
    mean_table,
    mse_table,
    question_table,
    share_table,
)
from tests.survey.made import graph_of, heatmap, keep, mse, remove, result

HOSTILE = (
    "=HYPERLINK(\"http://x\")", "+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "\uff1d1",
    "\ufeff=1", "\ttab", "\x00=1",
)  # fmt: skip
HARMLESS = (
    'He said "no", twice',
    "two\r\nlines",
    "Grüße, 猫",
    "a = b",
    "",
    "'quoted'",
    "1-minimal",
    "  indented",
)


def rows(lines: Iterable[str]) -> list[dict[str, str]]:
    """Return a table as a reader sees it."""
    return list(csv.DictReader(io.StringIO("".join(lines), newline="")))


@pytest.mark.parametrize("title", HARMLESS)
def test_text_reads_back_as_written(title: str) -> None:
    assert rows(csv_text(["a", "title", "b"], [[1, title, 2]])) == [{"a": "1", "title": title, "b": "2"}]


@pytest.mark.parametrize("title", HOSTILE)
def test_no_text_is_a_formula(title: str) -> None:
    (row,) = rows(csv_text(["a", "title"], [["x", title]]))
    assert row["title"] == f"'{title}"


def test_numbers_are_not_taken_for_formulas() -> None:
    assert csv_text(["x", "y"], [[-0.5, -3]]) == "x,y\r\n-0.5,-3\r\n"


def test_numbers_truth_and_nothing() -> None:
    text = csv_text(["a", "b", "c", "d", "e", "f"], [[1 / 3, 1e-12, -0.0, True, None, 0.1 + 0.2]])
    assert text == "a,b,c,d,e,f\r\n0.333333333,1e-12,0,true,,0.3\r\n"


def test_a_float32_survives() -> None:
    value = float(np.float32(0.123456789))
    (row,) = rows(csv_text(["x"], [[value]]))
    assert np.float32(row["x"]) == np.float32(value)


def test_a_table_that_is_not_one_is_refused() -> None:
    with pytest.raises(SurveyError, match="has 1 cells"):
        csv_text(["a", "b"], [[1]])
    with pytest.raises(SurveyError, match="nan"):
        csv_text(["a"], [[float("nan")]])


MADE = result(
    title="=1+1",
    mses=[mse(0, 1), mse(3, 4, 5, p=0.73)],
    graph=graph_of({(0, 1): 0.75, (0,): 0.3}, [(0, 1)]),
    heatmaps=[heatmap("cam", [1, 0, 0, 0, 0, 0])],
    questions=[keep([0, 3], [1, 4], p=(0.25, 0.3)), remove([0], [5], p=(0.125, 0.75))],
)
FACTS = (replace(facts_of(MADE), roots=(0,)), facts_of(result(image_id="dog", title="Dog", label=None)))


def test_one_row_per_explanation() -> None:
    first, second = rows(mse_table(FACTS))
    assert first == {
        "classifier": "toy", "image": "cat", "title": "'=1+1", "number": "1", "n_patches": "2",
        "patches": "0 1", "probability": "0.75", "relative": "0.9375", "margin": "0.03",
        "minimality": "1-minimal", "is_top": "true", "is_root": "true", "diverse_at_overlap": "0 1",
    }  # fmt: skip
    assert (second["patches"], second["is_root"], second["diverse_at_overlap"]) == ("3 4 5", "false", "1")


def test_one_row_per_image_also_without_explanations() -> None:
    cat, dog = rows(image_table(FACTS))
    assert (cat["n_mses"], cat["smallest"], cat["n_diverse_overlap_0"], cat["n_diverse_overlap_1"]) == (
        "2", "2", "1", "2",
    )  # fmt: skip
    assert (cat["is_right"], cat["p_full"], cat["complete_up_to"]) == ("true", "0.8", "2")
    assert (dog["n_mses"], dog["smallest"], dog["is_right"], dog["n_diverse_overlap_1"]) == ("0", "", "", "0")


def test_the_share_curve_and_the_means() -> None:
    found = survey(FACTS)
    points = rows(share_table([found]))
    assert [(p["n_patches"], p["n_explained"], p["n_images"], p["share"]) for p in points] == [
        ("1", "0", "2", "0"), ("2", "1", "2", "0.5"), ("3", "1", "2", "0.5"),
    ]  # fmt: skip
    assert [point["is_exact"] for point in points] == ["true", "true", "false"]
    means = {row["quantity"]: row for row in rows(mean_table([found]))}
    assert (means["n_mses"]["mean"], means["n_patches"]["mean"], means["explained"]["n_images"]) == (
        "1",
        "2.5",
        "2",
    )
    assert means["smallest"]["low"] == ""
    assert set(means) >= {"smallest", "n_diverse_overlap_0", "n_diverse_overlap_1"}


def test_histograms() -> None:
    found = rows(distribution_table([survey(FACTS)]))
    counted = [(r["counted"], r["value"], r["count"]) for r in found if r["quantity"] == "n_patches"]
    assert counted == [("mses", "2", "1"), ("mses", "3", "1")]
    assert ("images", "0", "1") in [(r["counted"], r["value"], r["count"]) for r in found]


def test_one_row_per_question() -> None:
    first, second = rows(question_table([answers_of(MADE)]))
    assert first == {
        "classifier": "toy", "image": "cat", "title": "'=1+1", "question": "1", "kind": "keep",
        "first_patches": "0 3", "second_patches": "1 4", "p_first": "0.25", "p_second": "0.3",
        "points_cam": "0", "points_mses": "0.5", "points_sag": "0", "points_random": "0.5",
    }  # fmt: skip
    assert (second["kind"], second["points_cam"]) == ("remove", "1")


def test_the_accuracy_summary() -> None:
    found = rows(accuracy_table([accuracy([answers_of(MADE)])]))
    assert [(row["answerer"], row["kind"]) for row in found][:4] == [
        ("cam", "keep"), ("cam", "remove"), ("cam", "all"), ("mses", "keep"),
    ]  # fmt: skip
    assert found[2] == {
        "classifier": "toy", "answerer": "cam", "kind": "all", "accuracy": "0.5", "low": "", "high": "",
        "n_images": "1", "n_questions": "2", "n_undecided": "0", "sag_lead": "0", "sag_lead_low": "",
        "sag_lead_high": "",
    }  # fmt: skip


def test_empty_sets_still_have_a_header() -> None:
    for lines in (
        mse_table([]), image_table([]), share_table([]), share_table([survey([])]), distribution_table([]),
        mean_table([survey([])]), question_table([]), accuracy_table([accuracy([])]),
    ):  # fmt: skip
        text = "".join(lines)
        assert text.startswith("classifier,")
        assert text.endswith("\r\n")


def test_the_same_facts_give_the_same_bytes() -> None:
    assert list(mse_table(FACTS)) == list(mse_table(list(FACTS)))
    assert list(mean_table([survey(FACTS)])) == list(mean_table([survey(FACTS)]))
