"""Measuring speed: what is counted is what the network did, and nothing is lost by an interrupt."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from gallery.errors import ConfigError
from gallery.operations.bench import Bench, Options, calibration_of, run_bench
from gallery.operations.calibration import Calibration, Task, calibrate, per_image, spread
from gallery.operations.rates import rate_of
from gallery.pipeline.build import Job
from gallery.records import MaskModel
from tests.pipeline import toy


def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the site out, which takes seconds and is another test's."""
    monkeypatch.setattr("gallery.operations.calibration.render", lambda *_: None)
    monkeypatch.setattr("gallery.operations.calibration.publish_site", lambda *_: None)


def test_a_rate_is_images_over_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter(range(10000))
    monkeypatch.setattr("time.perf_counter", lambda: float(next(ticks)))
    rate = rate_of(toy.toy_classifier(), "float32", 4, MaskModel(rows=3, cols=3), 5.0, 0)
    # The clock goes on by 1 s whenever it is read, once before and once after every call: n calls, n + 1 s.
    assert rate.plain == pytest.approx(4 * 5 / 5.0, abs=1.0)
    assert rate.masked == pytest.approx(8 * 5 / 5.0, abs=2.0)


def test_what_cannot_run_has_no_rate_but_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    classifier = toy.toy_classifier()

    def refuse(self: toy.ToyNet, x: torch.Tensor) -> torch.Tensor:
        raise RuntimeError("out of memory\nand more")

    monkeypatch.setattr(toy.ToyNet, "forward", refuse)
    rate = rate_of(classifier, "bfloat16", 4, MaskModel(), 0.01, 0)
    assert (rate.plain, rate.masked, rate.note) == (None, None, "out of memory")


def test_images_tried_are_spread_over_the_set() -> None:
    assert spread(list(range(10)), 2) == {2, 7}
    assert spread([3, 5], 9) == {3, 5}
    assert spread([7], 1) == {7}


def test_every_task_is_timed_and_forwards_are_those_recorded(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    fast(monkeypatch)
    before = toy.files_of(job.workspace.out)
    found = Calibration()
    calibrate(job, 2, found, toy.Recorder())
    tasks = found.tasks["Toy 4"]
    assert len(found.images) == 2
    assert {"search", "graph", "necessity", "grad_cam", "rise", "deletion of rise"} <= set(tasks)
    assert set(tasks["rise"].forwards.values()) == {16}
    assert all(set(one.forwards) == set(found.images) for one in tasks.values())
    assert sum(one.seconds for one in tasks.values()) > 0
    assert found.each_bytes["store"] > 1000
    assert toy.files_of(job.workspace.out) == before


def test_measures_of_all_heatmaps_are_one_line() -> None:
    one = Task({"a": 10, "b": 30}, 4.0)
    costs = per_image({"rise": one, "deletion of rise": one, "deletion of igos": one})
    assert (costs["rise"].forwards, costs["rise"].seconds, costs["rise"].rate) == (20, 2, 10)
    assert (costs["deletion of all heatmaps"].forwards, len(costs)) == (40, 2)


def test_a_bench_survives_its_file(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    fast(monkeypatch)
    bench = Bench()
    run_bench(job, Options(n_images=1, seconds=0.001, seed=3), bench, toy.Recorder())
    assert bench.is_complete
    assert len(bench.rates) == 10
    assert {"devices", "threads", "versions", "platform"} <= set(bench.environment)
    stored = json.loads(json.dumps(bench.as_json()))
    assert calibration_of(stored, "b.json") == bench.calibration


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema": 99}, "b.json: not written by"),
        ({"is_complete": False}, "b.json: this bench was interrupted"),
        ({"calibration": {"images": ["a"], "tasks": {"T": {"rise": {"forward": 1}}}}}, "b.json: damaged"),
        ({"calibration": {"images": []}}, "measured no images"),
    ],
)
def test_other_files_are_refused(change: dict[str, Any], message: str) -> None:
    stored = {**Bench(calibration=Calibration(images=["a"]), is_complete=True).as_json(), **change}
    with pytest.raises(ConfigError, match=message):
        calibration_of(stored, "b.json")


def test_an_interrupt_leaves_what_was_measured(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    class Impatient(toy.Recorder):
        def advance(self, image: str, task: str, **_: Any) -> None:  # noqa: ANN401
            if task == "float32, 8 at a time":
                raise KeyboardInterrupt

    bench = Bench()
    with pytest.raises(KeyboardInterrupt):
        run_bench(job, Options(seconds=0.001), bench, Impatient())
    assert [one.batch for one in bench.rates] == [1, 4, 8]
    assert not bench.is_complete


def test_a_set_without_a_readable_image_is_an_error(job: Job, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(Exception, match="None of the images tried"):
        calibrate(replace(job, folder=tmp_path / "empty"), 1, Calibration(), toy.Recorder())
