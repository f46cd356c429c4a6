"""Everything else that goes wrong on a machine: disks, clocks, rivals, tools, memory. Each fault is real.

Every test ends the same way: what was finished is still there, the message says what happened and what to
do, and the next run completes to the bytes of a build without faults.
"""

import errno
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.conftest import ROOT, Run, Tiny, command, environment
from tests.faults.test_killed import results
from tests.pipeline.toy import files_of

pytestmark = pytest.mark.slow
STAGES = {"explain": "/build/store/", "render": "/build/pages/", "publish": "/site/"}


def completes(tiny: Tiny, out: Path, run: Run) -> str:
    """Build once more without a fault, compare, and return what was said."""
    kept = results(out)
    done = run("build", tiny.folder, "--out", out)
    assert done.returncode == 0, done.stderr
    assert files_of(out / "site") == files_of(tiny.out / "site")
    after = results(out)
    assert {name: after.get(name) for name in kept} == kept
    return done.stderr


def failed(done: "subprocess.CompletedProcess[str]", code: int = 2) -> str:
    """Return the message of a command that failed as it should: one plain error."""
    assert done.returncode == code, (done.returncode, done.stderr)
    assert "Traceback" not in done.stderr
    return done.stderr[done.stderr.index("Error: ") :]


# --- disks ------------------------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a file system of 1 MB; skipped where that is not allowed."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("needs the right to mount")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk(tiny: Tiny, small_disk: Path, run: Run) -> None:
    said = failed(run("build", tiny.folder, "--out", small_disk))
    assert "No space left on device" in said
    assert "The disk is full: free some space. What is finished is kept; run the same command again" in said
    assert results(small_disk)
    assert not list(small_disk.rglob(".part-*"))
    subprocess.run(["mount", "-o", "remount,size=256m", str(small_disk)], check=True)
    completes(tiny, small_disk, run)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EIO, errno.EDQUOT])
@pytest.mark.parametrize("stage", STAGES)
def test_writing_fails_from_some_moment_on(tiny: Tiny, out: Path, run: Run, stage: str, number: int) -> None:
    moment = random.Random(f"{stage} {number}").randint(1, 40)
    done = run(
        "build", tiny.folder, "--out", out, FAULT=f"{number}:{moment}", FAULT_UNDER=f"{out}{STAGES[stage]}"
    )
    said = failed(done)
    assert os.strerror(number) in said
    assert ("kept; run the same command again" in said) or ("choose another folder" in said)
    completes(tiny, out, run)


def test_a_limit_on_the_size_of_files(tiny: Tiny, out: Path, run: Run) -> None:
    build = command("build", tiny.folder, "--out", out)
    limited = subprocess.run(
        ["bash", "-c", 'ulimit -f 6; trap "" XFSZ; exec "$@"', "-", *build],
        cwd=ROOT, env=environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "File too large" in failed(limited)
    assert "ulimit -f" in limited.stderr
    completes(tiny, out, run)


def test_a_folder_that_may_not_be_written(tiny: Tiny, built: Path, run: Run) -> None:
    if os.getuid() == 0:
        subprocess.run(["mount", "--bind", str(built), str(built)], check=True)
        subprocess.run(["mount", "-o", "remount,ro,bind", str(built)], check=True)
    else:
        built.chmod(0o555)
    try:
        said = failed(run("build", tiny.folder, "--out", built))
    finally:
        if os.getuid() == 0:
            subprocess.run(["umount", "-l", str(built)], check=True)
        else:
            built.chmod(0o755)
    assert "Make it writable, or choose another folder with --out." in said
    completes(tiny, built, run)


# --- damage -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(6))
def test_damaged_files_are_noticed_and_made_again(tiny: Tiny, built: Path, run: Run, seed: int) -> None:
    draw = random.Random(seed)
    stored = sorted(path for path in (built / "build/store").rglob("*") if path.is_file())
    stored = [path for path in stored if "tuning" not in path.parts]
    drawn = sorted(path for path in (built / "build/figures").rglob("*") if path.is_file())
    pages = sorted(path for path in (built / "build/pages").rglob("*") if path.is_file())
    hit = [draw.choice(stored), draw.choice(drawn), draw.choice(pages)]
    for path in hit:
        data = bytearray(path.read_bytes())
        if seed % 2:
            data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
        else:
            del data[draw.randrange(len(data)) :]
        path.write_bytes(data)
    done = run("build", tiny.folder, "--out", built)
    assert done.returncode == 0, done.stderr
    store_told = f"{hit[0].with_suffix('.json')} is damaged" in done.stderr
    assert store_told or hit[0].read_bytes() == (tiny.out / hit[0].relative_to(built)).read_bytes()
    assert f"{hit[1]} is damaged; it will be drawn again." in done.stderr
    assert files_of(built / "site") == files_of(tiny.out / "site")
    assert files_of(built / "build/pages") == files_of(tiny.out / "build/pages")


def test_a_damaged_index_is_told_and_made_again(tiny: Tiny, built: Path, run: Run) -> None:
    index = built / "build/results.json"
    index.write_bytes(index.read_bytes()[:-40])
    said = failed(run("render", tiny.folder, "--out", built))
    assert "results.json: damaged" in said
    assert "Run `gallery measure`" in said
    completes(tiny, built, run)


# --- clocks and rivals ------------------------------------------------------------------------------------


def test_a_clock_that_was_set_back(tiny: Tiny, built: Path, run: Run) -> None:
    future = time.time() + 10**8
    for path in (built / "build").rglob("*"):
        os.utime(path, (future, future))
    done = run("build", tiny.folder, "--out", built, CLOCK="back")
    assert (done.returncode, done.stderr.count("damaged")) == (0, 0)
    assert "from the store" in done.stderr
    assert files_of(built / "site") == files_of(tiny.out / "site")


def test_a_clock_that_runs_backwards_from_the_start(tiny: Tiny, out: Path, run: Run) -> None:
    done = run("build", tiny.folder, "--out", out, CLOCK="back")
    assert done.returncode == 0, done.stderr
    assert files_of(out / "site") == files_of(tiny.out / "site")


def test_two_builds_at_once(tiny: Tiny, out: Path, run: Run) -> None:
    build = ("build", tiny.folder, "--out", out)
    with subprocess.Popen(
        command(*build), cwd=ROOT, env=environment(), stderr=subprocess.PIPE, text=True
    ) as first:
        while not (out / "build/.lock").is_file() or not (out / "build/.lock").read_bytes():
            time.sleep(0.01)
        first.send_signal(signal.SIGSTOP)  # so that it is still at it when the second comes
        said = failed(run(*build), code=4)
        first.send_signal(signal.SIGCONT)
        _, errors = first.communicate(timeout=120)
    assert first.returncode == 0, errors
    assert f"gallery build (process {first.pid}) is writing there. Wait until it has finished" in said
    assert files_of(out / "site") == files_of(tiny.out / "site")


# --- tools and models -------------------------------------------------------------------------------------

VERSION = "#!/bin/sh\nif [ $1 = -V ]; then echo 'dot - graphviz version 9.9' >&2; exit; fi\n"
DOTS = {
    "missing": (None, "was not found. Install it with 'apt-get install graphviz'"),
    "not executable": ("", "cannot be run (Permission denied)"),
    "crashing at once": ("#!/bin/sh\nkill -SEGV $$\n", "did not tell its version (status -11)"),
    "crashing": (f"{VERSION}kill -SEGV $$\n", "ended with status -11"),
    "mumbling": (f"{VERSION}echo '{{}}'\n", "returned a layout that could not be read"),
}


@pytest.mark.parametrize("fault", DOTS)
def test_dot_fails(tiny: Tiny, out: Path, run: Run, tmp_path: Path, fault: str) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    content, expected = DOTS[fault]
    if content is not None:
        (tools / "dot").write_text(content)
        (tools / "dot").chmod(0o755 if content else 0o644)
    path = f"{tools}:{Path(sys.executable).parent}"
    if content:
        path += ":/bin"
    said = failed(run("build", tiny.folder, "--out", out, PATH=path))
    assert expected in said
    assert "same command again" in said
    assert "from the store" in completes(tiny, out, run)


@pytest.mark.parametrize("fault", ["nan", "memory", "batch"])
def test_a_classifier_fails(tiny: Tiny, out: Path, run: Run, fault: str) -> None:
    done = run("build", tiny.folder, "--out", out, CLASSIFIER=fault)
    assert "Traceback" not in done.stderr
    if fault == "batch":
        assert done.returncode == 0, done.stderr
        assert "images at a time do not fit into memory; going on with" in done.stderr
    else:
        assert done.returncode == 1
        assert "1 image could not be finished:" in done.stderr
        assert {"nan": "returned NaN or infinity", "memory": "not even one image fits"}[fault] in done.stderr
        assert (out / "site/i/a.html").is_file()
        assert not (out / "site/i/b.html").exists()
    completes(tiny, out, run)


def test_a_download_killed_half_way(tmp_path: Path) -> None:
    script = ROOT / "tests/faults/download.py"
    target = tmp_path / "cache/net.pth"
    run = [sys.executable, str(script), str(target)]
    killed = subprocess.run([*run, "kill"], cwd=ROOT, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert not target.exists()
    assert len(list(target.parent.iterdir())) == 1
    broken = subprocess.run([*run, "break"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert "the connection broke after" in broken.stderr
    assert "save it as" in broken.stderr
    assert list(target.parent.iterdir()) == []
    subprocess.run([*run, "whole"], cwd=ROOT, check=True)
    assert [path.name for path in target.parent.iterdir()] == ["net.pth"]


def test_a_site_whose_publish_fails_stays(tiny: Tiny, built: Path, run: Run) -> None:
    before = files_of(built / "site")
    about = built / "build/pages/about.md"
    about.write_text(about.read_text("utf-8") + '\n<a href="gone.html">x</a>\n', "utf-8")
    said = failed(run("publish", tiny.folder, "--out", built))
    assert "about.html: gone.html: leads nowhere" in said
    assert files_of(built / "site") == before
    completes(tiny, built, run)
    shutil.rmtree(built / "site")
    completes(tiny, built, run)
