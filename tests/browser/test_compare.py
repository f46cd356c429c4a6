"""The comparison of heatmaps, the threshold and the slide deck in a real browser, from ``file://``."""

import re
from base64 import b64decode
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait

pytestmark = pytest.mark.browser
Open = Callable[..., webdriver.Chrome]
PAGE = "i/chelsea.html"
OTHER = "embedded-net_b-"


def _in(driver: webdriver.Chrome, selector: str, prefix: str = "") -> WebElement:
    return driver.find_element(By.CSS_SELECTOR, f".eg-compare[data-prefix='{prefix}'] {selector}")


def _pair(driver: webdriver.Chrome, prefix: str = "") -> list[str]:
    return [Select(_in(driver, f"[name={name}]", prefix)).first_selected_option.text for name in "ab"]


def _maps(driver: webdriver.Chrome, prefix: str = "") -> list[str]:
    found = driver.find_elements(By.CSS_SELECTOR, f".eg-compare[data-prefix='{prefix}'] .eg-layer .eg-heat")
    return [str(image.get_attribute("src")).rpartition("/")[2] for image in found]


def _hash(driver: webdriver.Chrome) -> str:
    return str(driver.execute_script("return location.hash"))


def _style(driver: webdriver.Chrome, element: WebElement, name: str) -> str:
    return str(driver.execute_script("return getComputedStyle(arguments[0])[arguments[1]]", element, name))


def _shot(driver: webdriver.Chrome, element: WebElement) -> NDArray[np.int64]:
    driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
    ready = "return Array.from(arguments[0].querySelectorAll('img')).every(i => i.complete && i.naturalWidth)"
    WebDriverWait(driver, 5).until(lambda d: d.execute_script(ready, element))
    with Image.open(BytesIO(element.screenshot_as_png)) as image:
        return np.asarray(image.convert("RGB"), dtype=np.int64)


def test_the_divider_moves_by_mouse_and_shows_one_map_on_each_side(visit: Open) -> None:
    driver = visit(f"{PAGE}#m=rise,gradient&o=100")
    slider, over = _in(driver, "input[type=range]"), _in(driver, ".eg-over")
    assert _maps(driver) == ["heat-rise.png", "heat-gradient.png"]
    _shot(driver, over)
    ActionChains(driver).move_to_element_with_offset(slider, over.size["width"] // 4, 0).click().perform()
    assert int(slider.get_attribute("value") or 0) == pytest.approx(75, abs=2)
    assert re.search(r"s=7\d", _hash(driver))
    ends = []
    for value in ("0", "100"):
        driver.execute_script(
            "arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('input'))", slider, value
        )
        ends.append(_shot(driver, over))
    driver.execute_script("arguments[0].value = 50; arguments[0].dispatchEvent(new Event('input'))", slider)
    half, width = _shot(driver, over), over.size["width"]
    top = slice(5, 120)  # clear of the handle
    assert np.abs(ends[0][top] - ends[1][top]).mean() > 5
    assert np.abs(half[top, 8 : width // 2 - 8] - ends[1][top, 8 : width // 2 - 8]).mean() < 1
    assert np.abs(half[top, width // 2 + 8 : -8] - ends[0][top, width // 2 + 8 : -8]).mean() < 1


def test_the_divider_moves_by_keyboard_and_says_what_it_shows(visit: Open) -> None:
    driver = visit(PAGE)
    slider = _in(driver, "input[type=range]")
    slider.send_keys(Keys.ARROW_LEFT)
    assert slider.get_attribute("value") == "49"
    assert slider.get_attribute("aria-valuetext") == "49 % Grad-CAM, 51 % RISE"
    assert slider.get_attribute("aria-label") == "Divider: Grad-CAM left of it, RISE right of it"
    slider.send_keys(Keys.HOME)
    assert _hash(driver) == "#s=0"
    assert _style(driver, slider, "outlineStyle") == "solid"


def test_maps_are_chosen_and_swapped_with_their_names_and_numbers(visit: Open) -> None:
    driver = visit(PAGE)
    Select(_in(driver, "[name=b]")).select_by_visible_text("Gradient")
    assert _hash(driver) == "#m=grad_cam,gradient"
    _in(driver, "[name=swap]").send_keys(Keys.ENTER)
    assert _pair(driver) == ["Gradient", "Grad-CAM"]
    assert _hash(driver) == "#m=gradient,grad_cam"
    one, other = driver.find_elements(By.CSS_SELECTOR, ".eg-compare[data-prefix=''] .eg-end")
    for end, name in ((one, "gradient"), (other, "grad_cam")):
        figure = driver.find_element(By.ID, f"fig-{name}")
        for selector in (".eg-name", ".eg-scale"):
            assert (
                end.find_element(By.CSS_SELECTOR, selector).text
                == figure.find_element(By.CSS_SELECTOR, selector).text
            )
    layers = driver.find_elements(By.CSS_SELECTOR, ".eg-compare[data-prefix=''] .eg-layer .eg-heat")
    assert "#cm-blue-orange" in _style(driver, layers[0], "filter")
    Select(driver.find_element(By.CSS_SELECTOR, "select[name=c]")).select_by_value("turbo")
    assert "#cm-blue-orange" in _style(driver, layers[0], "filter")
    assert "#cm-turbo" in _style(driver, layers[1], "filter")
    assert _style(driver, other.find_element(By.CSS_SELECTOR, ".eg-colourbar"), "backgroundImage").startswith(
        "linear-gradient(to right, rgb(48, 18, 59)"
    )


def test_a_view_is_restored_on_load_and_on_a_new_address(visit: Open) -> None:
    driver = visit(f"{PAGE}#m=rise,grad_cam&s=40&t=30&c=viridis")
    assert _pair(driver) == ["RISE", "Grad-CAM"]
    assert _in(driver, "input[type=range]").get_attribute("value") == "40"
    assert driver.find_element(By.NAME, "t").get_attribute("value") == "30"
    box = driver.execute_script("return document.getElementById('compare').getBoundingClientRect().top")
    assert -100 < float(box) < 900  # scrolled to
    driver.execute_script("location.hash = '#m=i_gos,rise&s=90'")
    WebDriverWait(driver, 5).until(lambda d: _pair(d) == ["I-GOS", "RISE"])
    assert _in(driver, "input[type=range]").get_attribute("value") == "90"
    assert driver.find_element(By.NAME, "t").get_attribute("value") == "100"
    driver.execute_script("location.hash = '#m=nonsense,<b>&s=-4&t=7000&o=x'")
    WebDriverWait(driver, 5).until(lambda d: _pair(d) == ["Grad-CAM", "RISE"])
    assert _in(driver, "input[type=range]").get_attribute("value") == "50"
    assert driver.find_element(By.NAME, "o").get_attribute("value") == "60"


def test_each_classifier_of_a_page_has_a_comparison_of_its_own(visit: Open) -> None:
    driver = visit(f"{PAGE}#{OTHER}m=rise,gradient&{OTHER}s=10")
    assert _pair(driver) == ["Grad-CAM", "RISE"]
    assert _pair(driver, OTHER) == ["RISE", "Gradient"]
    sources = driver.find_elements(By.CSS_SELECTOR, f"#{OTHER}compare .eg-heat")
    assert all("embedded-net_b" in str(image.get_attribute("src")) for image in sources)
    Select(_in(driver, "[name=a]")).select_by_visible_text("I-GOS")
    assert _hash(driver) == f"#{OTHER}m=rise,gradient&{OTHER}s=10&m=i_gos,rise"
    driver.find_elements(By.NAME, "t")[0].send_keys(Keys.ARROW_LEFT)
    assert {field.get_attribute("value") for field in driver.find_elements(By.NAME, "t")} == {"95"}


@pytest.mark.parametrize("name", ["grad_cam", "rise", "gradient"])
@pytest.mark.parametrize("share", [10, 50])
def test_the_threshold_keeps_the_share_of_highest_values(visit: Open, name: str, share: int) -> None:
    driver = visit(f"{PAGE}#o=100&t={share}")
    figure = driver.find_element(By.ID, f"fig-{name}")
    stack = figure.find_element(By.CSS_SELECTOR, ".eg-stack")
    cut = _shot(driver, stack)
    driver.execute_script("location.hash = '#o=0'")
    WebDriverWait(driver, 5).until(
        lambda d: _style(d, stack.find_element(By.CSS_SELECTOR, ".eg-heat"), "opacity") == "0"
    )
    photo = _shot(driver, stack)
    driver.execute_script("location.hash = '#o=100'")
    WebDriverWait(driver, 5).until(
        lambda d: _style(d, stack.find_element(By.CSS_SELECTOR, ".eg-heat"), "opacity") == "1"
    )
    whole = _shot(driver, stack)
    shown = np.abs(cut - whole).sum(axis=2) < np.abs(cut - photo).sum(axis=2)
    # The browser enlarges maps in 8 bits and by a kernel of its own, so that the area is not exactly that.
    assert shown.mean() == pytest.approx(share / 100, abs=0.03 if name != "gradient" else 0.08)
    # Every pixel is either the photograph or the map as it was: the colours of what is kept do not change.
    nearest = np.minimum(np.abs(cut - whole).sum(axis=2), np.abs(cut - photo).sum(axis=2))
    assert np.quantile(nearest, 0.97) <= 6


def test_the_threshold_acts_on_the_comparison_and_says_so(visit: Open) -> None:
    driver = visit(f"{PAGE}#m=rise,gradient")
    field = driver.find_element(By.NAME, "t")
    for _ in range(14):
        field.send_keys(Keys.ARROW_LEFT)
    assert field.get_attribute("aria-valuetext") == "highest 30 % of values"
    assert field.find_element(By.XPATH, "following-sibling::output").text == "30 %"
    assert _hash(driver) == "#m=rise,gradient&t=30"
    for image in driver.find_elements(By.CSS_SELECTOR, ".eg-compare[data-prefix=''] .eg-layer .eg-heat"):
        assert re.search(r"#cut-\d+.*#cm-", _style(driver, image, "filter"))
    field.send_keys(Keys.END)
    assert _hash(driver) == "#m=rise,gradient"
    assert "cut" not in _style(driver, driver.find_element(By.CSS_SELECTOR, "#fig-rise .eg-heat"), "filter")


def test_the_link_to_a_view_is_copied_or_can_be_selected(visit: Open) -> None:
    driver = visit(PAGE)
    script = "navigator.clipboard.writeText = text => { window.copied = text; return Promise.%s }"
    driver.execute_script(script % "resolve()")
    said = _in(driver, ".eg-copy output")
    _in(driver, ".eg-copy button").click()
    WebDriverWait(driver, 5).until(lambda _: said.text == "Copied.")
    copied = str(driver.execute_script("return window.copied"))
    assert copied.endswith(f"{PAGE}#m=grad_cam,rise&s=50")  # also what is shown without being asked for
    driver.execute_script(script % "reject(new Error())")
    _in(driver, ".eg-copy button").click()
    field = _in(driver, ".eg-copy input")
    WebDriverWait(driver, 5).until(lambda _: field.is_displayed())
    assert field.get_attribute("value") == copied
    assert driver.switch_to.active_element == field
    assert driver.execute_script(
        "return getSelection().toString() || document.activeElement.selectionEnd"
    ) in {copied, len(copied)}
    assert said.text == "Copy this address:"
    Select(_in(driver, "[name=a]")).select_by_visible_text("I-GOS")
    assert not field.is_displayed()


def test_without_scripts_there_is_no_comparison_and_no_control(visit: Open) -> None:
    driver = visit(PAGE, scripts=False)
    for selector in (".eg-compare", "form[data-eg=heat]"):
        assert not any(box.is_displayed() for box in driver.find_elements(By.CSS_SELECTOR, selector))
    assert driver.find_element(By.CSS_SELECTOR, "#fig-rise .eg-heat").is_displayed()


@pytest.mark.parametrize("width", [390, 1440])
def test_the_comparison_fits_the_window_and_can_be_touched(visit: Open, width: int) -> None:
    driver = visit(f"{PAGE}#m=rise,grad_cam", width=width)
    for element in driver.find_elements(By.CSS_SELECTOR, ".eg-compare[data-prefix=''] *"):
        if element.is_displayed():
            assert element.rect["x"] >= 0
            assert element.rect["x"] + element.rect["width"] <= width + 1
    for control in driver.find_elements(By.CSS_SELECTOR, ".eg-compare[data-prefix=''] :is(button,select)"):
        assert control.rect["height"] >= 24
    layout: dict[str, Any] = driver.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]
    assert layout["width"] <= width


def test_an_image_page_loads_its_scripts_and_hostile_names_run_nothing(
    visit: Open, built_hostile: Path
) -> None:
    driver = visit(f"{PAGE}#m=rise,gradient", site=built_hostile / "site")
    assert _pair(driver) == ["RISE", "Gradient"]
    script = "return Array.from(document.scripts).filter(s => s.text.trim().startsWith('alert')).length"
    assert driver.execute_script(script) == 0


def _slide(driver: webdriver.Chrome) -> str:
    return driver.find_element(By.CSS_SELECTOR, ".where").text


def _tops(driver: webdriver.Chrome) -> list[float]:
    script = "return Array.from(document.querySelectorAll('.slide'), s => s.getBoundingClientRect().top)"
    return [float(top) for top in driver.execute_script(script)]


def test_the_deck_goes_by_keys_and_its_address_names_the_slide(visit: Open) -> None:
    driver = visit("slides/index.html")
    body = driver.find_element(By.TAG_NAME, "body")
    assert _slide(driver) == "1 / 4"
    body.send_keys(Keys.ARROW_RIGHT)
    body.send_keys(Keys.SPACE)
    assert _slide(driver) == "3 / 4"
    assert _hash(driver) == "#espresso"
    WebDriverWait(driver, 5).until(lambda d: abs(_tops(d)[2]) < 2)
    body.send_keys(Keys.ARROW_LEFT)
    assert _hash(driver) == "#chelsea"
    body.send_keys(Keys.END)
    assert _slide(driver) == "4 / 4"
    body.send_keys(Keys.ARROW_DOWN)
    assert _slide(driver) == "4 / 4"
    visit("slides/index.html#espresso")
    WebDriverWait(driver, 5).until(lambda d: abs(_tops(d)[2]) < 2)
    driver.find_element(By.CSS_SELECTOR, "#espresso .foot a").send_keys(Keys.ENTER)
    WebDriverWait(driver, 5).until(lambda d: "i/espresso.html" in d.current_url)


def test_the_deck_prints_one_slide_to_a_page(visit: Open) -> None:
    driver = visit("slides/index.html")
    loaded = "return Array.from(document.images).every(image => image.complete && image.naturalWidth)"
    WebDriverWait(driver, 10).until(lambda d: d.execute_script(loaded))
    printed = driver.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True, "printBackground": True})
    data = b64decode(printed["data"])
    boxes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", data)
    # At least photograph, three maps and one more picture on each of three slides; equal pictures count once.
    assert len(re.findall(rb"/Subtype\s*/Image", data)) >= 3 * 5
    assert [(round(float(w)), round(float(h))) for w, h in boxes] == [(16 * 72, 9 * 72)] * 4


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
@pytest.mark.parametrize("width", [390, 1440])
def test_nothing_of_a_slide_sticks_out(visit: Open, width: int, *, scripts: bool) -> None:
    driver = visit("slides/index.html", width=width, scripts=scripts)
    layout: dict[str, Any] = driver.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]
    assert layout["width"] <= width
    assert all(slide.is_displayed() for slide in driver.find_elements(By.CSS_SELECTOR, ".slide h2"))
