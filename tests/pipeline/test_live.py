"""Sets with ``live = true``: exported, compared, stored; and sets without it stay as they were."""

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from gallery.classifier import onnx
from gallery.errors import ClassifierError, PublishError, StoreError
from gallery.pipeline import live_export
from gallery.pipeline.index import load_index, settings_digest
from gallery.pipeline.live import load_kit
from gallery.pipeline.workspace import Workspace
from tests.pipeline import toy
from tests.pipeline.toy_live import FAKE, built, fake_runtime, live_settings, patch_classifiers

for package in onnx.PACKAGES:
    pytest.importorskip(package)


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a workspace with the set explained, rendered with and without ``live``, and published."""
    return built(tmp_path_factory.getbasetemp() / "live-set")


def pages(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in sorted(folder.rglob("*.md"))
    }


def test_pages_without_live_do_not_know_of_it(live: Path) -> None:
    assert not (live / "plain/live").exists()
    assert not list((live / "plain").rglob("input.js"))
    for text in pages(live / "plain").values():
        assert "live.js" not in text
        assert "eg-live" not in text
        assert "eg-yours" not in text


def test_live_adds_to_image_pages_and_changes_nothing_else(live: Path) -> None:
    plain, with_live = pages(live / "plain"), pages(live / "out/build/pages")
    assert {name for name in plain if plain[name] != with_live[name]} == {"i/alpha.md"}
    text = with_live["i/alpha.md"]
    for block in (
        r' <div class="eg-live".*?\n </div>\n\n?',
        r' <div class="eg-yours" hidden>.*?\n </div>\n\n?',
    ):
        text, n = re.subn(block, "", text, flags=re.DOTALL)
        assert n == 1
    text = re.sub(r"^ *- .*assets/live\.js.*\n", "", text, flags=re.MULTILINE).replace(
        ', "assets/live.js"', ""
    )
    assert [line for line in text.splitlines() if line.strip()] == [
        line for line in plain["i/alpha.md"].splitlines() if line.strip()
    ]
    folders = (live / "plain", live / "out/build/pages")
    names = [{path.relative_to(folder).as_posix() for path in folder.rglob("*")} for folder in folders]
    assert names[1] - names[0] == {
        "i/alpha/toy-4/input.js", "live", "live/runtime.js", "live/wasm-1.js", "live/toy-4",
        "live/toy-4/model.js", "live/toy-4/model-1.js",
    }  # fmt: skip


def test_the_button_says_what_it_loads(live: Path) -> None:
    folder = live / "out/build/pages"
    loaded = [*(folder / "live").rglob("*.js"), folder / "i/alpha/toy-4/input.js"]
    size = sum(file.stat().st_size for file in loaded) / 1e6
    assert f"Ask the classifier itself (loads {size:.1f} MB)" in (folder / "i/alpha.md").read_text("utf-8")


def test_only_image_pages_may_run_webassembly(live: Path) -> None:
    site = live / "out/site"
    assert "'wasm-unsafe-eval'" in (site / "i/alpha.html").read_text("utf-8")
    assert "wasm" not in (site / "index.html").read_text("utf-8")
    script = (site / "live/toy-4/model.js").read_text("utf-8")
    assert "</script>" not in script
    assert "dog <\\/script>" in script


def test_results_do_not_hang_on_live(live: Path) -> None:
    assert settings_digest(live_settings(live_runtime="x")) == settings_digest(live_settings(live=False))


def test_what_is_stored_is_not_made_again(live: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    patch_classifiers(monkeypatch)
    monkeypatch.setattr("gallery.publish.runtime.FILES", dict.fromkeys(FAKE, ""))
    monkeypatch.setattr(live_export, "prepare_live", lambda *_: None)
    monkeypatch.setattr("gallery.pipeline.build.prepare_live", lambda *_: None)
    monkeypatch.setattr(live_export, "export_onnx", None)
    monkeypatch.setattr(live_export, "Comparison", None)
    _, told = toy.run(live, live / "out", live_settings())
    assert any(
        re.search(r"for browsers 0\.0 MB, differs .* by at most \S+ .*\(3 inputs\)", n) for n in told.notes
    )


def test_a_set_that_was_built_without_live_says_what_to_do(live: Path) -> None:
    workspace = Workspace(live / "out")
    index = load_index(workspace, live_settings())
    missing = Workspace(live / "elsewhere")
    with pytest.raises(StoreError, match=r"toy:4 has not been exported .* yet\. Run `gallery build`"):
        load_kit(index, missing)


def test_an_export_that_is_too_far_off_stops_the_build(
    live: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    patch_classifiers(monkeypatch)
    runtime = fake_runtime(tmp_path / "runtime", monkeypatch)
    monkeypatch.setattr(onnx, "TOLERANCE", -1.0)
    with pytest.raises(ClassifierError, match="differs from PyTorch"):
        toy.run(live, tmp_path / "out", live_settings(live_runtime=str(runtime)))


def test_a_wrong_runtime_stops_the_build_before_any_work(
    live: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    patch_classifiers(monkeypatch)
    with pytest.raises(PublishError, match="nowhere: does not hold onnxruntime-web"):
        toy.run(live, tmp_path / "out", live_settings(live_runtime="nowhere"))
    assert not (tmp_path / "out/build/store").exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"what_if": {"enabled": False}}, r"it needs \[what_if\] enabled = true"),
        ({"perturbation": {"removal": "drop_tokens"}}, "browsers cannot drop tokens"),
    ],
)
def test_settings_that_exclude_live_are_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        live_settings(**changes)
