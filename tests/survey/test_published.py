"""Numbers that authors publish."""

import re

import pytest

from gallery.explain.heatmaps._base import HEATMAPS
from gallery.measure._base import MEASURES
from gallery.survey.published import (
    CLAIMS,
    TABLES,
    Claim,
    PublishedTable,
    claims_within,
    table_of,
    tables_about,
)

IDS = [table.id for table in TABLES]


@pytest.mark.parametrize("table", TABLES, ids=IDS)
def test_every_table_says_whose_numbers_of_which_images_and_classifier_they_are(
    table: PublishedTable,
) -> None:
    for text in (table.title, table.source, table.dataset, table.classifier, table.protocol):
        assert text.strip() == text != ""
    assert re.fullmatch(r"[a-z0-9-]+", table.id)
    assert len(set(IDS)) == len(IDS)
    assert "lower is better" in table.protocol
    assert "higher is better" in table.protocol


@pytest.mark.parametrize("table", TABLES, ids=IDS)
def test_every_row_has_a_number_or_a_dash_in_every_column(table: PublishedTable) -> None:
    for row in table.rows:
        assert len(row.values) == len(table.columns)
        assert all(re.fullmatch(r"-|\d+\.\d+", value) for value in row.values)
        assert any(value != "-" for value in row.values)


@pytest.mark.parametrize("table", TABLES, ids=IDS)
def test_names_are_those_of_our_methods_and_measures(table: PublishedTable) -> None:
    assert {row.method for row in table.rows} - {""} <= set(HEATMAPS.names())
    assert set(table.measures) <= set(MEASURES.names())


def test_one_number_stands_for_one_row_in_every_table_of_the_poster() -> None:
    found: dict[str, list[tuple[str, ...]]] = {}
    for table in TABLES[:3]:
        for row in table.rows:
            if row.title in ("I-GOS", "iGOS++"):
                found.setdefault(row.title, []).append(row.values)
    assert found["I-GOS"][0][:4] == found["I-GOS"][1]
    assert found["iGOS++"][0][:4] == found["iGOS++"][1]


def _number(table: PublishedTable, method: str, column: int) -> float | None:
    value = next(row.values[column] for row in table.rows if row.method == method)
    return None if value == "-" else float(value)


COLUMNS = {"at 224": 0, "at 28": 2, "at 7": 4}


@pytest.mark.parametrize(
    "claim", CLAIMS, ids=lambda claim: f"{claim.first}-{claim.second}-{claim.measures[0]}"
)
def test_every_claim_is_in_its_table(claim: Claim) -> None:
    table = table_of(claim)
    kind = next(kind for kind in ("deletion", "insertion", "drop", "increase") if kind in claim.measures[0])
    better = -1 if kind in ("deletion", "drop") else 1
    columns = [i for i, name in enumerate(table.columns) if kind in name]
    assert columns
    holds = {}
    for column in columns:
        first, second = (_number(table, name, column) for name in (claim.first, claim.second))
        if first is not None and second is not None:
            holds[table.columns[column].split()[-1]] = better * (first - second) > 0
    assert any(holds.values())
    if table.id == "igos-plus-plus":
        said, _, denied = claim.where.partition("; not")
        assert set(re.findall(r"\d+", said)) == {size for size, is_so in holds.items() if is_so}
        assert set(re.findall(r"\d+", denied)) == {size for size, is_so in holds.items() if not is_so}
    else:
        assert all(holds.values())


def test_directions_of_claims_are_those_of_our_measures() -> None:
    better = {"deletion": "lower", "insertion": "higher", "drop": "lower", "increase": "higher"}
    for claim in CLAIMS:
        for name in claim.measures:
            kind = next(kind for kind in better if kind in name)
            assert MEASURES[name].facts["better"] == better[kind]


def test_claims_are_looked_for_where_both_methods_and_a_measure_are() -> None:
    found = claims_within(["igos", "igos_plus_plus", "rise"], ["insertion", "deletion", "igos_insertion"])
    assert [(claim.first, claim.second, measure) for claim, measure in found] == [
        ("igos_plus_plus", "igos", "igos_insertion"),
        ("igos_plus_plus", "igos", "insertion"),
        ("igos_plus_plus", "igos", "deletion"),
    ]
    assert claims_within(["igos"], ["insertion"]) == []
    assert claims_within(["igos", "grad_cam"], []) == []


def test_tables_are_found_by_method_and_by_measure() -> None:
    assert [table.id for table in tables_about(method="attention_guided_cam")] == ["attention-map-guided"]
    assert [table.id for table in tables_about(measure="insertion")] == ["rise-notebook"]
    assert [table.id for table in tables_about(measure="igos_insertion")] == IDS[:3]
    assert tables_about(method="lime") == ()
    assert tables_about() == ()
