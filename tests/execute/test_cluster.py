"""Two Ray actors on this machine: nothing is done twice without need, and no death is the end."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from gallery.curation.manifest import load_settings
from gallery.errors import ClassifierError, ConfigError, ExecutionError, StoreError
from gallery.execute.local import Local
from gallery.pipeline.build import Job, explain_set
from gallery.pipeline.index import ResultsIndex
from gallery.pipeline.site import publish_site, render
from gallery.pipeline.workspace import Workspace
from tests.execute.heard import Heard
from tests.execute.works import Squares, die, refuse
from tests.pipeline.real_set import records_of, write_set
from tests.pipeline.toy import Recorder
from tests.render.pages.synthetic import folder_bytes

pytestmark = [pytest.mark.ray, pytest.mark.filterwarnings("default")]
ray = pytest.importorskip("ray")
cluster_module = pytest.importorskip("gallery.execute.cluster")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Return a cluster of two workers on this machine."""
    with cluster_module.Cluster(n_workers=2) as started:
        yield started


def pairs(n: int) -> list[list[int]]:
    """Return 0 ... n - 1 in chunks of two."""
    return [[i, i + 1] for i in range(0, n, 2)]


def test_every_item_is_done_once(cluster: Any, tmp_path: Path) -> None:  # noqa: ANN401
    heard = Heard()
    cluster.run(Squares(tmp_path), pairs(40), heard)
    assert sorted(heard.squares) == [i * i for i in range(40)]
    assert heard.ready[0] == "worker 1"
    assert len(heard.ready) == len(set(heard.ready))
    assert not heard.lost_workers
    assert not cluster.workers


def test_workers_work_at_the_same_time(cluster: Any, tmp_path: Path) -> None:  # noqa: ANN401
    heard = Heard()
    cluster.run(Squares(tmp_path, together=(0, 2)), pairs(6), heard)
    assert set(heard.ready) == set(heard.by) == {"worker 1", "worker 2"}


def test_chunks_are_read_as_workers_become_free(cluster: Any, tmp_path: Path) -> None:  # noqa: ANN401
    read: list[int] = []

    def chunks() -> Iterator[list[int]]:
        for i in range(1000):
            read.append(i)
            yield [i]

    with pytest.raises(StoreError):
        cluster.run(Squares(tmp_path, refused=(3,)), chunks(), Heard())
    assert len(read) < 12


def test_a_killed_worker_is_replaced_and_its_items_are_done(cluster: Any, tmp_path: Path) -> None:  # noqa: ANN401
    heard = Heard()
    cluster.run(Squares(tmp_path, once=(3, 8)), pairs(12), heard)
    assert {i * i for i in range(12)} == set(heard.squares)
    assert len(heard.lost_workers) == 2
    assert not heard.given_up_items


def test_an_item_that_kills_every_worker_is_given_up_and_takes_no_other_with_it(
    cluster: Any,  # noqa: ANN401
    tmp_path: Path,
) -> None:
    heard = Heard()
    cluster.run(Squares(tmp_path, always=(5,)), pairs(10), heard)
    assert {i * i for i in range(10) if i != 5} == set(heard.squares)
    [(item, reason)] = heard.given_up_items
    assert item == 5
    assert reason.startswith("3 workers died over it; the last: ")


def test_errors_arrive_as_they_are(cluster: Any, tmp_path: Path) -> None:  # noqa: ANN401
    with pytest.raises(ClassifierError, match=r"^no such weights$"):
        cluster.run(refuse, pairs(4), Heard())
    with pytest.raises(StoreError, match=r"^2: the disk is full$"):
        cluster.run(Squares(tmp_path, refused=(2,)), pairs(4), Heard())
    assert not cluster.workers


def test_workers_that_keep_dying_end_the_run(cluster: Any) -> None:  # noqa: ANN401
    with pytest.raises(
        ExecutionError, match=r"8 workers died one after the other; the last: .*nodes' memory"
    ):
        cluster.run(die, pairs(4), Heard())


def test_cores_are_shared_fractionally(cluster: Any) -> None:  # noqa: ANN401
    shared = cluster_module.Cluster(n_workers=4)
    shared._decide(n_gpus=0, n_cpus=2.0)
    assert shared._share == {"num_cpus": 0.5}
    assert shared.device == "cpu"
    shared._decide(n_gpus=0, n_cpus=22.0)
    assert shared._share == {"num_cpus": 5.0}


def test_every_worker_has_a_gpu_of_its_own() -> None:
    shared = cluster_module.Cluster()
    shared._decide(n_gpus=2, n_cpus=16.0)
    assert (shared.names, shared._share["num_gpus"], shared.device) == (["worker 1", "worker 2"], 1, "cuda")
    with pytest.raises(ExecutionError, match="--workers 3: the cluster has 2 GPUs"):
        cluster_module.Cluster(n_workers=3)._decide(n_gpus=2, n_cpus=16.0)
    with pytest.raises(ExecutionError, match="the cluster has no GPUs"):
        cluster_module.Cluster(device="cuda")._decide(n_gpus=0, n_cpus=4.0)
    with pytest.raises(ConfigError, match="Ray gives out the GPUs"):
        cluster_module.Cluster(device="cuda:1")


# --- whole builds -----------------------------------------------------------------------------------------


class Killer(Recorder):
    """A reporter that kills the worker of the ``n``-th unit, by way of Ray."""

    def __init__(self, cluster: Any, n: int) -> None:  # noqa: ANN401
        super().__init__()
        self.cluster = cluster
        self.n = n

    def advance(
        self, image: str, task: str, *, forwards: int = 0, stored: bool = False, worker: str = ""
    ) -> None:
        """Count, and kill."""
        assert worker in ("worker 1", "worker 2")
        super().advance(image, task, forwards=forwards, stored=stored)
        if len(self.done) == self.n:
            ray.kill(self.cluster.workers[worker])


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path]]:
    """Return a set of two classifiers and a workspace in which it was explained in this process."""
    folder, out = tmp_path_factory.mktemp("set"), tmp_path_factory.mktemp("here")
    write_set(folder, 7, n_classifiers=2, composite=True)
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)  # as the actors have
    explain(folder, out, Local("cpu"), Recorder())
    yield folder, out
    torch.set_num_threads(n_threads)


def explain(folder: Path, out: Path, executor: Any, recorder: Recorder) -> ResultsIndex:  # noqa: ANN401
    """Explain the set."""
    job = Job(load_settings(folder / "gallery.toml"), folder, Workspace(out), "cpu")
    return explain_set(job, recorder, executor=executor)


def site_of(folder: Path, out: Path) -> dict[str, bytes]:
    """Render and publish, and return the site: path -> content."""
    settings, workspace = load_settings(folder / "gallery.toml"), Workspace(out)
    render(settings, workspace, Recorder())
    publish_site(settings, workspace, Recorder())
    return folder_bytes(workspace.site)


@pytest.mark.parametrize("killed_at", [None, 20])
def test_two_actors_build_the_same_as_this_process(
    cluster: Any,  # noqa: ANN401
    here: tuple[Path, Path],
    tmp_path: Path,
    killed_at: int | None,
) -> None:
    folder, out = here
    # How fast a classifier screens is measured anew on every machine; here it is the same one.
    shutil.copytree(out / "build/store/tuning", tmp_path / "build/store/tuning")
    recorder = Killer(cluster, killed_at or -1)
    index = explain(folder, tmp_path, cluster, recorder)
    assert len(index.entries) == 16
    assert Workspace(tmp_path).index.read_bytes() == Workspace(out).index.read_bytes()
    assert records_of(Workspace(tmp_path).store) == records_of(Workspace(out).store)
    assert site_of(folder, tmp_path) == site_of(folder, out)
    assert sum(recorder.totals[:2]) == len(recorder.done)  # type: ignore[arg-type]
    assert any("is lost" in note for note in recorder.notes) == bool(killed_at)
