"""What an image page brings along so that its graph can be explored and patch sets tried."""

import json
import re
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from gallery.records import ImageResult
from gallery.render.pages.site import render_site
from tests.render.pages import synthetic

FOLDER = "i/chelsea/embedded-net_a"


@pytest.fixture(scope="module")
def page(built: Path) -> str:
    return synthetic.page_text(built / "pages/i/chelsea.md")


def first() -> ImageResult:
    return next(synthetic.results())


def render(result: ImageResult, folder: Path) -> str:
    """Return the page of one result, rendered alone."""
    render_site(
        [result],
        catalogue=synthetic.catalogue(),
        settings=synthetic.settings(),
        failures=(),
        out=folder / "pages",
        cache=folder / "cache",
    )
    return synthetic.page_text(folder / "pages/i/chelsea.md")


def attributes(page: str, mark: str) -> dict[str, str]:
    """Return the data-* attributes of the first element with ``mark`` in its tag."""
    tag = re.search(rf"<[^>]*{re.escape(mark)}[^>]*>", page)
    assert tag is not None
    return dict(re.findall(r'data-([a-z]+)="([^"]*)"', tag[0]))


def stored(built: Path) -> dict[int, float]:
    text = (built / "pages" / FOLDER / "what-if.js").read_text("utf-8")
    data: dict[str, Any] = json.loads(text.partition("]=")[2].removesuffix(";\n"))
    assert data["n"] == 49
    pieces = re.findall(r"(.{13})(.{3})", data["sets"])
    return {int(mask, 16): int(p, 36) / 1e4 for mask, p in pieces}


def test_the_page_gives_the_script_its_facts(page: str) -> None:
    result = first()
    for mark in ('data-eg="explore"', 'class="eg-what-if"'):
        facts = attributes(page, mark)
        assert (facts["rows"], facts["cols"], facts["cells"]) == ("7", "7", "49")
        assert float(facts["full"]) == pytest.approx(result.prediction.p_full)
        assert float(facts["threshold"]) == pytest.approx(result.search.threshold)
        assert (facts["prefix"], facts["key"], facts["src"]) == ("", FOLDER, f"../{FOLDER}/what-if.js")
        assert facts["assets"] == "../assets/"


def test_controls_are_hidden_until_the_script_reveals_them(page: str) -> None:
    for mark in ('class="eg-node"', 'class="eg-what-if"', 'class="eg-controls eg-zoom"'):
        tags = re.findall(rf"<[^>]*{re.escape(mark)}[^>]*>", page)
        assert tags
        assert all(tag.endswith(" hidden>") for tag in tags)


def test_the_sets_are_those_of_the_record(built: Path) -> None:
    result = first()
    assert result.what_if is not None
    sets = stored(built)
    assert list(sets) == list(result.what_if.sets)
    assert list(sets.values()) == pytest.approx(list(result.what_if.sets.values()), abs=0.51e-4)
    lines = (built / "pages" / FOLDER / "what-if.csv").read_text("utf-8").splitlines()
    assert len(lines) == 1 + len(sets)


def test_every_explanation_can_be_loaded(page: str) -> None:
    options = re.findall(r'<option value="([0-9a-f]+)">(MSE \d+)</option>', page.partition("eg-what-if")[2])
    mses = first().search.mses
    assert options[: len(mses)] == [(f"{mse.mask:x}", f"MSE {i}") for i, mse in enumerate(mses, 1)]


def test_each_line_of_the_list_links_to_its_node_in_the_drawing(page: str) -> None:
    drawn = set(re.findall(r'<g id="(graph-n[0-9a-f]+)" class="sag-node', page))
    outline = page.partition("The graph as text")[2].partition("</details>")[0]
    linked = re.findall(r'<a href="#(graph-n[0-9a-f]+)">', outline)
    assert set(linked) == drawn
    assert len(linked) == outline.count("<li>")


def test_the_second_classifier_has_names_of_its_own(page: str) -> None:
    prefixes = re.findall(r'data-eg="explore" data-prefix="([^"]*)"', page)
    assert prefixes == ["", "embedded-net_b-"]
    assert re.findall(r'class="eg-what-if" data-prefix="([^"]*)"', page) == prefixes
    drawn = set(re.findall(r'<g id="(embedded-net_b-graph-n[0-9a-f]+)" class="sag-node', page))
    assert set(re.findall(r'href="#(embedded-net_b-graph-n[0-9a-f]+)"', page)) == drawn


def test_an_image_without_explanations_still_has_sets_to_try(built: Path) -> None:
    page = synthetic.page_text(built / "pages/i/espresso.md")
    assert 'data-eg="explore"' not in page
    assert 'class="eg-what-if"' in page
    assert "<optgroup" not in page


def test_what_was_left_out_is_told_and_results_without_sets_have_no_such_part(tmp_path: Path) -> None:
    result = first()
    assert result.what_if is not None
    n = len(result.what_if.masks)
    short = replace(result.what_if, n_known=n + 7, note="9 further sets were left out (max_forwards = 1).")
    page = unescape(render(replace(result, what_if=short), tmp_path / "short"))
    assert "9 further sets were left out (max_forwards = 1)." in page
    assert f"{n + 7} sets were scored; {n} of them are listed." in page
    assert "57 for further sets to try" in page
    older = render(replace(result, what_if=None), tmp_path / "older")
    assert "eg-what-if" not in older
    assert "further sets to try" not in older
    assert attributes(older, 'data-eg="explore"')["src"] == ""
    assert not (tmp_path / "older/pages" / FOLDER / "what-if.js").exists()


def test_hostile_texts_reach_no_attribute_and_no_script(built_hostile: Path) -> None:
    page = synthetic.page_text(built_hostile / "pages/i/chelsea.md")
    assert attributes(page, 'class="eg-what-if"')["key"] == FOLDER
    assert "alert" not in (built_hostile / "pages" / FOLDER / "what-if.js").read_text("utf-8")
    panel = page.partition('class="eg-node"')[2].partition("</aside>")[0]
    assert "<script" not in panel
