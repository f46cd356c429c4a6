"""The pages of statistics over the set."""

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest

from gallery.render.pages.environment import make_environment
from gallery.render.pages.parts import Card
from gallery.render.pages.set_charts import interval_text, round_ticks, signed_ticks
from gallery.render.pages.simulatability_page import protocol
from gallery.render.pages.site import render_site
from gallery.survey.bootstrap import Interval
from gallery.survey.published import TABLES
from gallery.templates import templates_folder
from tests.render.pages import synthetic


def _page(built: Path, name: str) -> str:
    file = built / "pages" / name
    return synthetic.page_text(file) if file.suffix == ".md" else file.read_text(encoding="utf-8")


def _table(built: Path, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(_page(built, f"results/{name}.csv"))))


@pytest.mark.parametrize(
    ("interval", "text"),
    [
        (Interval(0.625, 0.5, 0.75, 9), "0.62 (0.50 to 0.75)"),
        (Interval(0.5, None, None, 1), "0.50"),
        (Interval(None, None, None, 0), "–"),  # noqa: RUF001
    ],
)
def test_an_interval_is_printed_as_far_as_it_is_known(interval: Interval, text: str) -> None:
    assert interval_text(interval) == text


def test_signs_are_printed_and_there_is_no_minus_zero() -> None:
    text = interval_text(Interval(-0.001, -0.25, 0.25, 9), signed=True)
    assert text == "+0.00 (\N{MINUS SIGN}0.25 to +0.25)"


@pytest.mark.parametrize("reach", [0.0, 0.4, 1.0, 3.7, 9.0, 12.0, 480.0])
def test_round_ticks_reach_far_enough_and_are_few(reach: float) -> None:
    ticks = round_ticks(reach)
    assert ticks[0] == 0
    assert ticks[-1] >= reach
    assert 4 <= len(ticks) <= 6


def test_signed_ticks_lie_evenly_about_zero() -> None:
    assert signed_ticks(0.31) == (-0.4, -0.2, 0.0, 0.2, 0.4)
    assert signed_ticks(0.0)[-1] == 0.1
    assert signed_ticks(0.93)[0] == -1.0


def test_the_curve_on_the_page_is_the_one_in_the_table(built: Path) -> None:
    text = _page(built, "explanations.md")
    assert text.count("<svg") == 3
    for row in _table(built, "shares"):
        if row["classifier"].endswith("net_a"):
            shown = interval_text(Interval(float(row["share"]), float(row["low"]), float(row["high"]), 3))
            assert re.search(rf'<th scope="row">{row["n_patches"]}</th><td>{re.escape(shown)}</td>', text)


def test_how_far_numbers_are_certified_is_said_for_each_classifier(built: Path) -> None:
    text = _page(built, "explanations.md")
    assert (
        "Net A: not every search is exhaustive, so shares and numbers of explanations are lower bounds"
        in text
    )
    assert "Net B: the curve is exact up to 3 patches and a lower bound beyond" in text


def test_every_table_behind_the_plots_is_linked(built: Path) -> None:
    plotted = {"explanations", "images", "shares", "counts", "means", "accuracy", "questions"}
    compared = {"measures", "agreement", "cost", *(f"published-{table.id}" for table in TABLES)}
    values = {f"values-{card.name}" for card in synthetic.MEASURES}
    empty = {"ranks", "orders"}  # three images are not ranked, and no method here has a published rival
    names = plotted | compared | values | empty | {"digests"}
    assert {p.stem for p in (built / "pages/results").glob("*.csv")} == names
    assert all(bool(_table(built, name)) == (name not in empty) for name in names)
    text = "".join(
        _page(built, f"{name}.md") for name in ("explanations", "simulatability", "results", "about")
    )
    for name in names - values:
        assert f'href="results/{name}.csv"' in text
    for card in synthetic.MEASURES:
        assert f'href="../results/values-{card.name}.csv"' in _page(built, f"q/{card.name}.md")


def test_the_benchmark_says_what_it_is_not_and_that_answers_cannot_be_looked_up(built: Path) -> None:
    text = _page(built, "simulatability.md")
    assert "<strong>Not a human study.</strong>" in text
    assert "No set asked about is a node of the attention graph or a minimal sufficient explanation" in text


def test_every_answerer_stands_in_the_table_with_its_interval(built: Path) -> None:
    text = _page(built, "simulatability.md")
    rows = [row for row in _table(built, "accuracy") if row["kind"] == "all"]
    assert {row["answerer"] for row in rows} == {
        *(card.name for card in synthetic.METHODS), "mses", "sag", "random"
    }  # fmt: skip
    for row in rows:
        low, high = (float(row[name]) if row[name] else None for name in ("low", "high"))
        shown = interval_text(Interval(float(row["accuracy"]), low, high, 3))
        assert f"<td>{shown}</td><td>{row['n_questions']}</td><td>{row['n_undecided']}</td>" in text


def test_the_lead_is_drawn_against_every_other_answerer_but_the_guess(built: Path) -> None:
    found = re.search(r'id="leads-embedded-net_a".*?</svg>', _page(built, "simulatability.md"), re.DOTALL)
    assert found
    assert found[0].count('class="dot"') == len(synthetic.METHODS) + 1
    assert "no difference" in found[0]


def test_the_protocol_is_the_documentation_of_the_benchmark(built: Path) -> None:
    assert protocol().startswith("**This is not a human study.**")
    text = _page(built, "simulatability.md")
    assert "<math" in text
    assert "paired difference" in text


def test_the_classifier_page_counts_what_is_right_and_lists_what_is_wrong(built: Path) -> None:
    text = _page(built, "c/embedded-net_a.md")
    assert "on 1 of 2 labelled images: 0.50 (0.09 to 0.91), 95 % interval. 1 image has no label." in text
    row = re.search(r"<tbody>(.*?)</tbody>", text, re.DOTALL)
    assert row
    assert '<th scope="row">cup</th><td>espresso</td><td>1</td>' in row[1]
    assert '<a href="../i/espresso.html">A cup of espresso</a> (p = 0.874)' in row[1]
    assert "Where the weights are published" in text
    assert "a" * 64 in text


def test_how_this_was_built_adds_up_the_passes(built: Path) -> None:
    text = _page(built, "about.md")
    results = list(synthetic.results())
    search = sum(result.search.forwards for result in results)
    heatmaps = sum(heatmap.forwards for result in results for heatmap in result.heatmaps.values())
    for title, number in (("Search", search), ("Heatmaps", heatmaps)):
        grouped = f"{number:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")
        assert f'<th scope="row">{title}</th><td>{grouped}</td>' in text
    assert "seconds" not in text
    for result in results:
        assert result.image.source_sha256 in text
        assert result.image.digest in text


def test_the_heatmaps_of_the_index_come_in_the_order_of_the_tiles(built: Path) -> None:
    script = _page(built, "heats/rise.js")
    table = json.loads(script.partition("]=")[2])
    tiles = re.findall(r'data-classifier="([^"]+)".*?data-id="([^"]+)"', _page(built, "index.md"))
    assert [row[0] for row in table] == [f"i/{name}/{slug}/heat-rise.png" for slug, name in tiles]
    assert all(row[1].startswith("RISE heatmap for ") and row[2] == 0 for row in table)
    assert all(row[2] == 1 for row in json.loads(_page(built, "heats/gradient.js").partition("]=")[2]))


def test_many_images_wait_in_closed_details() -> None:
    macros: Any = make_environment(templates_folder()).get_template("_macros.j2").module
    tile = Card(
        link="i/a.html", image_id="a", title="A", photo="p.webp", photo_size=(1, 1), second="s.webp",
        second_alt="S", second_size=(1, 1), heat=None, caption="", predicted="cat", p_predicted=0.5,
        classifier="net", classifier_title="", n_mses=1, label=None, is_right=None,
        is_composite=False, heats={},
    )  # fmt: skip
    text = str(macros.tiles("../", [tile] * 130, None))
    assert [text.count(part) for part in ("<article", "<details", "</details>")] == [130, 2, 2]
    assert text.index("<details") > text.index("<article")
    assert text[: text.index("<details")].count("<article") == 60
    assert "Images 121 to 130 of 130" in text
    assert text.count('loading="lazy"') == 2 * 126
    assert "<details" not in str(macros.tiles("../", [tile] * 60, None))


def test_an_empty_set_has_pages_that_say_so(tmp_path: Path) -> None:
    render_site(
        iter(()),
        catalogue=synthetic.catalogue(),
        settings=synthetic.settings(),
        failures=synthetic.failures(),
        out=tmp_path / "pages",
        cache=tmp_path / "cache",
    )
    assert "<svg" not in _page(tmp_path, "explanations.md")
    assert "This set has no questions" in _page(tmp_path, "simulatability.md")
    assert "This set has no questions to ask" in _page(tmp_path, "quiz.md")
