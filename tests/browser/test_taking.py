"""What readers take away: copied citations, printed pages; and the colours of the scheme they chose."""

import re
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

pytestmark = pytest.mark.browser
Open = Callable[..., webdriver.Chrome]
IMAGE = "i/chelsea.html"
_LUMINANCE = """
const channels = getComputedStyle(document.body)[arguments[0]].match(/[\\d.]+/g).slice(0, 3).map(Number);
return (0.2126 * channels[0] + 0.7152 * channels[1] + 0.0722 * channels[2]) / 255;
"""


def _luminance(driver: webdriver.Chrome, name: str) -> float:
    return float(driver.execute_script(_LUMINANCE, name))


def test_the_bibtex_entry_is_copied_whole(visit: Open, built: Path) -> None:
    driver = visit(IMAGE)
    granted = {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]}
    driver.execute_cdp_cmd("Browser.grantPermissions", granted)
    button = driver.find_element(By.CSS_SELECTOR, ".eg-copy-code button")
    button.click()
    WebDriverWait(driver, 5).until(lambda _: button.text == "Copied")
    copied = driver.execute_async_script("navigator.clipboard.readText().then(arguments[0], arguments[0])")
    (file,) = (built / "site/i/chelsea").rglob("*.bib")
    assert copied.strip() == file.read_text(encoding="utf-8").strip()
    assert copied.lstrip().startswith("@")


def test_where_the_clipboard_is_refused_the_selection_is_copied(visit: Open) -> None:
    driver = visit(IMAGE)
    refusing = "{configurable: true, value: {writeText() { throw 1; }}}"
    driver.execute_script(f"Object.defineProperty(navigator, 'clipboard', {refusing})")
    driver.find_element(By.CSS_SELECTOR, ".eg-copy-code button").click()
    selected = driver.execute_async_script(
        "const done = arguments[0]; setTimeout(() => done(getSelection().toString()), 200)"
    )
    assert selected.lstrip().startswith("@")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_follows_the_system_and_the_button(visit: Open, scheme: str) -> None:
    driver = visit(IMAGE, scheme=scheme)
    driver.execute_script("localStorage.clear()")
    driver = visit(IMAGE, scheme=scheme)
    is_dark = scheme == "dark"
    assert (_luminance(driver, "backgroundColor") < 0.2) == is_dark
    assert (_luminance(driver, "color") > 0.6) == is_dark
    toggles = driver.find_elements(By.CSS_SELECTOR, ".md-header__option label.md-header__button")
    seen = set()
    for _ in range(3):
        next(toggle for toggle in toggles if toggle.is_displayed()).click()
        seen.add(_luminance(driver, "backgroundColor") < 0.2)
        assert abs(_luminance(driver, "backgroundColor") - _luminance(driver, "color")) > 0.6
    assert seen == {True, False}
    driver.execute_script("localStorage.clear()")


def test_a_printed_page_holds_the_figures_and_no_controls(visit: Open) -> None:
    driver = visit(IMAGE)
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    driver.execute_script("dispatchEvent(new Event('beforeprint'))")  # the theme opens all details
    hidden = (
        ".md-header",
        ".md-footer",
        ".eg-controls",
        ".eg-compare",
        ".eg-files",
        ".eg-outline",
        ".eg-what-if",
    )
    for selector in hidden:
        assert not any(one.is_displayed() for one in driver.find_elements(By.CSS_SELECTOR, selector))
    assert not driver.find_elements(By.CSS_SELECTOR, "img[loading=lazy]")
    for selector in ("#fig-rise .eg-heat", "#mse-1 img", ".sag", ".highlight code"):
        assert driver.find_element(By.CSS_SELECTOR, selector).is_displayed()
    width = driver.execute_script("return document.querySelector('.sag').getBoundingClientRect().width")
    assert width <= driver.execute_script("return document.documentElement.clientWidth")
    pdf = b64decode(driver.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})["data"])
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    assert pdf.startswith(b"%PDF-")
    pages = len(re.findall(rb"/Type\s*/Page\b", pdf))
    assert 2 <= pages <= 24  # two classifiers
    assert len(re.findall(rb"/Subtype\s*/Image\b", pdf)) >= 8
