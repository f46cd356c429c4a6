"""The comparison of methods as CSV."""

import csv
import io
from collections.abc import Iterable

import numpy as np
import pytest

from gallery.survey import comparison_tables as tables
from gallery.survey.agreement import agreement, compare_maps
from gallery.survey.comparison import Values, compare
from gallery.survey.orderings import check_order
from gallery.survey.published import IGOS_COMPARISON, TABLES, Claim

METHODS = ("a", "b", "never")


def read(lines: Iterable[str]) -> list[dict[str, str]]:
    text = "".join(lines)
    assert text.endswith("\r\n")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def number(text: str) -> float | None:
    return float(text) if text else None


def images() -> list[Values]:
    rng = np.random.default_rng(0)
    return [{"a": {"m": float(x)}, "b": {"m": float(x - 1 + 0.1 * y)}} for x, y in rng.normal(size=(12, 2))]


def test_scores_come_back_as_they_were() -> None:
    found = compare(images(), METHODS, "m", "higher")
    rows = read(tables.score_table({"net": {"m": found}}))
    assert [row["method"] for row in rows] == ["a", "b"]
    for row in rows:
        score = found.scores[row["method"]]
        for name, value in (
            ("mean", score.mean.value), ("low", score.mean.low), ("high", score.mean.high),
            ("average_rank", score.rank), ("p_against_best", score.p),
        ):  # fmt: skip
            assert number(row[name]) == (None if value is None else pytest.approx(value, rel=1e-8))
        assert row["is_best"] == str(score.is_best).lower()
        assert row["is_compared"] == "true"
        assert (row["classifier"], row["measure"], row["better"], row["n_images"]) == (
            "net",
            "m",
            "higher",
            "12",
        )
    assert rows[0]["p_against_best"] == ""


def test_rankings_come_back_and_those_with_too_few_images_are_missing() -> None:
    found, few = compare(images(), METHODS, "m", "higher"), compare(images()[:3], METHODS, "m", "higher")
    rows = read(tables.ranking_table({"net": {"m": found, "few": few}}))
    assert len(rows) == 1
    assert found.ranking is not None
    assert number(rows[0]["friedman_chi_square"]) == pytest.approx(found.ranking.chi_square)
    assert number(rows[0]["critical_difference"]) == pytest.approx(found.ranking.critical)
    assert (rows[0]["n_images"], rows[0]["n_methods"]) == ("12", "2")
    alike = compare([{"a": {"m": 1.0}, "b": {"m": 1.0}}] * 8, METHODS, "m", "higher")
    assert read(tables.ranking_table({"net": {"m": alike}}))[0]["groups"] == "a b"


def test_agreement_has_one_row_per_pair() -> None:
    rng = np.random.default_rng(1)
    maps = [compare_maps({n: rng.random((8, 8)).astype(np.float32) for n in "ab"}) for _ in range(4)]
    found = agreement(maps, METHODS)
    rows = read(tables.agreement_table({"net": found}))
    assert [(row["first"], row["second"], row["n_images"]) for row in rows] == [
        ("a", "b", "4"), ("a", "never", "0"), ("b", "never", "0")
    ]  # fmt: skip
    assert number(rows[0]["correlation"]) == pytest.approx(found.of(0, 1).value)
    assert rows[1]["correlation"] == ""


def test_orders_say_where_they_come_from_and_what_follows() -> None:
    found = check_order(images(), Claim("a", "b", ("m",), "table", "at 7"), "m", "higher")
    row = read(tables.ordering_table({"net": [found]}))[0]
    assert (row["reported_better"], row["reported_worse"], row["verdict"]) == ("a", "b", "holds")
    assert row["source"] == "table, at 7"
    assert number(row["difference"]) == pytest.approx(found.difference.value)


def test_values_of_images_have_a_column_per_method_and_gaps() -> None:
    values: Values = {"a": {"m": 0.5}, "b": {"m": None}}
    row = read(tables.value_table("m", METHODS, [("net", "cat", "=HYPERLINK(1)", values)]))[0]
    assert row == {
        "classifier": "net",
        "image": "cat",
        "title": "'=HYPERLINK(1)",
        "a": "0.5",
        "b": "",
        "never": "",
    }


def test_costs_are_whole_numbers() -> None:
    assert read(tables.cost_table([("net", "cat", "a", 4000, 0)]))[0]["forwards"] == "4000"


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.id)
def test_every_row_of_a_published_table_names_its_source_images_and_classifier(table: object) -> None:
    assert isinstance(table, type(IGOS_COMPARISON))
    rows = read(tables.published_csv(table))
    assert len(rows) == len(table.rows)
    for row, published in zip(rows, table.rows, strict=True):
        assert row["note"] == "as published, not comparable"
        assert (row["source"], row["data_set"], row["classifier"]) == (
            table.source,
            table.dataset,
            table.classifier,
        )
        assert [row[name] for name in table.columns] == [v.replace("-", "") for v in published.values]
