"""axe-core finds nothing to complain about on any type of page, at both widths, in both schemes."""

import importlib.util
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver

from gallery.publish.build import publish
from gallery.render.pages.site import render_site
from tests.render.pages import synthetic, synthetic_concepts, synthetic_generative

pytestmark = pytest.mark.browser
Open = Callable[..., webdriver.Chrome]
PAGES = (
    "index", "results", "explanations", "simulatability", "quiz", "methods", "glossary", "cite", "about",
    "i/chelsea", "i/espresso", "i/pair", "m/grad_cam", "q/deletion", "s/beam", "c/embedded-net_a",
)  # fmt: skip
MORE = "x/embedded-net_a-1-espresso", "i/espresso", "g/brick", "g/brick-latents", "g/results"
"""Pages of a set with learned concepts and autoencoders."""
RUN = "const done = arguments[0]; axe.run({preload: false, resultTypes: ['violations']}).then(done)"


@pytest.fixture(scope="module")
def axe() -> str:
    """Return the text of axe-core, as bundled with a Python package that this does not import."""
    found = importlib.util.find_spec("axe_playwright_python")
    if found is None or not found.submodule_search_locations:
        pytest.skip("needs axe-playwright-python")
    return Path(found.submodule_search_locations[0], "axe.min.js").read_text(encoding="utf-8")


def _violations(driver: webdriver.Chrome, axe: str) -> list[str]:
    """Run axe-core on the page and return what it finds, with the elements."""
    driver.execute_script(axe)
    driver.set_script_timeout(60)
    result: dict[str, Any] = driver.execute_async_script(RUN)
    return [
        f"{rule['id']}: {rule['help']}: {node['html'][:200]} ({node.get('failureSummary', '')[:200]})"
        for rule in result["violations"]
        for node in rule["nodes"][:3]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("page", PAGES)
def test_no_violations(visit: Open, axe: str, page: str, width: int, scheme: str) -> None:
    driver = visit(f"{page}.html", width=width, scheme=scheme)
    assert _violations(driver, axe) == []


@pytest.fixture(scope="module")
def site_with_more(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the site of the synthetic set with concepts and autoencoders."""
    folder = tmp_path_factory.mktemp("more")
    shutil.copytree(built / "cache", folder / "cache")
    settings = synthetic.settings()
    render_site(
        synthetic.results(),
        catalogue=synthetic.catalogue(),
        settings=settings,
        failures=synthetic.failures(),
        out=folder / "pages",
        cache=folder / "cache",
        concepts=(synthetic_concepts.result(),),
        generative=synthetic_generative.generative(),
    )
    publish(folder / "pages", folder / "site", settings)
    return folder / "site"


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
@pytest.mark.parametrize("page", MORE)
def test_no_violations_about_concepts_and_autoencoders(
    visit: Open, axe: str, site_with_more: Path, page: str, width: int, scheme: str
) -> None:
    driver = visit(f"{page}.html", width=width, scheme=scheme, site=site_with_more)
    assert _violations(driver, axe) == []


def test_axe_finds_what_is_planted(visit: Open, axe: str) -> None:
    driver = visit("glossary.html")
    driver.execute_script("document.querySelector('h1').insertAdjacentHTML('afterend', '<img src=x.png>')")
    assert any(found.startswith("image-alt") for found in _violations(driver, axe))
    log: Any = driver
    log.get_log("browser")  # the planted picture does not exist
