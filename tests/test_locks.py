"""One writer at a time, who is named, and who leaves no lock behind by dying."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gallery.errors import BusyError, StoreError
from gallery.locks import Holder, locked
from gallery.pipeline.workspace import Workspace

ROOT = Path(__file__).parents[1]
HOLD = """\
import sys, time
from pathlib import Path
from gallery.locks import locked
with locked(Path(sys.argv[1]), "gallery build"):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_writer_is_told_who_the_first_is_and_what_to_do(tmp_path: Path) -> None:
    file = tmp_path / "build" / ".lock"
    with locked(file, "gallery build"):
        with pytest.raises(BusyError) as told, locked(file, "gallery render"):
            pass
        told_again = str(told.value)
    assert told_again == (
        f"{file.parent}: gallery build (process {os.getpid()}) is writing there. Wait until it has finished, "
        f"or stop it (kill {os.getpid()}), or choose another --out."
    )
    with locked(file, "gallery render") as killed:
        assert killed is None
    assert file.read_bytes() == b""


def test_an_error_inside_frees_the_lock(tmp_path: Path) -> None:
    with pytest.raises(KeyError), locked(tmp_path / "l", "one"):
        raise KeyError
    with locked(tmp_path / "l", "another") as killed:
        assert killed is None


def test_readers_of_different_parts_share_and_keep_a_writer_out(tmp_path: Path) -> None:
    file = tmp_path / "l"
    refused = pytest.raises(BusyError, match="another gallery process is writing")
    one, two = (locked(file, f"shard {number}", shared=True) for number in (1, 2))
    with one, two, refused, locked(file, "build"):
        pass
    with locked(file, "build"), pytest.raises(BusyError), locked(file, "shard 1", shared=True):
        pass


def test_the_lock_of_a_killed_process_is_taken_over(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    file = tmp_path / "build" / ".lock"
    part = tmp_path / "build/store/heatmap/ab/.part-x"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(file)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(BusyError, match=rf"gallery build \(process {process.pid}\)"), locked(file, "x"):
            pass
        process.send_signal(signal.SIGKILL)
        process.wait()
    part.parent.mkdir(parents=True)
    part.write_bytes(b"half a result")
    assert json.loads(file.read_bytes())["pid"] == process.pid
    with workspace.writing("gallery build"):
        assert not part.exists()
    with locked(file, "y") as killed:
        assert killed is None


def test_another_machine_is_named(tmp_path: Path) -> None:
    (tmp_path / "l").write_text(json.dumps({"pid": 7, "host": "node-3", "doing": "gallery measure"}))
    with locked(tmp_path / "l", "x") as killed:
        assert killed == Holder(7, "node-3", "gallery measure")
        assert str(killed) == "gallery measure (process 7 on node-3)"


@pytest.mark.parametrize("content", [b"\xff\x00", b"[]", b'{"pid": "x"}', b"{"])
def test_a_damaged_lock_file_does_not_matter(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "l").write_bytes(content)
    with locked(tmp_path / "l", "x") as killed:
        assert killed is None


def test_a_folder_that_cannot_be_written_is_a_plain_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"\.lock: cannot be written \(Not a directory\)"):
        Workspace(tmp_path / "file").writing("x").__enter__()
