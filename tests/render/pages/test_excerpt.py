"""A page of a large set shows the first images and says where all of them are."""

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from gallery.render.pages.excerpt import MOST
from gallery.render.pages.parts import Heat
from gallery.render.pages.spill import View
from gallery.render.pages.summary import SetSummary, Summary
from tests.render.pages import comparing, synthetic

N = MOST + 7
EVERYWHERE = {
    "m/igos.md": "../index.html#method=igos",
    "q/deletion.md": "../results/values-deletion.csv",
    f"s/{synthetic.SEARCH.name}.md": "../results/images.csv",
    "c/embedded-net_a.md": "../index.html#classifier=embedded-net_a",
    "about.md": "results/digests.csv",
}


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the pages about a set with more images than a page shows."""
    few = comparing.summary_of(8)

    def one_of_many(i: int) -> Summary:
        one = few.summaries[i % 8]
        name, heat = f"image{i}", Heat("h.png", "viridis", f"map {i}", (4, 4), signed=False)
        card = replace(
            one.card, image_id=name, link=f"i/{name}.html", title=f"Image {i}", heats={"igos": heat}
        )
        return replace(
            one,
            card=card,
            image=replace(one.image, id=name),
            facts=replace(one.facts, image_id=name),
            answers=replace(one.answers, image_id=name),
        )

    many = View(range(N), one_of_many)
    found = SetSummary(many, few.catalogue, few.settings, ())
    return comparing.write_pages(found, tmp_path_factory.mktemp("many"))


@pytest.mark.parametrize(("page", "everywhere"), EVERYWHERE.items(), ids=EVERYWHERE)
def test_a_page_says_where_the_rest_is(pages: Path, page: str, everywhere: str) -> None:
    text = synthetic.page_text(pages / page)
    rows = 1 + 2 * N if page == "about.md" else N  # the classifier, and two digests of every image
    assert f"The first {MOST} of {rows} are shown." in text
    assert f'<a href="{everywhere}">' in text
    shown = [f"Image {i}" if page != "about.md" else f">image{i}<" for i in (0, MOST - 1, MOST)]
    assert shown[0] in text
    assert (shown[1] in text) == (page != "about.md")
    assert shown[2] not in text


def test_the_gallery_page_and_the_tables_hold_every_image(pages: Path) -> None:
    index = synthetic.page_text(pages / "index.md")
    assert index.count('<article class="eg-card"') == N
    assert all(f'data-id="image{i}"' in index for i in range(N))
    assert index.count('loading="lazy"') > index.count("<article") - 7
    script = (pages / "heats/igos.js").read_text(encoding="utf-8")
    assert script.count('["h.png","map ') == N
    for name, rows in {"values-deletion": N, "images": N, "digests": 1 + 2 * N}.items():
        with (pages / f"results/{name}.csv").open(encoding="utf-8", newline="") as file:
            assert len(list(csv.DictReader(file))) == rows


def test_the_table_for_papers_says_that_it_is_an_excerpt(pages: Path) -> None:
    text = (pages / "results/values-deletion.tex").read_text(encoding="utf-8")
    assert f"first {MOST} of {N} rows" in text
