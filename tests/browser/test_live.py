"""The classifier in a real browser, from a folder: stored numbers, other sets, the visitor's photograph."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from gallery.classifier import onnx
from gallery.errors import PublishError
from gallery.perturbation import basis_of, bits_of, compose, make_baseline
from gallery.pipeline.index import load_index, load_results
from gallery.pipeline.site import publish_site, render
from gallery.pipeline.workspace import Workspace
from gallery.preprocess import preprocess
from gallery.publish.runtime import load_runtime
from gallery.records import Float32, ImageResult, cells_of
from tests.browser.conftest import Open
from tests.browser.test_accessibility import _violations, axe
from tests.pipeline import toy
from tests.pipeline.toy_live import built, live_classifier, live_settings, photograph

for package in onnx.PACKAGES:
    pytest.importorskip(package)

__all__ = ["axe"]
pytestmark = [pytest.mark.browser, pytest.mark.slow]  # npm downloads 33 MB, once for all runs
PAGE = "i/alpha.html"
CLOSE = 1e-5
"""Largest difference of a probability that another order of float32 sums may make."""


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Workspace:
    """Return the workspace of a site that runs its classifier; skipped where the runtime cannot be had."""
    cache: pytest.Cache | None = getattr(request.config, "cache", None)
    kept = cache.mkdir("onnxruntime-web") if cache else tmp_path_factory.mktemp("runtime")
    try:
        load_runtime(kept)
    except PublishError as error:
        pytest.skip(str(error))
    base = built(tmp_path_factory.getbasetemp() / "live-set")
    own = Workspace(Path(shutil.copytree(base / "out", tmp_path_factory.mktemp("live") / "out")))
    load_runtime(own.runtime, next(kept.glob("onnxruntime-web-*")))
    render(live_settings(), own, toy.Recorder())
    publish_site(live_settings(), own, toy.Recorder())
    return own


@pytest.fixture(scope="module")
def result(workspace: Workspace) -> ImageResult:
    return next(load_results(load_index(workspace, live_settings()), workspace))


def one(driver: webdriver.Chrome, selector: str) -> WebElement:
    return driver.find_element(By.CSS_SELECTOR, selector)


def answer(driver: webdriver.Chrome, host: str, verdict: str) -> float:
    """Return the probability that is shown once the answer contains ``verdict``."""
    WebDriverWait(driver, 30).until(lambda _: verdict in (one(driver, host).text or ""))
    return float(one(driver, host).get_attribute("data-p") or "nan")


def start(driver: webdriver.Chrome) -> None:
    driver.execute_script("document.querySelector('.eg-what-if').open = true")
    WebDriverWait(driver, 10).until(lambda _: one(driver, ".eg-answer").text)
    driver.execute_script("document.querySelector('[data-eg=live] button').click()")


def keep(driver: webdriver.Chrome, board: str, mask: int, n_cells: int) -> None:
    """Tick the patches of a mask by clicks; the last one changes the set into exactly that."""
    script = """
      const boxes = Array.from(document.querySelectorAll(arguments[0] + " .eg-board input"));
      boxes.forEach((box, i) => box.checked !== arguments[1].includes(i) && box.click());"""
    driver.execute_script(script, board, [cell for cell in cells_of(mask) if cell < n_cells])


def loaded(driver: webdriver.Chrome) -> list[str]:
    found: list[str] = driver.execute_script(
        "return performance.getEntriesByType('resource').map(e => e.name)"
    )
    return found


def test_the_classifier_gives_the_stored_numbers_and_others(
    visit: Open, workspace: Workspace, result: ImageResult
) -> None:
    driver = visit(PAGE, site=workspace.site)
    assert not [name for name in loaded(driver) if "/live/" in name or "live-" in name]
    start(driver)
    host, n = ".eg-live-answer", result.mask_model.n_cells
    assert answer(driver, host, f"{n} patches") == pytest.approx(result.prediction.p_full, abs=CLOSE)
    assert result.what_if is not None
    sets = result.what_if.sets
    unknown = next(mask for mask in range(1 << n) if mask not in sets and mask.bit_count() == 5)
    by_size = {mask.bit_count(): mask for mask in sets if 0 < mask.bit_count() < n}
    for size, mask in [*sorted(by_size.items()), (0, 0)]:
        keep(driver, ".eg-explore", mask, n)
        noun = "patch" if size == 1 else "patches"
        assert answer(driver, host, f"with {size} {noun}:") == pytest.approx(sets[mask], abs=CLOSE)
    keep(driver, ".eg-explore", unknown, n)
    assert "not evaluated" in one(driver, ".eg-answer").text
    inputs = result.inputs
    expected = probabilities(inputs.tensor, inputs.baseline, unknown, result)[result.prediction.target]
    assert answer(driver, host, "with 5 patches:") == pytest.approx(float(expected), abs=CLOSE)
    assert all(name.startswith(("file:", "data:")) for name in loaded(driver))


def probabilities(tensor: Float32, baseline: Float32, mask: int, result: ImageResult) -> Float32:
    """Return what PyTorch says about a patch set."""
    model, size = result.mask_model, (tensor.shape[-2], tensor.shape[-1])
    masks = (bits_of([mask], model.n_cells) @ basis_of(model, size, None)).reshape(1, *size)
    x = compose(torch.from_numpy(tensor), torch.from_numpy(baseline), masks)
    found: Float32 = live_classifier().module(x).softmax(1)[0].numpy()
    return found


def test_an_own_photograph_is_treated_as_those_of_the_gallery(
    visit: Open, workspace: Workspace, result: ImageResult, tmp_path: Path, axe: str
) -> None:
    driver = visit(PAGE, site=workspace.site, width=390)
    start(driver)
    answer(driver, ".eg-live-answer", "patches")
    before = loaded(driver)
    mine = photograph().rotate(90, expand=True)
    mine.save(tmp_path / "mine.png")
    one(driver, ".eg-yours input[type=file]").send_keys(str(tmp_path / "mine.png"))
    card, n = live_classifier().card, result.mask_model.n_cells
    tensor = preprocess(np.asarray(mine), card.preprocessing)
    baseline = make_baseline("blur", torch.from_numpy(tensor), card.preprocessing).numpy()
    whole = probabilities(tensor, baseline, result.mask_model.full, result)
    best = int(whole.argmax())
    host = ".eg-yours-answer"
    shown = answer(driver, host, f"{card.class_names[best]}, {n} patches of {n}")
    assert shown == pytest.approx(float(whole[best]), abs=CLOSE)
    rows = driver.find_elements(By.CSS_SELECTOR, ".eg-yours-board tbody tr")
    order = np.argsort(-whole, kind="stable")
    assert [row.text for row in rows] == [f"{card.class_names[i]} {whole[i]:.4f}" for i in order]
    mask = 0b101100111000
    keep(driver, ".eg-yours-board", mask, n)
    expected = probabilities(tensor, baseline, mask, result)[best]
    assert answer(driver, host, "6 patches") == pytest.approx(float(expected), abs=CLOSE)
    assert loaded(driver) == before
    assert driver.execute_script("return document.documentElement.scrollWidth <= innerWidth")
    assert _violations(driver, axe) == []
    (tmp_path / "note.png").write_text("no photograph")
    one(driver, ".eg-yours input[type=file]").send_keys(str(tmp_path / "note.png"))
    wait = WebDriverWait(driver, 10)
    wait.until(lambda _: "no photograph that this browser can read" in one(driver, ".eg-yours-said").text)
