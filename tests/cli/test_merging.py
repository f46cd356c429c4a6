"""Shards and ``gallery merge`` on the command line."""

import logging
import sys
from pathlib import Path

import pytest

from gallery.cli.exits import Exit
from tests.cli.commands import run
from tests.render.pages.synthetic import folder_bytes


def shards(tiny: Path, out: Path, *numbers: int) -> list[Path]:
    """Explain some of two shards, each into a folder of its own; return the folders."""
    outs = [out / str(number) for number in numbers]
    for number, folder in zip(numbers, outs, strict=True):
        result = run("measure", tiny, "--out", folder, "--shard", f"{number}/2", "--quiet")
        assert result.exit_code == Exit.DONE, result.output
    return outs


def test_shards_are_explained_merged_and_rendered(tiny: Path, tmp_path: Path) -> None:
    outs, whole = shards(tiny, tmp_path, 1, 2), tmp_path / "whole"
    merged = run("merge", *outs, "--set", tiny, "--out", whole)
    assert merged.exit_code == Exit.DONE, merged.output
    assert "the index has 2. Next: gallery render, gallery publish" in merged.output
    assert run("render", tiny, "--out", whole, "--quiet").exit_code == Exit.DONE
    assert len(list((whole / "build" / "pages" / "i").glob("*.md"))) == 2


def test_a_site_of_merged_shards_is_that_of_one_build(tiny: Path, tmp_path: Path) -> None:
    one, merged = tmp_path / "one", tmp_path / "merged"
    assert run("measure", tiny, "--out", one, "--quiet").exit_code == Exit.DONE
    run("merge", *shards(tiny, tmp_path, 2, 1), "--set", tiny, "--out", merged, "--quiet")
    sites = []
    for out in (one, merged):
        for command in ("render", "publish"):
            assert run(command, tiny, "--out", out, "--quiet").exit_code == Exit.DONE
        sites.append(folder_bytes(out / "site"))
    assert len(sites[0]) > 100
    assert sites[0] == sites[1]


def test_shards_in_one_folder_need_no_sources(tiny: Path, tmp_path: Path) -> None:
    for number in (1, 2):
        run("measure", tiny, "--out", tmp_path, "--shard", f"{number}/2", "--quiet")
    assert run("merge", "--set", tiny, "--out", tmp_path, "--quiet").exit_code == Exit.DONE
    assert (tmp_path / "build" / "results.json").is_file()


def test_a_store_has_another_place(tiny: Path, tmp_path: Path) -> None:
    store, out = tmp_path / "elsewhere", tmp_path / "out"
    assert run("--store", store, "measure", tiny, "--out", out, "--quiet").exit_code == Exit.DONE
    assert not (out / "build" / "store").exists()
    assert (store / "entry").is_dir()
    assert run("--store", f"file://{store}", "render", tiny, "--out", out, "-q").exit_code == Exit.DONE


def test_a_missing_shard_is_named(tiny: Path, tmp_path: Path) -> None:
    result = run("merge", *shards(tiny, tmp_path, 2), "--set", tiny, "--out", tmp_path / "whole")
    assert result.exit_code == Exit.REFUSED
    assert "shards 1/2 are missing" in result.output


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--shard", "3/2"), "--shard 3/2: shards are counted from 1 to 2"),
        (("--workers", "2"), "--workers: only with --executor ray"),
        (("--executor", "ray", "--device", "cuda:1"), "Ray gives out the GPUs"),
    ],
)
def test_options_that_make_no_sense_are_refused(
    tiny: Path, tmp_path: Path, options: tuple[str, ...], message: str
) -> None:
    if "ray" in options:
        pytest.importorskip("ray")
    result = run("measure", tiny, "--out", tmp_path, *options)
    assert result.exit_code == Exit.REFUSED
    assert message in result.output


def test_without_ray_there_is_advice(monkeypatch: pytest.MonkeyPatch, tiny: Path, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "gallery.execute.cluster", None)
    result = run("measure", tiny, "--out", tmp_path, "--executor", "ray")
    assert result.exit_code == Exit.REFUSED
    assert "pip install 'explanation-gallery[ray]'" in result.output


def test_a_source_without_results_is_refused(tiny: Path, tmp_path: Path) -> None:
    result = run("merge", tmp_path / "nowhere", "--set", tiny, "--out", tmp_path / "out")
    assert result.exit_code == Exit.REFUSED
    assert "no results there" in result.output


def test_a_damaged_result_is_left_out_and_said(
    tiny: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    outs = shards(tiny, tmp_path, 1, 2)
    next((outs[0] / "build/store/heatmap").rglob("*.npz")).write_bytes(b"torn")
    with caplog.at_level(logging.ERROR):
        result = run("merge", *outs, "--set", tiny, "--out", tmp_path / "whole")
    assert result.exit_code == Exit.INCOMPLETE
    assert "1 damaged result left out; `gallery build` computes them again" in result.output
