"""Pages about learned concepts: what they show, and that all other pages stay as they are."""

import shutil
from pathlib import Path

import pytest

from gallery.render.pages.site import render_site
from tests.render.pages import synthetic
from tests.render.pages.synthetic import folder_bytes, page_text
from tests.render.pages.synthetic_concepts import result

PAGE = "x/embedded-net_a-1-espresso.md"


@pytest.fixture(scope="module")
def pages(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the pages of the synthetic set with concepts; what was drawn for it without is used again."""
    folder = tmp_path_factory.mktemp("concepts")
    shutil.copytree(built / "cache", folder / "cache")
    render_site(
        synthetic.results(),
        catalogue=synthetic.catalogue(),
        settings=synthetic.settings(),
        failures=synthetic.failures(),
        out=folder / "pages",
        cache=folder / "cache",
        concepts=(result(),),
    )
    return folder / "pages"


def test_only_what_has_concepts_changes(built: Path, pages: Path) -> None:
    without, having = folder_bytes(built / "pages"), folder_bytes(pages)
    changed = {name for name in having if without.get(name) != having[name]}
    new = {name for name in changed if name not in without}
    assert changed - new == {"i/espresso.md", "methods.md", "about.md"}
    assert {name for name in new if name.endswith(".md")} == {PAGE}
    assert all(name.startswith("x/") for name in new)


def test_an_image_of_the_class_shows_what_each_concept_adds(pages: Path) -> None:
    text = page_text(pages / "i/espresso.md")
    rows = text[text.index("Contributions in logits") :].split("</table>")[0]
    assert rows.count("<tr>") == 4
    assert 'x/embedded-net_a-1-espresso.html#concept-1">Concept 1</a>' in rows
    assert "--v:1.0000" in rows
    assert "+4.500" in rows
    assert "\N{MINUS SIGN}0.100" in rows
    assert "4.650 predicted; the classifier says 2.000" in text


def test_the_page_of_a_class_shows_every_concept_where_it_is_strongest(pages: Path) -> None:
    text = page_text(pages / PAGE)
    assert "# Three concepts of &#8220;espresso&#8221;" in text
    first, second, third = (text[text.index(f"#concept-{k}") :] for k in (1, 2, 3))
    assert first.index("../i/espresso.html") < first.index("../i/pair.html") < first.index("#concept-2")
    assert "../i/chelsea.html" in second[: second.index("#concept-3")]
    assert "It is 0 on every image" in third
    assert "1 concept is 0 on every image" in text
    assert "stability 0.900" in first
    for name in ("espresso-1-grad_cam", "espresso-1-occlusion", "chelsea-2-grad_cam"):
        assert (pages / f"x/embedded-net_a-1-espresso/{name}.png").is_file()
        assert f"{name}.png" in text
    assert "half of it in 25 % of the map" in text


def test_the_numbers_of_a_class_can_be_downloaded(pages: Path) -> None:
    table = (pages / "x/embedded-net_a-1-espresso/concepts.csv").read_text().splitlines()
    assert table[0].split(",")[:4] == ["image", "logit", "predicted", "feature_1"]
    assert table[2].startswith("espresso,2,4.65,3,0.2,0,4.5,-0.1,0")
    document = (pages / "x/embedded-net_a-1-espresso/training.json").read_text()
    assert '"seed"' in document
    assert "seconds" not in document


def test_the_passes_of_concepts_are_counted(pages: Path) -> None:
    """Learning took 1,000; 3 images and 6 maps of one pass each took 9, and the maps as many backward."""
    text = page_text(pages / "about.md")
    rows = {row.split("<")[0]: row for row in text.split('<th scope="row">')}
    assert "<td>1\N{NARROW NO-BREAK SPACE}000</td><td>0</td>" in rows["Learning concepts"]
    assert "<td>9</td><td>6</td>" in rows["Concepts in images"]
