"""The published site in a real browser, from ``file://``."""

import re
import shutil
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
    WebDriverWait(driver, 5).until(lambda d: len(_shown_maps(d)) == 6)
    maps = _shown_maps(driver)
    assert all("heat-rise.png" in (image.get_attribute("src") or "") for image in maps)
    assert all((image.get_attribute("alt") or "").startswith("RISE heatmap") for image in maps)
    assert "url" in _style(driver, ".eg-second .eg-heat", "filter")
    captions = driver.find_elements(By.CSS_SELECTOR, ".eg-card .eg-caption")
    assert {caption.text for caption in captions} == {"RISE"}
    _select(driver, "method", "")
    assert len(_shown_maps(driver)) == 2  # those without any MSE


def _shown_maps(driver: webdriver.Chrome) -> list[WebElement]:
    return driver.find_elements(By.CSS_SELECTOR, ".eg-second .eg-heat")


def _keys(driver: webdriver.Chrome, place: int) -> list[float]:
    """Return one sort key of every tile in the order shown."""
    keys = [(card.get_attribute("data-keys") or "").split()[place] for card in _cards(driver)]
    return [float("inf") if key == "-" else float(key) for key in keys]


@pytest.mark.parametrize(
    ("place", "name"), [(0, "disagree"), (1, "explanations"), (2, "patches"), (3, "error")]
)
def test_the_index_sorts_by_what_it_says(visit: Open, place: int, name: str) -> None:
    driver = visit(f"index.html#sort={name}")
    WebDriverWait(driver, 5).until(lambda d: _keys(d, place) == sorted(_keys(d, place)))
    assert len(_cards(driver)) == 6
    assert len(set(_keys(driver, place))) > 1
    sorted_ids = [card.get_attribute("data-id") for card in _cards(driver)]
    _select(driver, "sort", "")
    assert _hash(driver) == ""
    set_ids = [card.get_attribute("data-id") for card in _cards(driver)]
    assert set_ids == ["chelsea", "chelsea", "espresso", "espresso", "pair", "pair"]
    assert sorted(str(one) for one in sorted_ids) == set_ids


def test_the_text_search_finds_titles_classes_and_labels(visit: Open) -> None:
    driver = visit("index.html")
    field = driver.find_element(By.CSS_SELECTOR, "input[name=q]")
    field.send_keys("ESPRÉSSO cup")  # accents and capitals do not matter, every word must be there
    shown = driver.find_element(By.CSS_SELECTOR, ".eg-shown")
    WebDriverWait(driver, 5).until(lambda _: shown.text == "2 of 6 shown")
    assert {card.get_attribute("data-id") for card in _cards(driver)} == {"espresso"}
    assert shown.get_attribute("aria-live") == "polite"
    field.clear()
    field.send_keys("lynx")
    WebDriverWait(driver, 5).until(lambda d: d.find_element(By.CSS_SELECTOR, ".eg-none").is_displayed())
    assert _hash(driver) == "#q=lynx"


def test_the_surprising_cases_lead_to_their_pages(visit: Open) -> None:
    driver = visit("index.html", scripts=False)
    leads = driver.find_elements(By.CSS_SELECTOR, ".eg-leads li")
    assert 1 <= len(leads) <= 3
    assert "Predicted espresso with p = 0.892; labelled cup." in leads[0].text
    assert "i/espresso.html" in (leads[0].find_element(By.TAG_NAME, "a").get_attribute("href") or "")


def test_a_large_index_is_revealed_step_by_step(visit: Open, built: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    shutil.copytree(built / "site", site)
    page = site / "index.html"
    text = page.read_text(encoding="utf-8")
    card = re.search(r'<article class="eg-card".*?</article>', text, re.DOTALL)
    assert card
    page.write_text(text.replace(card[0], card[0] * 125, 1), encoding="utf-8")  # 130 tiles
    driver = visit("index.html", site=site)
    more = driver.find_element(By.CSS_SELECTOR, ".eg-next button")

    def shown() -> int:
        return int(driver.execute_script("return document.querySelectorAll('.eg-card:not([hidden])').length"))

    assert shown() == 60
    assert more.text == "Show 60 more of 130"
    more.send_keys(Keys.ENTER)
    assert shown() == 120
    focused = "document.activeElement.closest('.eg-card')"
    place = f"return Array.from(document.querySelectorAll('.eg-card')).indexOf({focused})"
    assert driver.execute_script(place) == 60
    more.click()
    assert shown() == 130
    assert not more.is_displayed()


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

    def fits(driver: webdriver.Chrome) -> bool:
        size: dict[str, Any] = driver.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]
        return bool(size["width"] <= 390)

    # The new width reaches the page some frames after it is set; a page that sticks out does so for good.
    WebDriverWait(driver, 10).until(fits, f"{page} is wider than a phone")


def test_tables_sort_by_click_and_by_key(visit: Open) -> None:
    driver = visit("results.html")
    table = driver.find_element(By.CSS_SELECTOR, "table[data-sort]")

    def column() -> list[float]:
        script = (
            "return Array.from(arguments[0].tBodies[0].rows, row => +row.cells[1].firstChild.textContent)"
        )
        return list(driver.execute_script(script, table))

    before, button = column(), table.find_element(By.CSS_SELECTOR, ".eg-sort")
    head = button.find_element(By.XPATH, "..")
    button.click()
    assert column() == sorted(before)
    assert head.get_attribute("aria-sort") == "ascending"
    button.send_keys(Keys.ENTER)
    assert column() == sorted(before, reverse=True)
    button.send_keys(Keys.SPACE)
    assert column() == before
    assert head.get_attribute("aria-sort") is None


def test_an_old_version_says_that_there_is_a_newer(visit: Open, built: Path, tmp_path: Path) -> None:
    newest = tmp_path / "site"
    shutil.copytree(built / "site", newest)
    (newest / "versions.js").write_text('window.galleryVersions={"newest":"2.0 <b>","older":["1.0"]}')
    shutil.copytree(built / "site", newest / "v/1.0")
    driver = visit("v/1.0/i/chelsea.html", site=newest)
    note = WebDriverWait(driver, 5).until(lambda d: d.find_element(By.CSS_SELECTOR, ".eg-old"))
    assert note.text == "This is version 1.0 of the gallery. There is a newer one: version 2.0 <b>."
    assert note.find_element(By.TAG_NAME, "a").get_attribute("href") == f"file://{newest}/index.html"
    visit("i/chelsea.html", site=newest)
    assert not driver.find_elements(By.CSS_SELECTOR, ".eg-old")


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
