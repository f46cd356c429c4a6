"""The published site in a real browser, from ``file://``."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait

pytestmark = pytest.mark.browser
Open = Callable[..., webdriver.Chrome]


def _cards(driver: webdriver.Chrome) -> list[WebElement]:
    return [card for card in driver.find_elements(By.CSS_SELECTOR, ".eg-card") if card.is_displayed()]


def _select(driver: webdriver.Chrome, name: str, value: str) -> None:
    Select(driver.find_element(By.CSS_SELECTOR, f"select[name={name}]")).select_by_value(value)


def _hash(driver: webdriver.Chrome) -> str:
    return str(driver.execute_script("return location.hash"))


def _style(driver: webdriver.Chrome, selector: str, name: str) -> str:
    script = "return getComputedStyle(document.querySelector(arguments[0]))[arguments[1]]"
    return str(driver.execute_script(script, selector, name))


def test_the_index_filters_and_keeps_the_choice_in_the_address(visit: Open) -> None:
    driver = visit("index.html")
    assert len(_cards(driver)) == 6
    _select(driver, "verdict", "wrong")
    assert [card.find_element(By.TAG_NAME, "h2").text for card in _cards(driver)] == ["A cup of espresso"] * 2
    _select(driver, "classifier", "embedded-net_b")
    assert len(_cards(driver)) == 1
    assert _hash(driver) == "#classifier=embedded-net_b&verdict=wrong"
    address = driver.current_url
    visit("index.html" + address.partition("index.html")[2])
    assert len(_cards(driver)) == 1
    assert driver.find_element(By.CSS_SELECTOR, ".eg-shown").text == "1 of 6 shown"
    driver.find_element(By.CSS_SELECTOR, ".eg-controls button[type=reset]").click()
    WebDriverWait(driver, 5).until(lambda d: len(_cards(d)) == 6)
    assert _hash(driver) == ""


def test_choosing_a_method_shows_its_heatmap_on_every_tile(visit: Open) -> None:
    driver = visit("index.html")
    _select(driver, "method", "rise")
    maps = driver.find_elements(By.CSS_SELECTOR, ".eg-second .eg-heat")
    assert len(maps) == 6
    assert all("heat-rise.png" in (image.get_attribute("src") or "") for image in maps)
    assert all((image.get_attribute("alt") or "").startswith("RISE heatmap") for image in maps)
    assert "url" in _style(driver, ".eg-second .eg-heat", "filter")
    _select(driver, "method", "")
    assert len(driver.find_elements(By.CSS_SELECTOR, ".eg-second .eg-heat")) == 2  # those without any MSE


def test_an_impossible_filter_says_that_nothing_matches(visit: Open) -> None:
    driver = visit("index.html#class=tabby+cat&verdict=wrong")
    assert _cards(driver) == []
    assert driver.find_element(By.CSS_SELECTOR, ".eg-none").is_displayed()


def test_colours_opacity_and_resolution_switch_live(visit: Open) -> None:
    driver = visit("i/chelsea.html")
    assert "#cm-cividis" in _style(driver, "#fig-rise .eg-heat", "filter")
    _select(driver, "c", "turbo")
    assert "#cm-turbo" in _style(driver, "#fig-rise .eg-heat", "filter")
    assert "#cm-blue-orange" in _style(driver, "#fig-gradient .eg-heat", "filter")
    driver.find_element(By.CSS_SELECTOR, "input[name=r]").click()
    assert _style(driver, "#fig-rise .eg-heat", "imageRendering") == "pixelated"
    driver.find_element(By.CSS_SELECTOR, "input[name=o]").send_keys(Keys.HOME)
    assert _style(driver, "#fig-rise .eg-heat", "opacity") == "0"
    assert _hash(driver) == "#c=turbo&o=0&r=1"
    visit("i/chelsea.html#c=viridis&o=35")
    assert "#cm-viridis" in _style(driver, "#embedded-net_b-fig-rise .eg-heat", "filter")
    assert _style(driver, "#fig-rise .eg-heat", "opacity") == "0.35"


def test_a_heatmap_is_really_coloured(visit: Open) -> None:
    driver = visit("i/chelsea.html#o=100")
    image = driver.find_element(By.CSS_SELECTOR, "#fig-grad_cam .eg-heat")
    driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", image)
    WebDriverWait(driver, 5).until(lambda d: d.execute_script("return arguments[0].complete", image))
    assert driver.execute_script("return arguments[0].naturalWidth", image) == 7
    assert len(set(_pixels(image))) > 50
    # Cividis runs from dark blue to yellow: blue is above red in the dark, below it in the bright.
    red, _, blue = max(_pixels(image), key=sum)
    assert red > blue + 60


def _pixels(element: WebElement) -> list[tuple[int, int, int]]:
    with Image.open(BytesIO(element.screenshot_as_png)) as image:
        small = image.convert("RGB").resize((32, 32))
        return [small.getpixel((x, y)) for x in range(32) for y in range(32)]  # type: ignore[misc]


def test_the_graph_zooms_by_button_and_keyboard(visit: Open) -> None:
    driver = visit("i/chelsea.html")

    def width() -> float:
        return float(
            driver.execute_script("return document.querySelector('.sag').getBoundingClientRect().width")
        )

    driver.find_element(By.CSS_SELECTOR, "[data-zoom=full]").click()
    full = width()
    assert full == pytest.approx(
        float(driver.find_element(By.CSS_SELECTOR, ".eg-canvas").get_attribute("data-width") or 0)
    )
    driver.find_element(By.CSS_SELECTOR, "[data-zoom=in]").click()
    assert width() == pytest.approx(full * 1.25, rel=0.01)
    canvas = driver.find_element(By.CSS_SELECTOR, ".eg-canvas")
    canvas.send_keys("-")
    canvas.send_keys("-")
    assert width() == pytest.approx(full / 1.25, rel=0.01)
    canvas.send_keys("0")
    assert width() <= float(driver.execute_script("return arguments[0].clientWidth", canvas))


def test_search_answers_on_file(visit: Open) -> None:
    driver = visit("index.html")
    driver.find_element(By.CSS_SELECTOR, ".md-search__input").send_keys("chelsea")
    found = WebDriverWait(driver, 15).until(
        lambda d: [
            e
            for e in d.find_elements(By.CSS_SELECTOR, ".md-search-result__link")
            if "chelsea" in (e.get_attribute("href") or "")
        ]
    )
    assert "i/chelsea.html" in (found[0].get_attribute("href") or "")
    text = driver.find_element(By.CSS_SELECTOR, ".md-search-result__list").text
    assert "True resolution" not in text


def test_search_results_do_not_run_hostile_titles(visit: Open, built_hostile: Path) -> None:
    driver = visit("index.html", site=built_hostile / "site")
    driver.find_element(By.CSS_SELECTOR, ".md-search__input").send_keys("tabby")
    WebDriverWait(driver, 15).until(lambda d: d.find_elements(By.CSS_SELECTOR, ".md-search-result__link"))
    script = "return Array.from(document.scripts).filter(s => s.text.trim().startsWith('alert')).length"
    assert driver.execute_script(script) == 0


@pytest.mark.parametrize(
    "page",
    ["index", "results", "explanations", "simulatability", "quiz", "methods", "glossary", "cite", "about",
     "i/chelsea", "i/espresso", "m/grad_cam", "q/deletion", "s/beam", "c/embedded-net_a"],
)  # fmt: skip
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_nothing_sticks_out_on_a_phone(visit: Open, page: str, *, scripts: bool) -> None:
    driver = visit(f"{page}.html", width=390, scripts=scripts)
    size: dict[str, Any] = driver.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]
    assert size["width"] <= 390


def test_everything_reads_without_scripts(visit: Open) -> None:
    driver = visit("index.html", scripts=False)
    assert len(_cards(driver)) == 6
    assert not any(form.is_displayed() for form in driver.find_elements(By.CSS_SELECTOR, ".eg-controls"))
    visit("i/chelsea.html", scripts=False)
    assert not any(form.is_displayed() for form in driver.find_elements(By.CSS_SELECTOR, ".eg-controls"))
    for selector in ("#fig-rise .eg-heat", ".eg-top", "#mse-1", ".sag", ".eg-outline summary", ".eg-table"):
        assert driver.find_element(By.CSS_SELECTOR, selector).is_displayed()


def test_a_link_into_closed_details_opens_them(visit: Open) -> None:
    driver = visit("i/chelsea.html#mse-8")
    WebDriverWait(driver, 5).until(lambda d: d.find_element(By.ID, "mse-8").is_displayed())
