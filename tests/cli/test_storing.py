"""``gallery store``: what it prints, its exit codes, and that --yes is needed to remove anything."""

import json
import shutil
from pathlib import Path

import pytest

from gallery.cli.exits import Exit
from gallery.pipeline.workspace import Workspace
from tests.cli.commands import run
from tests.pipeline.toy import files_of


@pytest.fixture
def out(tiny: Path, tmp_path: Path) -> Path:
    """Return the workspace of the tiny set."""
    assert run("explain", tiny, "--out", tmp_path / "out", "--quiet").exit_code == 0
    return tmp_path / "out"


def test_stats_counts(out: Path) -> None:
    told = json.loads(run("store", "stats", "--out", out, "--json").stdout)
    assert told["store"]["search"]["n"] == 2
    assert "search" in run("store", "stats", "--out", out).stdout


def test_verify_reports_damage_with_its_exit_code(out: Path) -> None:
    assert run("store", "verify", "--out", out).exit_code == Exit.DONE
    (broken, *_) = sorted((out / "build/store/search").rglob("*.json"))
    broken.write_bytes(b"{")
    result = run("store", "verify", "--out", out)
    assert result.exit_code == Exit.INCOMPLETE
    assert f"damaged {broken}" in result.stderr
    assert "1 damaged" in result.stdout
    told = json.loads(run("store", "verify", "--out", out, "--json").stdout)
    assert [one["file"] for one in told["damaged"]] == [str(broken)]


def test_prune_removes_only_with_yes(out: Path, tiny: Path) -> None:
    other = tiny.with_name("other.toml")
    other.write_text(tiny.read_text("utf-8").replace("max_mses = 1", "max_mses = 2"), encoding="utf-8")
    before = files_of(out / "build/store")
    dry = run("store", "prune", other, "--out", out)
    assert (dry.exit_code, files_of(out / "build/store")) == (0, before)
    assert "--yes" in dry.stdout
    assert run("store", "prune", other, tiny, "--out", out, "--yes").exit_code == 0
    assert files_of(out / "build/store") == before
    assert run("store", "prune", other, "--out", out, "--yes").exit_code == 0
    assert not list((out / "build/store/search").rglob("*.json"))
    assert list((out / "build/store/heatmap").rglob("*.json"))


def test_prune_waits_for_no_build(out: Path, tiny: Path) -> None:
    with Workspace(out).writing("gallery build"):
        assert run("store", "prune", tiny, "--out", out, "--yes").exit_code == Exit.BUSY


def test_prune_needs_a_set(out: Path) -> None:
    assert run("store", "prune", "--out", out, "--yes").exit_code == Exit.REFUSED


def test_a_folder_without_a_store_is_named(tmp_path: Path) -> None:
    result = run("store", "stats", "--out", tmp_path)
    assert result.exit_code == Exit.REFUSED
    assert "no store here" in result.stderr


def test_where_a_store_is_elsewhere_its_other_users_are_spoken_of(
    tiny: Path, out: Path, tmp_path: Path
) -> None:
    store = tmp_path / "elsewhere"
    shutil.copytree(out / "build/store", store)
    dry, wet = (run("--store", store, "store", "prune", tiny, "--out", out, *yes) for yes in ([], ["--yes"]))
    assert (dry.exit_code, wet.exit_code) == (0, 0)
    assert "no other machine" in wet.stderr
    assert "no other machine" not in dry.stderr
