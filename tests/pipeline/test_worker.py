"""Workers elsewhere: what crosses to them and back, without any scheduler."""

import json
import pickle
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from gallery.curation.manifest import load_settings
from gallery.errors import ExecutionError
from gallery.pipeline.build import Job, explain_set
from gallery.pipeline.worker import Advanced, Finished, News, Ready
from gallery.pipeline.workspace import Workspace
from gallery.scoring.tuning import Tuning
from tests.pipeline.real_set import records_of, write_set
from tests.pipeline.toy import Recorder


@dataclass
class Elsewhere:
    """An executor whose worker gets nothing but what can be pickled, and does every chunk twice."""

    change: Any = None
    device: str = "cpu"
    is_local: bool = False
    told: list[News] = field(default_factory=list)

    def run(self, prepare: Any, chunks: Iterable[Sequence[Any]], listener: Any) -> None:  # noqa: ANN401
        """Do every chunk, the second time as if its worker had been lost."""

        def tell(event: News) -> None:
            event = pickle.loads(pickle.dumps(event))
            self.told.append(event)
            listener.told("worker 1", self.change(event) if self.change else event)

        work = pickle.loads(pickle.dumps(prepare))(tell)
        for chunk in chunks:
            work(chunk, tell)
            listener.lost("worker 1", "killed")
            work(chunk, tell)


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Job:
    """Return a set of two pictures, explained in this process."""
    folder, out = tmp_path_factory.mktemp("set"), tmp_path_factory.mktemp("out")
    job = Job(load_settings(write_set(folder, 2)), folder, Workspace(out), "cpu")
    explain_set(job, Recorder())
    return job


def test_a_worker_elsewhere_makes_the_same(job: Job, tmp_path: Path) -> None:
    there = replace(job, workspace=Workspace(tmp_path))
    there.workspace.store.put("tuning", *tuning_of(job))
    recorder, executor = Recorder(), Elsewhere()
    index = explain_set(there, recorder, executor=executor)
    assert len(index.entries) == 2
    assert there.workspace.index.read_bytes() == job.workspace.index.read_bytes()
    assert records_of(there.workspace.store) == records_of(job.workspace.store)
    done = [event for event in executor.told if isinstance(event, Advanced | Finished)]
    assert len(done) > len(recorder.done)
    assert recorder.totals == [len(recorder.done)]
    assert recorder.notes.count("worker 1 is lost (killed); its unfinished images are given to others") == 1


def tuning_of(job: Job) -> tuple[dict[str, Any], Any]:
    """Return what the measured speed of the set's classifier is made by, and itself."""
    store = job.workspace.store
    [path] = store.results("tuning")
    tuning = store.get_by_key("tuning", path.stem, Tuning)
    return json.loads(path.read_bytes())["made_by"], tuning


def test_a_worker_with_other_versions_is_refused(job: Job, tmp_path: Path) -> None:
    def older(event: News) -> News:
        return (
            replace(event, versions={**event.versions, "torch": "1.0"}) if isinstance(event, Ready) else event
        )

    there = replace(job, workspace=Workspace(tmp_path))
    with pytest.raises(ExecutionError, match=r"worker 1 has torch 1\.0, this process torch .*same versions"):
        explain_set(there, Recorder(), executor=Elsewhere(older))


def test_a_store_that_workers_do_not_share_is_noticed(
    job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(event: News) -> News:
        if isinstance(event, Finished):
            return Finished(replace(event.entry, key="0" * 64))
        return event

    monkeypatch.setattr("gallery.pipeline.classifier_run.STORE_WAIT_S", 0.0)
    with pytest.raises(ExecutionError, match=r"not in .* here\. Choose an --out that all nodes share"):
        explain_set(job, Recorder(), executor=Elsewhere(lost))
