"""The comparison of methods over a set of many images, with planted differences."""

import csv
import io
import re
from pathlib import Path

import pytest

from gallery.render.pages.summary import SetSummary
from gallery.survey.latex import escaped
from gallery.survey.published import TABLES
from tests.render.pages import comparing, synthetic

N = 24
SLUG = "embedded-net_a"


@pytest.fixture(scope="module")
def found() -> SetSummary:
    return comparing.summary_of(N)


@pytest.fixture(scope="module")
def pages(found: SetSummary, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return comparing.write_pages(found, tmp_path_factory.mktemp("many"))


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return comparing.write_pages(comparing.summary_of(4), tmp_path_factory.mktemp("few"))


def _text(pages: Path, name: str) -> str:
    file = pages / name
    return synthetic.page_text(file) if file.suffix == ".md" else file.read_text(encoding="utf-8")


def _csv(pages: Path, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(_text(pages, f"results/{name}.csv"))))


def _tables(text: str) -> list[str]:
    return re.findall(r"<table.*?</table>", text, re.DOTALL)


def _column(text: str, measure: str) -> dict[str, str]:
    """Return the cells of a measure's column on the results page, by method."""
    (table,) = [one for one in _tables(text) if f'href="q/{measure}.html"' in one]
    heads = re.findall(r'<th scope="col".*?</th>', table, re.DOTALL)
    at = next(i for i, head in enumerate(heads) if f"q/{measure}.html" in head)
    body = table.partition("<tbody>")[2].partition("</tbody>")[0]
    cells = {}
    for row in re.findall(r"<tr>.*?</tr>", body, re.DOTALL):
        name = re.search(r'href="m/(\w+)\.html"', row)
        assert name
        cells[name[1]] = re.findall(r"<td.*?</td>", row, re.DOTALL)[at]
    return cells


@pytest.mark.parametrize("measure", ["insertion", "deletion", "infidelity", "pointing_game"])
def test_the_best_and_what_the_test_cannot_tell_from_it_are_bold_and_nothing_else(
    pages: Path, found: SetSummary, measure: str
) -> None:
    cells = _column(_text(pages, "results.md"), measure)
    bold = {name for name, cell in cells.items() if 'class="eg-best"' in cell}
    assert bold == {"igos", "igos_plus_plus"} == set(found.comparisons[SLUG][measure].best)
    assert all(("(best)" in cell) == (name in bold) for name, cell in cells.items())


def test_over_few_images_nothing_is_bold_and_the_page_says_why(few: Path) -> None:
    for name in ("results.md", "m/igos.md"):
        assert 'class="eg-best"' not in _text(few, name)
    assert re.search(r"Where fewer than \d+ images have values", _text(few, "results.md"))
    assert "too few to tell 5 methods apart (at least 8 are needed)" in _text(few, "q/insertion.md")
    assert 'id="ranks-' not in _text(few, "q/insertion.md")
    assert _csv(few, "ranks") == []


def test_means_stand_with_their_intervals_and_numbers_of_images(pages: Path, found: SetSummary) -> None:
    text = _text(pages, "results.md")
    for name, cell in _column(text, "insertion").items():
        mean = found.comparisons[SLUG]["insertion"].scores[name].mean
        assert f">{mean.value:.3f}" in cell
        # A space between: the two are not read, or copied, as one number.
        assert f" <small>{mean.low:.3f} to {mean.high:.3f}</small>" in cell
    feet = re.findall(r"<tfoot>.*?</tfoot>", text, re.DOTALL)
    assert [re.findall(r"<td>(\d+)</td>", foot) for foot in feet] == [
        [str(N)] * 2, [str(N)], [str(N // 3)], [str(N)], [str(N)]
    ]  # fmt: skip


def test_a_missing_value_is_a_dash_with_its_reason(pages: Path) -> None:
    cell = _column(_text(pages, "results.md"), "infidelity")["rise"]
    assert cell == "<td>\N{EN DASH}<sup>a</sup></td>"
    for name in ("results.md", "q/infidelity.md", "m/rise.md"):
        assert comparing.NOT_AGAIN in _text(pages, name)
    assert f"Not measured: Grid pointing game ({comparing.NO_OBJECT})." in _text(pages, "results.md")
    values = _text(pages, "q/pointing_game.md").partition("Every value")[2]
    assert values.count("<td>\N{EN DASH}<sup>a</sup></td>") == 5 * (N - N // 3)
    assert f"<sup>a</sup> {comparing.NO_OBJECT}" in values
    nothing = _text(pages, "q/grid_pointing_game.md")
    assert "Methods compared" not in nothing


def test_small_numbers_name_the_power_of_ten_wherever_they_are_printed(pages: Path) -> None:
    assert "<small>unit &amp; more, in 10⁻⁶</small>" in _text(pages, "results.md")
    assert "<small>unit &amp; more, in 10⁻⁶</small>" in _text(pages, "q/infidelity.md")
    assert "unit &amp; more, in 10⁻⁶" in _text(pages, "m/igos.md")
    for name in (
        f"measures-{SLUG}-soundness",
        f"measure-{SLUG}-infidelity",
        "values-infidelity",
        "method-igos",
    ):
        assert "in 10$^{-" in _text(pages, f"results/{name}.tex"), name
    for row in _csv(pages, "measures"):
        assert row["measure"] != "infidelity" or 1e-6 < float(row["mean"]) < 1e-5


def test_the_csv_holds_the_numbers_of_the_page(pages: Path, found: SetSummary) -> None:
    rows = _csv(pages, "measures")
    by_measure = found.comparisons[SLUG]
    assert len(rows) == sum(len(one.scores) for one in by_measure.values())
    for row in rows:
        score = by_measure[row["measure"]].scores[row["method"]]
        assert float(row["mean"]) == pytest.approx(score.mean.value, rel=1e-8)
        assert (row["is_best"] == "true") == score.is_best
    values = _csv(pages, "values-insertion")
    assert [row["image"] for row in values] == [f"image{i}" for i in range(N)]
    for row, summary in zip(values, found.summaries, strict=True):
        for name in comparing.QUALITY:
            assert float(row[name]) == pytest.approx(summary.values[name]["insertion"], rel=1e-8)


def test_ranks_are_drawn_for_every_measure_with_enough_images(pages: Path, found: SetSummary) -> None:
    text = _text(pages, "results.md")
    ranked = {name for name, one in found.comparisons[SLUG].items() if one.ranking}
    assert ranked == {card.name for card in comparing.measure_cards()} - {"grid_pointing_game"}
    for name in ranked:
        assert text.count(f'id="ranks-{SLUG}-{name}-') >= 1
        assert f'id="ranks-{SLUG}-{name}-' in _text(pages, f"q/{name}.md")


def test_methods_that_ranks_do_not_tell_apart_share_a_letter(pages: Path, found: SetSummary) -> None:
    compared = found.comparisons[SLUG]["insertion"]
    table = _tables(_text(pages, "q/insertion.md"))[0]
    letters = {}
    for row in re.findall(r"<tr><th scope=\"row\">.*?</tr>", table, re.DOTALL):
        name = re.search(r"m/(\w+)\.html", row)
        assert name
        letters[name[1]] = set(re.findall(r"<td[^>]*>(.*?)</td>", row)[2]) - {"\N{EN DASH}"}
    for one in letters:
        for other in letters:
            shares = any({one, other} <= set(group) for group in compared.groups)
            assert (one == other) or bool(letters[one] & letters[other]) == shares


def test_published_orders_are_looked_for(pages: Path) -> None:
    rows = {
        (row["reported_better"], row["reported_worse"], row["measure"]): row for row in _csv(pages, "orders")
    }
    assert rows["igos", "grad_cam", "insertion"]["verdict"] == "holds"
    assert rows["igos_plus_plus", "igos", "insertion"]["verdict"] in {"holds", "no evidence"}
    text = _text(pages, "results.md").partition(f"#orders-on-{SLUG}")[2]
    assert "<td>holds</td>" in text
    assert text.index("holds") < text.index("Minimal sufficient explanations")


def test_published_numbers_are_labelled_and_never_in_a_table_with_ours(pages: Path) -> None:
    numbers = {value for table in TABLES for row in table.rows for value in row.values} - {"-"}
    for file in [pages / "results.md", *pages.glob("m/*.md"), *pages.glob("q/*.md")]:
        theirs = 0
        for table in _tables(synthetic.page_text(file)):
            caption = "".join(re.findall(r"<caption>(.*?)</caption>", table, re.DOTALL))
            cells = set(re.findall(r"<td[^>]*>([^<]*)", table))
            if "as published by the authors" in caption:
                theirs += 1
                assert "not comparable with this gallery" in caption
                assert "images: " in caption
                assert "classifier: " in caption
                assert cells - {"\N{EN DASH}"} <= numbers
                assert "href=" not in table
            else:
                assert not {cell for cell in cells & numbers if len(cell) > 5}, file.name
        assert theirs == (len(TABLES) if file.name == "results.md" else theirs)
    assert "as published" in _text(pages, "m/rise.md")
    assert "as published" in _text(pages, "q/insertion.md")
    assert "as published" not in _text(pages, "m/from_outside.md")
    assert "as published" not in _text(pages, "q/brand_new.md")


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.id)
def test_published_numbers_are_labelled_in_their_files(pages: Path, table: object) -> None:
    name = f"published-{getattr(table, 'id', '')}"
    tex = _text(pages, f"results/{name}.tex")
    caption = next(line for line in tex.splitlines() if line.startswith(r"\caption"))
    for attribute in ("title", "dataset", "classifier"):
        assert escaped(getattr(table, attribute)) in caption
    assert "not comparable" in caption
    assert {row["data_set"] for row in _csv(pages, name)} == {getattr(table, "dataset", "")}


def test_hostile_titles_stay_text_in_every_latex_file_and_page(pages: Path) -> None:
    files = sorted((pages / "results").glob("*.tex"))
    assert len(files) > 20
    safe = escaped(comparing.TITLE)
    ours = [file for file in files if not file.name.startswith(("published", "method-"))]
    for file in files:
        text = file.read_text(encoding="utf-8")
        assert text.isascii(), file.name
        assert comparing.TITLE not in text
        body = text.partition(r"\begin{tabular}")[2].partition(r"\end{tabular}")[0]
        columns = len(re.match(r"\{([lr]+)\}", body)[1])  # type: ignore[index]
        for line in body.splitlines()[2:]:
            if not line.startswith(("\\toprule", "\\midrule", "\\bottomrule")):
                assert line.endswith(r" \\")
                assert len(re.findall(r"(?<!\\)&", line)) == columns - 1
        assert len(re.findall(r"(?<!\\)[{]", text)) == len(re.findall(r"(?<!\\)[}]", text))
    assert sum(safe in file.read_text(encoding="utf-8") for file in ours) >= len(ours) - 1
    for file in pages.rglob("*.md"):
        assert "<i>f</i>" not in synthetic.page_text(file).partition("\n---\n")[2]


def test_every_table_of_the_page_can_be_downloaded_twice(pages: Path) -> None:
    text = _text(pages, "results.md")
    links = set(re.findall(r'href="(results/[^"]+)"', text))
    assert all((pages / link).is_file() for link in links)
    families = {"removal", "confidence", "localisation", "soundness", "other"}
    assert {f"results/measures-{SLUG}-{slug}.tex" for slug in families} <= links
    assert {f"results/{name}.csv" for name in ("measures", "ranks", "agreement", "orders", "cost")} <= links
    assert {f"results/{name}-{SLUG}.tex" for name in ("agreement", "orders", "cost")} <= links


def test_agreement_is_drawn_and_told(pages: Path, found: SetSummary) -> None:
    text = _text(pages, "results.md")
    assert f'id="agreement-{SLUG}-' in text
    rows = _csv(pages, "agreement")
    assert len(rows) == 10
    assert float(rows[0]["correlation"]) == pytest.approx(found.agreements[SLUG].of(0, 1).value, rel=1e-8)


def test_costs_are_means_over_images(pages: Path) -> None:
    table = next(one for one in _tables(_text(pages, "results.md")) if "Forward passes" in one)
    assert table.count("<td>12</td>") == table.count("<td>3</td>") == len(comparing.QUALITY)
    assert len(_csv(pages, "cost")) == N * len(comparing.QUALITY)


def test_a_method_without_values_says_so(tmp_path: Path) -> None:
    cards = (*comparing.method_cards(), comparing.method_cards()[0].__class__("idle", "Idle", "", "", {}))
    pages = comparing.write_pages(comparing.summary_of(3, cards), tmp_path)
    assert "No measure has a value for this method." in _text(pages, "m/idle.md")
    assert "Idle" not in _text(pages, "results.md")


def test_a_set_without_images_has_a_page(tmp_path: Path) -> None:
    pages = comparing.write_pages(comparing.summary_of(0), tmp_path)
    assert "# Results over the set" in _text(pages, "results.md")
    assert "No image of this set has a value." in _text(pages, "q/insertion.md")
