"""kill -9 at random moments of every stage: nothing finished is lost, the next run ends in the same bytes."""

import functools
import hashlib
import json
import os
import random
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.conftest import ROOT, Run, Tiny, command, environment, undisturbed, write_set
from tests.pipeline.test_generative import trained
from tests.pipeline.toy import files_of

pytestmark = pytest.mark.slow
CONCEPTS = """
[concepts]
classes = ["dog"]
n_views = 60
hidden = [32, 16]
epochs = 4
n_seeds = 2
learning_rate = 0.01
batch = 10
layer = "features"
n_strongest = 2
maps = { grad_cam = {}, occlusion = { cells = 2, steps = 1 } }
"""
KILLS = 3
"""For every stage; a real kill in the middle of MkDocs, as often, comes on top."""
STAGES = {
    # stage: (arguments, folder whose changes are counted, what is there already)
    "explain": (("explain",), "/build/", ()),
    "measure": (("measure",), "/build/store/measurement/", ("build/store",)),
    "render": (("render",), "/build/", ("build/store", "build/results.json")),
    "publish": (("publish",), "/site/", ("build/store", "build/results.json", "build/pages")),
    "archive": (("publish", "--archive"), "/build/archive/", ("build",)),
    "export": (("export", "{out}/files"), "/files/", ("build/store", "build/results.json")),
    "build": (("build",), "", ()),
}


def prepared(tiny: Tiny, out: Path, stage: str) -> list[str | Path]:
    """Copy what earlier stages have made to ``out``, and return the arguments of the stage."""
    arguments, _, given = STAGES[stage]
    for name in given:
        source, target = tiny.out / name, out / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, target) if source.is_dir() else shutil.copy2(source, target)
    if stage == "measure":
        shutil.rmtree(out / "build/store/measurement")
    if stage == "archive":
        shutil.rmtree(out / "build/archive")
    return [*(one.format(out=out) for one in arguments), tiny.folder, "--out", out]


def results(out: Path) -> dict[str, bytes]:
    """Return the finished results in the store."""
    store = files_of(out / "build/store")
    finished = {name for name in store if name.endswith(".json")}
    return {name: data for name, data in store.items() if re.sub(r"npz$", "json", name) in finished}


def check_recovery(tiny: Tiny, out: Path, run: Run, again: list[str | Path]) -> str:
    """Run the same command again, then everything; return what the first said."""
    kept = results(out)
    first = run(*again)
    assert first.returncode == 0, first.stderr
    assert "Traceback" not in first.stderr
    after = results(out)
    assert {name: after.get(name) for name in kept} == kept, "a finished result was lost or made again"
    if again[0] != "build":
        done = run("build", tiny.folder, "--out", out, "--quiet")
        assert (done.returncode, done.stderr) == (0, "")
    for part in ("site", "build/archive", "files"):
        if (out / part).is_dir():
            wanted = files_of(tiny.out / part, without="timings.json")
            assert files_of(out / part, without="timings.json") == wanted
    assert not [path for path in (out / "build").rglob("*") if "part" in path.name]
    return first.stderr


@pytest.fixture(scope="module")
def n_changes(tiny: Tiny, run: Run, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], int]:
    """Return how many changes to files a stage makes."""

    @functools.cache
    def count(stage: str) -> int:
        out = tmp_path_factory.mktemp(f"count-{stage}") / "out"
        arguments = prepared(tiny, out, stage)
        done = run(*arguments, FAULT="count:0", FAULT_UNDER=f"{out}{STAGES[stage][1]}")
        assert done.returncode == 0, done.stderr
        return int(done.stderr.rpartition("changes: ")[2])

    return count


@pytest.mark.parametrize("kill", range(KILLS))
@pytest.mark.parametrize("stage", STAGES)
def test_a_kill_at_any_change_of_a_file(
    tiny: Tiny, out: Path, run: Run, n_changes: Callable[[str], int], stage: str, kill: int
) -> None:
    arguments = prepared(tiny, out, stage)
    moment = random.Random(f"{stage} {kill}").randint(1, n_changes(stage))
    killed = run(*arguments, FAULT=f"kill:{moment}", FAULT_UNDER=f"{out}{STAGES[stage][1]}")
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    said = check_recovery(tiny, out, run, arguments)
    assert f"gallery {arguments[0]} (process " in said
    assert "did not finish; what it had finished is used." in said


@pytest.fixture(scope="module")
def learning(tmp_path_factory: pytest.TempPathFactory, run: Run) -> Tiny:
    """Return a set that learns concepts and explains an autoencoder, built once without any fault."""
    folder = tmp_path_factory.mktemp("learning")
    checkpoint = trained(folder / "digits", "digits:3")
    sha256 = hashlib.sha256(checkpoint.read_bytes()).hexdigest()
    listed = f"{json.dumps(f'digits/{checkpoint.name}')} = {json.dumps(sha256)}"
    vae = f"[vae]\nn_samples = 2\ntrained = {{ {listed} }}\n"
    write_set(folder, f"\n{CONCEPTS}\n{vae}")
    return undisturbed(folder, run)


@pytest.mark.parametrize("kill", range(KILLS))
@pytest.mark.parametrize("kind", ["concept", "vae"])
def test_a_kill_while_learning(
    learning: Tiny, out: Path, run: Run, kind: str, kill: int, tmp_path: Path
) -> None:
    kinds = shutil.ignore_patterns(f"{kind}*")
    given = Path(shutil.copytree(learning.out / "build", tmp_path / "given/build", ignore=kinds)).parent
    assert len(list((given / "build/store").iterdir())) < len(list((learning.out / "build/store").iterdir()))
    shutil.copytree(given, out)
    arguments: list[str | Path] = ["build", learning.folder, "--out"]
    counted = run(*arguments, given, FAULT="count:0", FAULT_UNDER=f"{given}/build/store/{kind}")
    n_changes = int(counted.stderr.rpartition("changes: ")[2])
    moment = random.Random(f"{kind} {kill}").randint(1, n_changes)
    killed = run(*arguments, out, FAULT=f"kill:{moment}", FAULT_UNDER=f"{out}/build/store/{kind}")
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    check_recovery(learning, out, run, [*arguments, out])


@pytest.mark.parametrize("kill", range(3))
def test_a_kill_while_mkdocs_is_running(tiny: Tiny, out: Path, run: Run, kill: int) -> None:
    arguments = prepared(tiny, out, "publish")
    with subprocess.Popen(
        command(*arguments), cwd=ROOT, env=environment(), stderr=subprocess.DEVNULL, start_new_session=True
    ) as process:
        while not list(out.glob("site/.publish-draft*/*")):
            time.sleep(0.002)
            assert process.poll() is None
        time.sleep(random.Random(kill).uniform(0, 0.3))
        process.kill()
        process.wait()
    # MkDocs itself, now an orphan, is still writing while the next publish runs.
    check_recovery(tiny, out, run, arguments)
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
