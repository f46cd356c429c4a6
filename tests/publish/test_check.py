"""The checker finds what is wrong with a site, and nothing in a sound one."""

from pathlib import Path

import pytest

from gallery.publish.check import check_site
from gallery.publish.document import read_document
from gallery.publish.policy import META, policy
from gallery.publish.weight import BUDGETS, OWN_CSS, OWN_JS, TILES, Weights, page_weight

SOUND = (
    f'<html><head><meta http-equiv="{META}" content="{policy([])}"></head>'
    '<body><h1 id="top">T</h1><img src="a.png" alt="" width="1" height="1">{}</body></html>'
)


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
        '<script type="application/ld+json">{"@context": "c", "@type": "t", "a": "&lt;/script&gt;"}</script>',
        '<svg role="img"><title>A curve</title></svg><svg role="img" aria-label="Another"></svg>',
        '<style>p{filter:url(#f)}</style><p style="fill:url(#f)" id="f">x</p>',
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
        ('<iframe src="https://example.org/"></iframe>', "is loaded from elsewhere"),
        ('<svg><image href="https://example.org/x.png"/></svg>', "is loaded from elsewhere"),
        ('<p style="background:url(https://example.org/x.png)">x</p>', "is loaded from elsewhere"),
        ('<style>@import "https://example.org/x.css";</style>', "is loaded from elsewhere"),
        ("<style>p{background:url('//example.org/x.png')}</style>", "is loaded from elsewhere"),
        ('<form action="https://example.org/"></form>', "is loaded from elsewhere"),
        ('<img src="a.png" srcset="https://example.org/x.png 2x" alt="" width="1" height="1">', "elsewhere"),
        ('<p id="top">again</p>', "#top: is the id of 2 elements"),
        ('<svg><g id="a"/><g id="a"/></svg>', "#a: is the id of 2 elements"),
        ('<svg role="img"><path/></svg><title>x</title>', "is a drawing without a name"),
        ('<span role="img" aria-label=" ">x</span>', "is a drawing without a name"),
        ('<script type="application/ld+json">{"a": </script>', "is not JSON"),
        ('<script type="application/ld+json">[]</script>', "has no @context or no @type"),
        ('<script type="application/ld+json">{"@context": "https://schema.org"}</script>', "no @type"),
        ('<meta name="citation_title" content="t">', "citation_author: is missing or empty"),
        ('<meta name="citation_title" content=" ">', "citation_title: is missing or empty"),
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


def test_a_style_sheet_that_loads_from_elsewhere_is_found(tmp_path: Path) -> None:
    (tmp_path / "x.css").write_text("p{background:url( 'https://example.org/x.png' )}")
    assert any(
        "x.css: https://example.org/x.png: is loaded from elsewhere" in one for one in _site(tmp_path, "")
    )


@pytest.mark.parametrize(
    ("tag", "name", "page", "most", "message"),
    [
        ('<script src="../assets/x.js"></script>', "x.js", "i/x.html", OWN_JS, "own scripts are"),
        (
            '<link rel="stylesheet" href="../assets/x.css">',
            "x.css",
            "i/x.html",
            OWN_CSS,
            "own style sheets are",
        ),
    ],
)
def test_too_much_of_our_own_is_found(
    tmp_path: Path, tag: str, name: str, page: str, most: int, message: str
) -> None:
    assets = tmp_path / "assets"
    assets.mkdir()
    (assets / name).write_bytes(b" " * most)
    assert _site(tmp_path, tag, page) == []
    (assets / name).write_bytes(b" " * (most + 1))  # packed, it would be nothing
    assert any(message in problem for problem in _site(tmp_path, tag, page))
    (assets / "theme").mkdir()
    (assets / name).rename(assets / "theme" / name)
    assert _site(tmp_path, tag.replace("assets/", "assets/theme/"), page) == []


def test_the_index_may_weigh_more_with_more_tiles(tmp_path: Path) -> None:
    (tmp_path / "big.webp").write_bytes(bytes(BUDGETS["index.html"]))
    heavy = '<img src="big.webp" alt="" width="1" height="1">'
    tile = '<article class="eg-card"></article>'
    assert any("before scrolling" in one for one in _site(tmp_path, heavy + tile * TILES))
    assert _site(tmp_path, heavy + tile * (TILES + 10)) == []


def test_own_script_and_style_of_every_page_are_small(built: Path) -> None:
    site = built / "site"
    weights = Weights(site)
    for file in sorted(site.rglob("*.html")):
        path = file.relative_to(site).as_posix()
        page = read_document(file.read_text(encoding="utf-8"))
        assert weights.own(path, page.scripts) <= OWN_JS
        assert weights.own(path, page.styles) <= OWN_CSS
        assert path == "404.html" or weights.own(path, page.styles) > 1000  # they are found at all
