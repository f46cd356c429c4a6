"""The attention graph node by node and patch sets to try, in a real browser, from a folder."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from gallery.records import GraphNode, ImageResult, cells_of, mask_of
from tests.browser.conftest import Open
from tests.browser.test_accessibility import axe
from tests.render.pages import synthetic
from tests.render.pages.test_superpixels import built as built_superpixels

pytestmark = pytest.mark.browser
PAGE = "i/chelsea.html"
RESULT: ImageResult = next(synthetic.results())
GRAPH = RESULT.graph
NODES = {node.id: node for node in GRAPH.nodes}
ROOTS = [node for node in GRAPH.nodes if node.is_root]
WHAT_IF = RESULT.what_if
assert WHAT_IF is not None
SETS = WHAT_IF.sets
FULL = RESULT.mask_model.full

__all__ = ["axe", "built_superpixels"]


def one(driver: webdriver.Chrome, selector: str) -> WebElement:
    return driver.find_element(By.CSS_SELECTOR, selector)


def every(driver: webdriver.Chrome, selector: str) -> list[WebElement]:
    return driver.find_elements(By.CSS_SELECTOR, selector)


def text(driver: webdriver.Chrome, selector: str) -> str:
    found: str = driver.execute_script("return document.querySelector(arguments[0]).textContent", selector)
    return found


def until(driver: webdriver.Chrome, check: Callable[[], object]) -> None:
    WebDriverWait(driver, 10).until(lambda _: check())


def ready(driver: webdriver.Chrome) -> None:
    """Bring the graph near the window and wait for its script."""
    driver.execute_script("document.querySelector('[data-eg=explore]').scrollIntoView()")
    until(driver, lambda: one(driver, "#graph").get_attribute("role") == "group")


def state(driver: webdriver.Chrome, name: str = "node") -> str | None:
    script = "return new URLSearchParams(location.hash.slice(1)).get(arguments[0])"
    found: str | None = driver.execute_script(script, name)
    return found


def drawn(driver: webdriver.Chrome, box: str) -> int:
    """Return the patches that are shown as kept over the photograph, as a mask."""
    paths = every(driver, f"{box} .eg-board path")
    return mask_of(i for i, path in enumerate(paths) if not path.get_attribute("class"))


def keys(driver: webdriver.Chrome, *pressed: str) -> None:
    for key in pressed:
        driver.switch_to.active_element.send_keys(key)


def node(driver: webdriver.Chrome, found: GraphNode) -> WebElement:
    return one(driver, f"#graph-{found.id}")


# --- the graph --------------------------------------------------------------------------------------------


def test_a_click_shows_the_nodes_patches_and_numbers(visit: Open) -> None:
    driver = visit(PAGE)
    ready(driver)
    child = next(NODES[link.target] for link in GRAPH.links)
    assert drawn(driver, ".eg-node") == FULL
    node(driver, child).click()
    assert state(driver) == child.id
    assert drawn(driver, ".eg-node") == child.mask
    said = text(driver, ".eg-said-of")
    assert f"{child.mask.bit_count()} of 49 patches" in said
    assert f"{child.probability:.3f}" in said
    assert f"{100 * child.probability / RESULT.prediction.p_full:.0f} %" in said
    assert "no: below" in said
    for link in (one for one in GRAPH.links if one.source == child.id):
        row, col = divmod(link.removed, 7)
        assert f"without ({row},\u00a0{col}): {NODES[link.target].probability:.3f}" in said
    for link in (one for one in GRAPH.links if one.target == child.id):
        row, col = divmod(link.removed, 7)
        assert f"with ({row},\u00a0{col}): {NODES[link.source].probability:.3f}" in said
    status = text(driver, ".eg-node [role=status]")
    assert status.startswith(f"{child.mask.bit_count()} of 49 patches, p = {child.probability:.3f}")
    assert "not sufficient" in status
    node(driver, ROOTS[0]).click()
    assert "yes: at least" in text(driver, ".eg-said-of")


def test_paths_through_a_node_stand_out_and_hovering_only_looks(visit: Open) -> None:
    driver = visit(PAGE)
    ready(driver)
    child = next(NODES[link.target] for link in GRAPH.links)
    node(driver, child).click()
    lit = {g.get_attribute("data-node") for g in every(driver, "#graph .sag-node.sag-lit")}
    parents = {link.source for link in GRAPH.links if link.target == child.id}
    children = {link.target for link in GRAPH.links if link.source == child.id}
    assert {child.id} | parents | children <= lit
    # Every set that is lit lies within the node's, or around it.
    masks = {NODES[name or ""].mask for name in lit}
    assert all(mask & child.mask in {mask, child.mask} for mask in masks)
    others = every(driver, "#graph .sag-node:not(.sag-lit)")
    assert len(others) + len(lit) == len(NODES)
    assert float(others[0].value_of_css_property("opacity")) < 0.5
    ActionChains(driver).move_to_element(node(driver, ROOTS[0])).perform()
    assert drawn(driver, ".eg-node") == ROOTS[0].mask
    assert state(driver) == child.id
    ActionChains(driver).move_to_element(one(driver, ".eg-zoom output")).perform()
    assert drawn(driver, ".eg-node") == child.mask


def test_the_graph_is_walked_with_the_arrow_keys(visit: Open) -> None:
    driver = visit(PAGE)
    ready(driver)
    stops = every(driver, "#graph .sag-node[tabindex='0']")
    assert [stop.get_attribute("data-node") for stop in stops] == [ROOTS[0].id]
    one(driver, ".eg-canvas").send_keys(Keys.TAB)
    until(driver, lambda: state(driver) == ROOTS[0].id)
    keys(driver, Keys.ARROW_DOWN)
    first = NODES[state(driver) or ""]
    assert first.id in {link.target for link in GRAPH.links if link.source == ROOTS[0].id}
    keys(driver, Keys.ARROW_RIGHT)
    second = NODES[state(driver) or ""]
    assert second.id != first.id
    assert second.mask.bit_count() == first.mask.bit_count()
    keys(driver, Keys.ARROW_LEFT)
    assert state(driver) == first.id
    keys(driver, Keys.ARROW_UP)
    assert state(driver) == ROOTS[0].id
    focused = driver.switch_to.active_element
    assert focused.get_attribute("data-node") == ROOTS[0].id
    assert focused.get_attribute("aria-current") == "true"
    assert (focused.get_attribute("aria-label") or "").startswith("Root, patches (")
    keys(driver, Keys.ARROW_DOWN, Keys.ARROW_DOWN, Keys.HOME)
    assert state(driver) == ROOTS[0].id
    keys(driver, Keys.ESCAPE)
    assert state(driver) is None
    assert drawn(driver, ".eg-node") == FULL
    assert len(every(driver, "#graph .sag-node[tabindex='0']")) == 1


def test_children_and_parents_are_buttons(visit: Open) -> None:
    driver = visit(PAGE + f"#node={ROOTS[0].id}")
    until(driver, lambda: every(driver, ".eg-node dd button"))
    one(driver, ".eg-node dd button").click()
    child = state(driver)
    assert child in {link.target for link in GRAPH.links if link.source == ROOTS[0].id}
    assert driver.switch_to.active_element.get_attribute("data-node") == child


def test_a_patch_marks_every_set_that_keeps_it(visit: Open) -> None:
    driver = visit(PAGE)
    ready(driver)
    cell = cells_of(ROOTS[0].mask)[0]
    keeping = {name for name, found in NODES.items() if found.mask >> cell & 1}
    boxes = every(driver, ".eg-node .eg-board input")
    boxes[cell].click()
    marked = {g.get_attribute("data-node") for g in every(driver, "#graph .sag-keeps")}
    assert marked == keeping
    assert f"is kept by {len(keeping)} of {len(NODES)} sets" in text(driver, ".eg-marks")
    boxes[cell].click()
    assert every(driver, "#graph .sag-keeps") == []
    assert text(driver, ".eg-marks") == ""


def test_the_list_leads_to_the_drawing(visit: Open) -> None:
    driver = visit(PAGE)
    ready(driver)
    one(driver, ".eg-outline summary").click()
    link = every(driver, ".eg-outline a")[1]
    name = (link.get_attribute("href") or "").rpartition("-")[2]
    link.click()
    assert state(driver) == name
    assert link.get_attribute("aria-current") == "true"
    assert driver.switch_to.active_element.get_attribute("data-node") == name


@pytest.mark.parametrize("prefix", ["", "embedded-net_b-"])
def test_a_link_reproduces_the_chosen_node(visit: Open, prefix: str) -> None:
    result = RESULT if not prefix else list(synthetic.results())[1]
    child = next(found for found in result.graph.nodes if not found.is_root)
    driver = visit(f"{PAGE}#{prefix}node={child.id}")
    until(driver, lambda: every(driver, ".sag-here"))
    assert one(driver, ".sag-here").get_attribute("id") == f"{prefix}graph-{child.id}"
    script = "return arguments[0].getBoundingClientRect().toJSON()"
    box = driver.execute_script(script, one(driver, ".sag-here"))
    assert 0 < box["top"] < 900
    assert state(driver, f"{prefix}node") == child.id


@pytest.mark.parametrize(
    "hash_", ["node=n0123", "node=__proto__", "node=%22%3E%3Cscript%3E", "set=xyz", "set="]
)
def test_an_unknown_address_chooses_nothing(visit: Open, hash_: str) -> None:
    driver = visit(f"{PAGE}#{hash_}")
    ready(driver)
    assert every(driver, ".sag-here") == []
    assert drawn(driver, ".eg-node") == FULL
    assert one(driver, ".eg-what-if").get_attribute("open") is None


# --- what if ----------------------------------------------------------------------------------------------


def tried(driver: webdriver.Chrome) -> tuple[int, str]:
    """Return the ticked patches and what is said about them."""
    boxes = every(driver, ".eg-what-if .eg-board input")
    return mask_of(i for i, box in enumerate(boxes) if box.is_selected()), text(driver, ".eg-answer")


def opened(driver: webdriver.Chrome) -> list[WebElement]:
    one(driver, ".eg-what-if summary").click()
    until(driver, lambda: every(driver, ".eg-what-if .eg-board input"))
    return every(driver, ".eg-what-if .eg-board input")


def test_nothing_is_loaded_before_it_is_wanted(visit: Open) -> None:
    driver = visit(PAGE)
    script = "return Array.from(document.scripts).some(s => s.src.includes('what-if.js'))"
    assert not driver.execute_script(script)
    boxes = opened(driver)
    assert len(boxes) == 49
    assert driver.execute_script(script)
    mask, said = tried(driver)
    assert mask == FULL
    assert f"p = {SETS[FULL]:.4f}" in said


def test_stored_sets_show_their_stored_probability(visit: Open) -> None:
    driver = visit(PAGE)
    opened(driver)
    script = "return Array.from(document.querySelector('.eg-what-if select').options, o => o.value)"
    offered: list[str] = [value for value in driver.execute_script(script) if value]
    assert {int(value, 16) for value in offered} == {m.mask for m in RESULT.search.mses} | {
        found.mask for found in GRAPH.nodes
    }
    choose = """const s = document.querySelector('.eg-what-if select');
        s.value = arguments[0]; s.dispatchEvent(new Event('change', {bubbles: true}))"""
    for value in offered:
        driver.execute_script(choose, value)
        mask, said = tried(driver)
        assert mask == int(value, 16) == drawn(driver, ".eg-what-if") == int(state(driver, "set") or "", 16)
        assert f"p = {SETS[mask]:.4f}" in said
        enough = SETS[mask] >= RESULT.search.threshold
        assert ("not sufficient" in said) != enough
        assert text(driver, ".eg-near") == ""


def test_patches_are_ticked_by_mouse_and_by_keyboard(visit: Open) -> None:
    driver = visit(PAGE)
    boxes = opened(driver)
    boxes[24].click()
    mask, said = tried(driver)
    assert mask == FULL & ~(1 << 24)
    assert f"p = {SETS[mask]:.4f}" in said
    assert boxes[24].get_attribute("aria-label") == "Patch (3,\u00a03)"
    keys(driver, Keys.ARROW_RIGHT, Keys.ARROW_DOWN, Keys.SPACE)
    mask, said = tried(driver)
    assert mask == FULL & ~(1 << 24) & ~(1 << 32)
    assert [i for i, box in enumerate(boxes) if box.get_attribute("tabindex") == "0"] == [32]
    keys(driver, Keys.ARROW_LEFT, Keys.ARROW_UP, Keys.SPACE)
    assert tried(driver)[0] == FULL & ~(1 << 32)
    for name, expected in (("none", 0), ("invert", FULL), ("invert", 0), ("all", FULL)):
        one(driver, f"[data-set={name}]").click()
        assert tried(driver)[0] == expected
        assert f"p = {SETS[expected]:.4f}" in tried(driver)[1]


def near(driver: webdriver.Chrome) -> dict[str, list[tuple[int, str]]]:
    """Return group -> (patches, probability) of the nearest sets that are shown."""
    groups: dict[str, list[tuple[int, str]]] = {}
    for body in every(driver, ".eg-near tbody"):
        head, *rows = body.find_elements(By.TAG_NAME, "tr")
        cells = [row.find_elements(By.TAG_NAME, "td") for row in rows]
        groups[head.text] = [(int(row[1].text), row[2].text) for row in cells]
    return groups


@pytest.mark.parametrize("mask", [0b11 << 20, FULL & ~0b1011, 0b10101010101, mask_of(range(25))])
def test_other_sets_are_not_estimated_and_their_neighbours_are_the_nearest(visit: Open, mask: int) -> None:
    assert mask not in SETS
    driver = visit(f"{PAGE}#set={mask:x}")
    until(driver, lambda: "not evaluated" in text(driver, ".eg-answer"))
    assert "p = " not in text(driver, ".eg-answer")
    expected: dict[str, list[tuple[int, int]]] = {}
    for other in SETS:
        kind = "fewer patches" if other & ~mask == 0 else "more patches" if mask & ~other == 0 else "others"
        expected.setdefault(f"with {kind}", []).append(((other ^ mask).bit_count(), other))
    shown = near(driver)
    assert set(shown) == set(expected)
    for name, rows in shown.items():
        best = sorted(expected[name], key=lambda pair: pair[0])[:3]
        assert rows == [(other.bit_count(), f"{SETS[other]:.4f}") for _, other in best]
    button = one(driver, ".eg-near button")
    button.click()
    loaded, said = tried(driver)
    assert f"p = {SETS[loaded]:.4f}" in said
    assert driver.switch_to.active_element.get_attribute("type") == "checkbox"


def test_a_node_is_taken_over_from_the_graph(visit: Open) -> None:
    child = next(found for found in GRAPH.nodes if not found.is_root)
    driver = visit(f"{PAGE}#node={child.id}")
    until(driver, lambda: every(driver, ".eg-said-of > button"))
    one(driver, ".eg-said-of > button").click()
    until(driver, lambda: every(driver, ".eg-answer strong"))
    assert tried(driver)[0] == child.mask
    assert f"p = {SETS[child.mask]:.4f}" in tried(driver)[1]
    assert (state(driver), int(state(driver, "set") or "", 16)) == (child.id, child.mask)


def test_a_link_reproduces_the_ticked_set(visit: Open) -> None:
    mask = RESULT.search.mses[0].mask
    driver = visit(f"{PAGE}#embedded-net_b-set=0&set={mask:x}&o=40")
    until(driver, lambda: len(every(driver, ".eg-answer strong")) == 2)
    assert tried(driver)[0] & FULL == mask
    second = list(synthetic.results())[1].what_if
    assert second is not None
    assert f"p = {second.sets[0]:.4f}" in every(driver, ".eg-answer")[1].text


def test_a_missing_table_is_told(visit: Open, built: Path, tmp_path: Path) -> None:
    site = Path(shutil.copytree(built / "site", tmp_path / "site"))
    (site / "i/chelsea/embedded-net_a/what-if.js").unlink()
    driver: Any = visit(PAGE, site=site)
    one(driver, ".eg-what-if summary").click()
    until(driver, lambda: "could not be loaded" in text(driver, ".eg-answer"))
    assert "ERR_FILE_NOT_FOUND" in str(driver.get_log("browser"))  # and nothing else is left in the console


# --- superpixels, phones, no script -----------------------------------------------------------------------


def test_superpixels_are_ticked_by_their_shape_and_walked_by_their_place(
    visit: Open, built_superpixels: Path
) -> None:
    driver = visit(PAGE, site=built_superpixels / "site")
    ready(driver)
    until(driver, lambda: every(driver, ".eg-node .eg-board path"))
    node(driver, ROOTS[0]).click()
    assert drawn(driver, ".eg-node") == ROOTS[0].mask
    boxes = opened(driver)
    assert boxes[8].get_attribute("aria-label") == "Segment 8"
    every(driver, ".eg-what-if .eg-board path")[24].click()
    assert tried(driver)[0] == FULL & ~(1 << 24)
    driver.execute_script("arguments[0].focus()", boxes[24])
    keys(driver, Keys.ARROW_RIGHT, Keys.SPACE)
    assert tried(driver)[0] == FULL & ~(1 << 24) & ~(1 << 25)


def test_on_a_phone_nothing_is_wider_than_the_screen(visit: Open) -> None:
    driver = visit(f"{PAGE}#node={ROOTS[0].id}&set={0b11 << 20:x}", width=390)
    until(driver, lambda: every(driver, ".eg-near table") and every(driver, ".sag-here"))
    assert driver.execute_script("return document.documentElement.scrollWidth") <= 390
    sizes: Any = driver.execute_script(
        "return Array.from(document.querySelectorAll('.eg-node, .eg-board, .eg-near table'),"
        " e => [e.getBoundingClientRect().left, e.getBoundingClientRect().right])"
    )
    assert all(0 <= left < right <= 390 for left, right in sizes if right > left)
    canvas = one(driver, ".eg-canvas")
    assert canvas.size["height"] < 600
    boxes = every(driver, ".eg-what-if .eg-board input")
    assert min(boxes[0].size.values()) >= 44


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
def test_axe_finds_nothing_in_what_the_scripts_add(visit: Open, axe: str, width: int, scheme: str) -> None:
    address = f"{PAGE}#node={ROOTS[0].id}&set={0b11 << 20:x}"
    driver = visit(address, width=width, scheme=scheme)
    until(driver, lambda: every(driver, ".eg-near table") and every(driver, ".sag-here"))
    driver.execute_script(axe)
    driver.set_script_timeout(60)
    found = driver.execute_async_script(
        "const done = arguments[0]; const include = [['[data-eg=explore]'], ['.eg-what-if']];"
        "axe.run({include}, {preload: false}).then(done)"
    )
    assert [(rule["id"], node["html"]) for rule in found["violations"] for node in rule["nodes"]] == []
    assert len(found["passes"]) > 10


def test_without_scripts_the_page_reads_and_shows_no_dead_control(visit: Open) -> None:
    driver = visit(PAGE, scripts=False)
    assert not any(e.is_displayed() for e in every(driver, ".eg-node, .eg-what-if, .eg-zoom"))
    assert one(driver, "#what-if").is_displayed()
    link = one(driver, ".eg-block a[href$='what-if.csv']")
    assert link.is_displayed()
    assert re.search(r"\d+ sets of patches have been scored", one(driver, "#what-if + .eg-block").text)


def test_hostile_texts_stay_texts(visit: Open, built_hostile: Path) -> None:
    driver = visit(
        f"{PAGE}#node={ROOTS[0].id}&set={RESULT.search.mses[0].mask:x}", site=built_hostile / "site"
    )
    until(driver, lambda: every(driver, ".eg-answer strong") and every(driver, ".sag-here"))
    script = "return Array.from(document.scripts).filter(s => s.text.trim().startsWith('alert')).length"
    assert driver.execute_script(script) == 0
    assert f"p = {SETS[RESULT.search.mses[0].mask]:.4f}" in tried(driver)[1]
