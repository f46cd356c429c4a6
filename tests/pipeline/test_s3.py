"""An S3-compatible server as the store: nothing else changes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gallery.errors import UnreachableError
from gallery.pipeline.build import Job, explain_set
from gallery.pipeline.index import load_index, load_results
from gallery.pipeline.merge import join_shards, merge_stores
from gallery.pipeline.shard import Shard
from gallery.pipeline.workspace import Workspace
from gallery.records import Heatmap
from tests.pipeline import toy
from tests.pipeline.real_set import records_of

pytestmark = [pytest.mark.s3, pytest.mark.filterwarnings("default")]
boto3 = pytest.importorskip("boto3")
pytest.importorskip("s3fs")
moto_server = pytest.importorskip("moto.server")
SETTINGS = toy.settings_of(methods={"grad_cam": {}}, measures={"names": ["sparseness"]})


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    """Return the address of a bucket on a server of this process."""
    server = moto_server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        patch.setenv("AWS_ACCESS_KEY_ID", "key")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        boto3.client("s3").create_bucket(Bucket="galleries")
        yield "s3://galleries"
    server.stop()


@pytest.mark.usefixtures("toys")
def test_a_set_explained_onto_s3_is_that_of_a_folder(bucket: str, pictures: Path, tmp_path: Path) -> None:
    there, here = Workspace(tmp_path / "there", f"{bucket}/whole"), Workspace(tmp_path / "here")
    indexes = [
        explain_set(Job(SETTINGS, pictures, workspace, "cpu"), toy.Recorder()) for workspace in (there, here)
    ]
    assert indexes[0] == indexes[1]
    assert records_of(there.store) == records_of(here.store)
    assert not (there.out / "build" / "store").exists()
    assert len(list(load_results(load_index(there, SETTINGS), there))) == 4
    again = toy.Recorder()
    explain_set(Job(SETTINGS, pictures, there, "cpu"), again)
    assert all(was_stored for _, _, was_stored in again.done)


@pytest.mark.usefixtures("toys")
def test_shards_meet_on_s3(bucket: str, pictures: Path, tmp_path: Path) -> None:
    for number in (1, 2):  # machines that share nothing but the address
        apart = Workspace(tmp_path / str(number), f"{bucket}/shards")
        explain_set(Job(SETTINGS, pictures, apart, "cpu", Shard(number, 2)), toy.Recorder())
    shared, local = Workspace(tmp_path / "joined", f"{bucket}/shards"), Workspace(tmp_path / "local")
    index = join_shards(SETTINGS, pictures, shared)
    assert merge_stores([shared.store], local.store, toy.Recorder()).n_copied > 40
    assert join_shards(SETTINGS, pictures, local) == index
    assert len(list(load_results(index, local))) == 4


def test_what_is_torn_on_s3_is_noticed(bucket: str) -> None:
    store = Workspace(Path(), f"{bucket}/torn").store
    key = store.put("prediction", {"n": 1}, {"x": 1})
    store.write(store.path("prediction", key), b'{"schema": 1, ')
    assert store.get("prediction", {"n": 1}, Heatmap) is None


def test_a_bucket_that_is_not_there_is_not_made(bucket: str) -> None:
    store = Workspace(Path(), "s3://misspelt/gallery").store
    with pytest.raises(UnreachableError, match=r"^s3://misspelt/gallery/prediction/.*cannot be written"):
        store.put("prediction", {}, {"x": 1})
    assert [b["Name"] for b in boto3.client("s3").list_buckets()["Buckets"]] == ["galleries"]
