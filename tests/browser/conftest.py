"""The synthetic set, rendered and published once, and a browser to look at it."""

import functools
import http.server
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from tests.render.pages import synthetic

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage",
)  # fmt: skip
_SETTLE = "arguments[0].scrollIntoView({block: 'nearest'}); return arguments[0].getBoundingClientRect().top"
Open = Callable[..., webdriver.Chrome]
OVER = os.environ.get("GALLERY_BROWSE_OVER", "file")
"""How pages are opened where a test does not say: "file", or "http" to run all tests over that."""


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with ``pages``, ``cache`` and ``site``; not to be changed."""
    return synthetic.rendered(tmp_path_factory)


@pytest.fixture(scope="session")
def built_hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the same with texts that try to break out."""
    return synthetic.rendered(tmp_path_factory, hostile=True)


@pytest.fixture(scope="module")
def browser() -> Iterator[webdriver.Chrome]:
    """Start a browser; skipped where there is none."""
    if not (CHROMIUM and DRIVER):
        pytest.skip("needs chromium and chromedriver on the PATH")
    profile = tempfile.mkdtemp(prefix="gallery-browser-")
    options = webdriver.ChromeOptions()
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.binary_location = str(CHROMIUM)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(str(DRIVER)))
    yield driver
    driver.quit()
    shutil.rmtree(profile, ignore_errors=True)


def _is_styled(driver: webdriver.Chrome) -> bool:
    """Return whether the page and every style sheet are there: measured earlier, pages have other sizes."""
    sheets = "Array.from(document.querySelectorAll('link[rel=stylesheet]'))"
    ready = f"document.readyState === 'complete' && {sheets}.every(link => link.sheet)"
    return bool(driver.execute_script(f"return {ready}"))


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@pytest.fixture(scope="session")
def host() -> Iterator[str]:
    """Serve the file system, as far as this machine goes, and return the address of its root."""
    handler = functools.partial(_Quiet, directory="/")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(autouse=True)
def settled_clicks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have clicks wait, as a person would, until what is laid out while scrolling stands still."""
    click = WebElement.click

    def settle_and_click(element: WebElement) -> None:
        last = None
        while (top := element.parent.execute_script(_SETTLE, element)) != last:
            last = top
            time.sleep(0.05)  # some frames; asked from here, because pages may be open without scripts
        click(element)

    monkeypatch.setattr(WebElement, "click", settle_and_click)


@pytest.fixture
def visit(browser: webdriver.Chrome, built: Path, host: str) -> Iterator[Open]:
    """Open a page of the site at a width; afterwards no message may be in the console."""

    def go(
        page: str,
        *,
        width: int = 1440,
        scripts: bool = True,
        site: Path | None = None,
        scheme: str = "light",
        over: str = OVER,
    ) -> webdriver.Chrome:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": not scripts})
        metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        browser.get("about:blank")
        start = host if over == "http" else "file://"
        browser.get(f"{start}{site or built / 'site'}/{page}")
        WebDriverWait(browser, 20).until(_is_styled)
        return browser

    yield go
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    log: Any = browser
    messages = [(entry["level"], entry["message"]) for entry in log.get_log("browser")]
    assert [message for message in messages if message[0] in {"SEVERE", "WARNING"}] == []
