import json
from pathlib import Path

import pytest

from gallery.config import SetSettings
from gallery.errors import StoreError
from gallery.pipeline.index import (
    PRESENTATION,
    _checksum,
    load_entries,
    load_index,
    load_results,
    settings_digest,
)
from gallery.pipeline.workspace import Workspace
from tests.pipeline.toy import settings_of


def test_an_index_is_read_back_as_it_was(explained: Path) -> None:
    index = load_index(Workspace(explained), settings_of())
    assert [entry.image for entry in index.entries] == ["alpha", "beta", "gamma", "grid"]
    assert index.mask_model == settings_of().perturbation.mask_model()
    assert index.seed == 7


def test_an_index_holds_no_path_of_this_machine(explained: Path, pictures: Path) -> None:
    text = Workspace(explained).index.read_text("utf-8")
    assert str(explained) not in text
    assert str(pictures) not in text


def test_presentation_settings_do_not_count() -> None:
    assert set(SetSettings.model_fields) > PRESENTATION
    changed = settings_of(
        title="T", description="D", authors=["A, B"], version="9", date="2020", url="http://x.org"
    )
    assert settings_digest(changed) == settings_digest(settings_of())


def test_sets_to_try_count_only_where_they_differ_from_the_defaults() -> None:
    assert settings_digest(settings_of(what_if={"max_forwards": 300})) == settings_digest(settings_of())
    assert settings_digest(settings_of(what_if={"max_forwards": 9})) != settings_digest(settings_of())


def test_an_index_holds_nothing_that_grows_with_methods_and_measures(explained: Path) -> None:
    index = load_index(Workspace(explained), settings_of())
    assert all(len(str(entry)) < 200 for entry in index.entries)
    assert [keys.image.id for keys in load_entries(index, Workspace(explained).store)] == [
        entry.image for entry in index.entries
    ]


@pytest.mark.parametrize(
    "changes", [{"seed": 8}, {"search": {"overlaps": [1]}}, {"methods": None}, {"measures": {"step_px": 1}}]
)
def test_results_of_other_settings_are_refused(explained: Path, changes: dict[str, object]) -> None:
    with pytest.raises(StoreError, match="belong to other settings"):
        load_index(Workspace(explained), settings_of(**changes))


def test_without_a_run_there_is_advice(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"no results yet\. Run `gallery measure`"):
        load_index(Workspace(tmp_path), settings_of())


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"made_by": 1}', b"\xff\xfe"])
def test_a_damaged_index_is_named(finished: Path, content: bytes) -> None:
    Workspace(finished).index.write_bytes(content)
    with pytest.raises(StoreError, match=r"results\.json: damaged .*Run `gallery measure`"):
        load_index(Workspace(finished), settings_of())


def test_an_index_of_another_form_is_damaged(finished: Path) -> None:
    path = Workspace(finished).index
    raw = json.loads(path.read_text("utf-8"))
    del raw["entries"][0]["image"]
    raw["sha256"] = _checksum(raw)
    path.write_text(json.dumps(raw), "utf-8")
    with pytest.raises(StoreError, match=r"damaged .*image"):
        load_index(Workspace(finished), settings_of())


def test_a_missing_result_is_named(finished: Path) -> None:
    workspace = Workspace(finished)
    index = load_index(workspace, settings_of())
    beta = list(load_entries(index, workspace.store))[1]
    workspace.store.path("search", beta.search).unlink()
    with pytest.raises(StoreError, match=r"'beta' is missing or damaged\. Run `gallery build` again"):
        list(load_results(index, workspace))


def test_results_carry_selections_and_roots(explained: Path) -> None:
    workspace = Workspace(explained)
    for result in load_results(load_index(workspace, settings_of()), workspace):
        assert list(result.search.diverse) == [0, 1, 2]
        assert set(result.search.roots) <= set(result.search.diverse[1])
