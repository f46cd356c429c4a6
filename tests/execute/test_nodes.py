"""A Ray cluster of several nodes, each with processes of its own, of which one is lost."""

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from tests.execute.heard import Heard
from tests.execute.works import Event, Squares

pytestmark = [pytest.mark.ray, pytest.mark.filterwarnings("default")]
pytest.importorskip("ray")
cluster_module = pytest.importorskip("gallery.execute.cluster")


class Losing(Heard):
    """A listener that takes a node away as soon as every worker has finished something."""

    def __init__(self, nodes: Any, node: Any) -> None:  # noqa: ANN401
        super().__init__()
        self.nodes = nodes
        self.node = node

    def told(self, worker: str, event: Event) -> None:
        """Remember, and strike once."""
        super().told(worker, event)
        if len(self.by) == 2 and self.node is not None:
            self.nodes.remove_node(self.node, allow_graceful=False)
            self.node = None


@pytest.fixture
def nodes() -> Iterator[Any]:
    """Return a cluster whose head does not work."""
    cluster_utils: Any = import_module("ray.cluster_utils")
    head = {"num_cpus": 0, "include_dashboard": False}
    started = cluster_utils.Cluster(initialize_head=True, head_node_args=head)
    yield started
    started.shutdown()


def test_a_lost_node_costs_only_its_unfinished_items(nodes: Any, tmp_path: Path) -> None:  # noqa: ANN401
    nodes.add_node(num_cpus=1)
    heard = Losing(nodes, nodes.add_node(num_cpus=1))
    chunks = [[i, i + 1] for i in range(0, 40, 2)]
    with cluster_module.Cluster(nodes.address, n_workers=2) as cluster:
        cluster.run(Squares(tmp_path, together=(0, 2), seconds=0.2), chunks, heard)
    assert heard.node is None
    assert set(heard.squares) == {i * i for i in range(40)}
    # At most the chunk it was at is done again, and there is no room for another worker.
    assert len(heard.squares) <= 42
    assert len(heard.lost_workers) == 1
    assert not heard.given_up_items
