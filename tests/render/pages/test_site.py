"""All pages of a small set."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from gallery.render.pages.site import render_site
from tests.render.pages import synthetic
from tests.render.pages.synthetic import folder_bytes

ROOT = Path(__file__).parents[3]
BUILD = """
import sys
from pathlib import Path
from gallery.publish.build import publish
from gallery.render.pages.site import render_site
from tests.render.pages import synthetic as s
out = Path(sys.argv[1])
some = [r for r in s.results() if r.image.id != "pair" and r.classifier.endswith("a")]
render_site(iter(some), catalogue=s.catalogue(), settings=s.settings(), failures=s.failures(),
            out=out / "pages", cache=out / "cache")
publish(out / "pages", out / "site", s.settings())
"""


def _page(built: Path, name: str) -> str:
    return synthetic.page_text(built / "pages" / name)


def test_every_kind_of_page_is_written(built: Path) -> None:
    pages = {p.relative_to(built / "pages").as_posix() for p in (built / "pages").rglob("*.md")}
    assert pages == {
        *(f"{name}.md" for name in ("index", "results", "explanations", "simulatability", "quiz")),
        *(f"{name}.md" for name in ("methods", "glossary", "cite", "about")),
        *(f"i/{name}.md" for name in ("chelsea", "espresso", "pair")),
        *(f"m/{card.name}.md" for card in synthetic.METHODS),
        *(f"q/{card.name}.md" for card in synthetic.MEASURES),
        *(f"c/{card.slug}.md" for card in synthetic.classifier_cards()),
        "s/beam.md",
    }


def test_an_image_page_offers_every_download(built: Path) -> None:
    folder = built / "pages/i/chelsea/embedded-net_a"
    names = {p.name for p in folder.iterdir()}
    for card in synthetic.METHODS:
        assert {f"{card.name}.png", f"{card.name}.svg", f"{card.name}.pdf", f"heat-{card.name}.png"} <= names
    assert {
        "sag.png",
        "sag.svg",
        "sag.pdf",
        "sag.dot",
        "sag.json",
        "heatmaps.npz",
        "explanations.json",
        "input.npy",
        "baseline.npy",
    } <= names
    text = _page(built, "i/chelsea.md")
    for name in names - {"thumb.webp"}:
        assert f'"../i/chelsea/embedded-net_a/{name}"' in text
    at = [text.index(f'"../i/chelsea/embedded-net_a/sag.{kind}"') for kind in ("png", "svg", "pdf", "dot")]
    assert at == sorted(at)


def test_an_image_without_mse_says_so_and_has_no_graph(built: Path) -> None:
    text = _page(built, "i/espresso.md")
    assert "No sufficient patch set was found" in text
    assert 'class="sag"' not in text
    assert "Structured attention graph {" not in text


def test_anchors_of_the_second_classifier_are_prefixed(built: Path) -> None:
    text = _page(built, "i/chelsea.md")
    assert text.count('id="fig-rise"') == 1
    assert text.count('id="embedded-net_b-fig-rise"') == 1


def test_alternative_texts_are_made_from_the_numbers(built: Path) -> None:
    text = _page(built, "i/chelsea.md")
    assert re.search(
        r'alt="Grad-CAM heatmap for tabby cat \(p = 0\.\d{3}\): half of the attribution lies in \d+ of 49',
        text,
    )
    assert re.search(r'alt="Chelsea the cat with only \d+ patches of 49 kept', text)


def test_level_curves_are_left_to_the_table(built: Path) -> None:
    text = _page(built, "i/chelsea.md")
    assert "Deletion curves of" in text
    assert "Average drop curves of" not in text


def test_neighbours_are_linked_in_the_sets_order(built: Path) -> None:
    text = _page(built, "i/espresso.md")
    assert 'rel="prev" href="../i/chelsea.html"' in text
    assert 'rel="next" href="../i/pair.html"' in text
    assert 'rel="prev"' not in _page(built, "i/chelsea.md")


def test_a_failed_image_is_listed_with_its_reason(built: Path) -> None:
    text = _page(built, "index.md")
    assert "broken.jpg is truncated &lt;b&gt;after&lt;/b&gt; 12 bytes." in text


def test_the_best_of_an_image_is_marked_and_over_few_images_nothing_is(built: Path) -> None:
    for name in ("chelsea", "espresso", "pair"):
        text = _page(built, f"i/{name}.md")
        assert text.count('class="eg-best"') >= 2 * len(synthetic.MEASURES)
    assert 'class="eg-best"' not in _page(built, "results.md")
    assert "no method is marked as best" in _page(built, "results.md")


def test_no_wall_time_reaches_a_page(built: Path, tmp_path: Path) -> None:
    text = "".join(_page(built, f"i/{name}.md") for name in ("chelsea", "espresso", "pair"))
    assert "seconds" not in text
    assert str(tmp_path.parent) not in text


def test_hostile_texts_stay_texts(built_hostile: Path) -> None:
    for file in (built_hostile / "site").rglob("*.html"):
        text = file.read_text(encoding="utf-8")
        assert "<script>alert" not in text
        assert 'href="javascript' not in text
        assert "49 [x]" not in text
    index = (built_hostile / "site/index.html").read_text(encoding="utf-8")
    assert "{{7*7}}" in index
    assert "<script>alert" not in (built_hostile / "site/search/search_index.json").read_text(
        encoding="utf-8"
    )


def test_a_second_render_draws_and_writes_nothing(built: Path) -> None:
    pages = built / "pages"
    before = {p: p.stat().st_mtime_ns for p in pages.rglob("*") if p.is_file()}
    written: list[str] = []
    render_site(
        synthetic.results(),
        catalogue=synthetic.catalogue(),
        settings=synthetic.settings(),
        failures=synthetic.failures(),
        out=pages,
        cache=built / "cache",
        on_page=written.append,
    )
    assert {p: p.stat().st_mtime_ns for p in pages.rglob("*") if p.is_file()} == before
    assert len(written) == len(set(written)) == len(list(pages.rglob("*.md")))


@pytest.mark.parametrize("sub", ["pages", "site"])
def test_two_builds_are_the_same_byte_for_byte(two_builds: tuple[Path, Path], sub: str) -> None:
    first, second = (folder_bytes(folder / sub) for folder in two_builds)
    assert first.keys() == second.keys()
    assert [name for name in first if first[name] != second[name]] == []


@pytest.fixture(scope="module")
def two_builds(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Build part of the set in two processes with different hash seeds, in differently named folders."""
    folders = tmp_path_factory.mktemp("one"), tmp_path_factory.mktemp("another")
    running = [
        subprocess.Popen(
            [sys.executable, "-c", BUILD, str(folder)], cwd=ROOT, env=os.environ | {"PYTHONHASHSEED": seed}
        )
        for folder, seed in zip(folders, "01", strict=True)
    ]
    assert [process.wait(timeout=300) for process in running] == [0, 0]
    return folders
