"""``gallery bench`` and ``gallery build --estimate``: tables, JSON, exit codes."""

import json
from pathlib import Path
from typing import Any

import pytest

from gallery.operations.bench import Bench
from gallery.operations.calibration import Calibration, Task
from tests.cli.commands import run

ENVIRONMENT = {"devices": ["cpu"], "threads": 2, "versions": {"torch": "2"}, "platform": "Linux"}


def measured(*_: Any) -> Bench:  # noqa: ANN401
    """Return a finished bench of one image."""
    tasks = {"Toy 4": {"search": Task({"alpha": 40}, 2.0)}}
    sizes = {"store": 100.0, "site": 300.0, "figures": 0.0, "pages": 0.0}
    return Bench(ENVIRONMENT, 0, {}, [], Calibration(["alpha"], tasks, each_bytes=sizes), is_complete=True)


def test_bench_writes_a_file_that_estimate_reads(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill(job: object, options: object, bench: Bench, reporter: object) -> None:
        bench.__dict__.update(measured().__dict__)

    monkeypatch.setattr("gallery.operations.bench.run_bench", fill)
    file = tmp_path / "bench.json"
    shown = run("bench", tiny, "--out", file)
    assert shown.exit_code == 0
    assert "cpu, 2 threads, torch 2, seed 0, Linux" in shown.stdout
    assert "search" in shown.stdout
    out = tmp_path / "out"
    text = run("build", tiny, "--out", out, "--estimate", "--bench", file)
    assert text.exit_code == 0, text.stderr
    assert "2 images" in text.stdout
    assert "about 80" in text.stdout  # forwards: 40 for each image
    told = json.loads(run("build", tiny, "--out", out, "--bench", file, "--json").stdout)
    assert (told["n_images"], told["forwards"], told["parts"]["explain"]) == (2, 80, 4.0)
    assert not out.exists()


def test_an_interrupted_bench_keeps_and_shows_what_it_has(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(job: object, options: object, bench: Bench, reporter: object) -> None:
        bench.environment = ENVIRONMENT
        raise KeyboardInterrupt

    monkeypatch.setattr("gallery.operations.bench.run_bench", stop)
    result = run("bench", tiny, "--out", tmp_path / "bench.json")
    assert result.exit_code == 130
    assert "Stopped before everything was measured." in result.stderr
    assert "cpu, 2 threads" in result.stdout
    assert json.loads((tmp_path / "bench.json").read_text("utf-8"))["is_complete"] is False
    refused = run("build", tiny, "--out", tmp_path, "--bench", tmp_path / "bench.json")
    assert refused.exit_code == 2
    assert "this bench was interrupted" in refused.stderr


@pytest.mark.parametrize("content", ["{", "[]", '{"schema": 1}'])
def test_what_is_no_bench_is_refused(tiny: Path, tmp_path: Path, content: str) -> None:
    (tmp_path / "x.json").write_text(content)
    result = run("build", tiny, "--out", tmp_path / "out", "--bench", tmp_path / "x.json")
    assert result.exit_code == 2
    assert str(tmp_path / "x.json") in result.stderr
