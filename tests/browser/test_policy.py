"""The security policy in a real browser, over ``file://`` and http: it bites, and the site still works."""

from collections.abc import Callable
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

pytestmark = pytest.mark.browser
Open = Callable[..., webdriver.Chrome]
OVER = ("file", "http")
PAGES = (
    "index.html", "results.html", "explanations.html", "simulatability.html", "quiz.html", "methods.html",
    "glossary.html", "cite.html", "about.html", "slides/index.html", "i/chelsea.html",
    "m/grad_cam.html", "q/deletion.html", "s/beam.html", "c/embedded-net_a.html",
)  # fmt: skip


def _log(driver: webdriver.Chrome) -> list[str]:
    log: Any = driver
    return [entry["message"] for entry in log.get_log("browser")]


def test_no_page_type_violates_its_own_policy(visit: Open) -> None:
    for page in PAGES:  # over http; all other browser tests see that the console is silent on file://
        driver = visit(page, over="http")
        assert [line for line in _log(driver) if "Content Security Policy" in line] == [], page


@pytest.mark.parametrize("over", OVER)
def test_the_search_finds_a_page(visit: Open, over: str) -> None:
    driver = visit("index.html", over=over)
    driver.execute_script("document.querySelector('#__search').click()")
    field = driver.find_element(By.CSS_SELECTOR, ".md-search__input")
    field.send_keys("grad")
    found = "return document.querySelectorAll('.md-search-result__item a').length"
    WebDriverWait(driver, 15).until(lambda d: d.execute_script(found) > 0)


@pytest.mark.parametrize("over", OVER)
def test_the_palette_is_kept_from_page_to_page(visit: Open, over: str) -> None:
    driver = visit("index.html", over=over)
    scheme = "return document.body.getAttribute('data-md-color-scheme')"
    driver.execute_script("document.querySelector('input#__palette_2').click()")
    WebDriverWait(driver, 5).until(lambda d: d.execute_script(scheme) == "slate")
    visit("glossary.html", over=over)  # its first inline script reads the choice
    assert driver.execute_script(scheme) == "slate"
    driver.execute_script("localStorage.clear()")


@pytest.mark.parametrize("over", OVER)
def test_code_that_gets_into_a_page_does_not_run(visit: Open, over: str) -> None:
    driver = visit("i/chelsea.html", over=over)
    driver.execute_script(
        """
        const add = (name, facts) => document.body.append(Object.assign(document.createElement(name), facts));
        add("script", {textContent: "window.hacked = 'inline'"});
        add("script", {src: "https://example.org/x.js"});
        document.body.insertAdjacentHTML("beforeend", "<img src=x onerror=\\"hacked='handler'\\">");
        add("img", {src: "https://example.org/beacon.png"});
        setTimeout(() => {  // later, because the driver's own code may evaluate
          try { window.eval("window.hacked = 'eval'"); } catch (error) { window.refused = error.name; }
        });
        """
    )
    logged: list[str] = []

    def all_refused(driver: webdriver.Chrome) -> bool:
        logged.extend(line for line in _log(driver) if "Content Security Policy" in line)
        return len(logged) >= 4 and bool(driver.execute_script("return window.refused || window.hacked"))

    WebDriverWait(driver, 5).until(all_refused)
    assert driver.execute_script("return [window.hacked ?? null, window.refused]") == [None, "EvalError"]
    assert any("example.org/x.js" in line for line in logged)
    assert any("example.org/beacon.png" in line for line in logged)
