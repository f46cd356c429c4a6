"""The checker finds what is wrong with a site, and nothing in a sound one."""

from pathlib import Path

import pytest

from gallery.publish.check import BUDGETS, check_site, page_weight

SOUND = '<html><body><h1 id="top">T</h1><img src="a.png" alt="" width="1" height="1">{}</body></html>'


def _site(tmp_path: Path, extra: str, name: str = "index.html") -> list[str]:
    (tmp_path / "a.png").write_bytes(b"x")
    (tmp_path / "index.html").write_text(SOUND.format(""))
    page = tmp_path / name
    page.parent.mkdir(exist_ok=True)
    page.write_text(SOUND.format(extra).replace('"a.png"', f'"{"../" * name.count("/")}a.png"'))
    return [str(problem) for problem in check_site(tmp_path)]


@pytest.mark.parametrize(
    "extra",
    [
        '<a href="https://example.org/x">elsewhere</a>',
        '<a href="#top">up</a><a href="index.html#top">up</a><a href="">here</a>',
        '<a href="#c=turbo&amp;o=40">a view</a>',
        '<a href="mailto:a@b.c">mail</a><link rel="canonical" href="https://example.org">',
        '<script type="application/ld+json">{"a": "&lt;/script&gt;"}</script>',
        '<svg><image href="data:image/png;base64,AAAA"/></svg>',
    ],
)
def test_a_sound_page_has_no_problems(tmp_path: Path, extra: str) -> None:
    assert _site(tmp_path, extra) == []


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ('<a href="gone.html">x</a>', "gone.html: leads nowhere"),
        ('<a href="../../etc/passwd">x</a>', "leads nowhere"),
        ('<a href="#gone">x</a>', "#gone: names a place that is not on the page"),
        ('<a href="index.html#gone">x</a>', "names a place"),
        ('<a href="/index.html">x</a>', "only works on a server's root"),
        ('<a href="javascript:1">x</a>', "is a script"),
        ('<img src="gone.png" alt="" width="1" height="1">', "gone.png: leads nowhere"),
        ('<img src="a.png" width="1" height="1">', "has no alternative text"),
        ('<img src="a.png" alt="">', "has no size"),
        ('<source srcset="a.png 1x, gone.png 2x">', "gone.png: leads nowhere"),
        ('<video poster="gone.png"></video>', "gone.png: leads nowhere"),
        ('<script src="https://cdn.example.org/x.js"></script>', "is loaded from elsewhere"),
        ('<link rel="stylesheet" href="//cdn.example.org/x.css">', "is loaded from elsewhere"),
        ('<script type="application/ld+json">{"a": </script>', "is not JSON"),
        ('<meta name="citation_title" content="t">', "citation_author: is missing or empty"),
    ],
)
def test_a_problem_is_found(tmp_path: Path, extra: str, message: str) -> None:
    problems = _site(tmp_path, extra)
    assert len(problems) >= 1
    assert any(message in problem for problem in problems)


def test_a_heavy_page_is_found_but_lazy_pictures_do_not_count(tmp_path: Path) -> None:
    (tmp_path / "big.webp").write_bytes(bytes(BUDGETS["i/"] + 1))
    lazy = '<img src="../big.webp" alt="" width="1" height="1" loading="lazy">'
    assert _site(tmp_path, lazy, "i/x.html") == []
    assert "before scrolling" in _site(tmp_path, lazy.replace(' loading="lazy"', ""), "i/x.html")[0]


def test_a_site_without_index_is_a_problem(tmp_path: Path) -> None:
    assert "is missing" in str(check_site(tmp_path)[0])


def test_the_synthetic_site_is_sound_and_light(built: Path) -> None:
    site = built / "site"
    assert check_site(site) == []
    assert page_weight(site, "index.html") < BUDGETS["index.html"]
    assert page_weight(site, "quiz.html") < BUDGETS["quiz.html"]
    assert page_weight(site, "i/chelsea.html") < BUDGETS["i/"]


def test_own_script_and_style_are_small(built: Path) -> None:
    assets = built / "site/assets"
    assert (assets / "gallery.js").stat().st_size + (assets / "iframe-worker.js").stat().st_size <= 15_000
    assert (assets / "gallery.css").stat().st_size <= 14_000
    assert (assets / "quiz.js").stat().st_size <= 12_000
    assert (assets / "quiz.css").stat().st_size <= 5_000
