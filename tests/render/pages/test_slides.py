"""The slide deck."""

import re
from pathlib import Path

from gallery.publish.document import read_document
from gallery.render.pages.environment import make_environment
from gallery.render.pages.slides import render_deck
from gallery.templates import templates_folder
from tests.render.pages import synthetic


def _deck(folder: Path) -> str:
    return (folder / "pages/slides/index.html").read_text(encoding="utf-8")


def test_there_is_one_slide_per_image_with_its_pictures_and_its_source(built: Path) -> None:
    text = _deck(built)
    slides = re.findall(r'<section class="slide" id="([^"]+)"(.*?)</section>', text, re.DOTALL)
    assert [name for name, _ in slides] == ["chelsea", "espresso", "pair"]
    for name, slide in slides:
        has_mse = name != "espresso"
        assert slide.count('class="heat"') == (3 if has_mse else 4)
        assert ("Smallest sufficient set found" in slide) == has_mse
        assert f'href="../i/{name}.html"' in slide
        assert "Curie, Ada; The Gallery Group (2026). What the network saw, version 1.0." in slide
        assert "Stefan van der Walt, CC0-1.0" in slide
    assert "wrong: labelled cup" in slides[1][1]


def test_every_file_of_the_deck_is_in_the_site_and_nothing_comes_from_elsewhere(built: Path) -> None:
    document = read_document((built / "site/slides/index.html").read_text(encoding="utf-8"))
    assert len(document.loads) > 10
    for source, _ in document.loads:
        assert not source.startswith(("http", "/"))
        assert (built / "site/slides" / source).is_file()


def test_the_deck_is_linked(built: Path) -> None:
    assert 'href="slides/index.html"' in synthetic.page_text(built / "pages/cite.md")


def test_hostile_texts_stay_texts(built_hostile: Path) -> None:
    text = _deck(built_hostile)
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "{{7*7}}" in text


def test_a_set_without_images_has_a_deck_of_one_slide() -> None:
    environment = make_environment(templates_folder())
    text = b"".join(render_deck(environment, [], synthetic.settings(url="", date=""))).decode()
    assert text.count('class="slide') == 1
    assert "0 images" in text
