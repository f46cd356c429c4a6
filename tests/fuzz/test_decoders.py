"""Damaged photographs of every format: each is decoded or refused with a reason, soon, and no more."""

import json
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from gallery.curation.decode import FORMATS
from tests.fuzz.mutations import MUTATIONS
from tests.fuzz.photographs import photographs

ROOT = Path(__file__).parents[2]
SECONDS = 20.0
"""For one file of a few kilobytes, on a busy machine; the slowest take a tenth of a second."""


def mutants(folder: Path, count: int, seed: int) -> list[Path]:
    """Write ``count`` damaged files; every photograph and every mutation has its turn."""
    sound = list(photographs().items())
    files = []
    for number in range(count):
        draw = random.Random(f"{seed} {number}")
        name, data = sound[number % len(sound)]
        mutate = MUTATIONS[(number // len(sound) + number) % len(MUTATIONS)]
        file = folder / f"{number:04}-{name}-{mutate.__name__}"
        file.write_bytes(mutate(data, draw.choice(sound)[1], draw))
        files.append(file)
    return files


def decoded(files: Sequence[Path], seconds: float = SECONDS) -> Counter[str]:
    """Decode files in another process and count the outcomes; fails on a crash, a hang or a side effect."""
    command = [sys.executable, "-m", "tests.fuzz.worker", *map(str, files)]
    budget = 30 + seconds * len(files) / 4
    try:
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=budget, check=False)
    except subprocess.TimeoutExpired as error:
        pytest.fail(f"hangs: {(error.stdout or b'').decode().splitlines()[-1:]}")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, f"crashed ({done.returncode}) at {lines[-1:]}: {done.stderr[-500:]}"
    ended = [line for line in lines if "outcome" in line]
    assert len(ended) == len(files)
    assert [line for line in ended if line["seconds"] > seconds] == []
    assert [line for line in ended if line["events"]] == []
    assert [line for line in ended if line["outcome"] not in {"decoded", "refused"}] == []
    return Counter(line["outcome"] for line in ended)


def test_the_corpus_is_sound_and_has_every_format(tmp_path: Path) -> None:
    files = []
    for name, data in photographs().items():
        files.append(tmp_path / name)
        files[-1].write_bytes(data)
    assert decoded(files) == Counter(decoded=len(files))
    kinds = {file.name.partition("-")[0].upper() for file in files}
    assert kinds >= set(FORMATS)


def test_sixty_damaged_files(tmp_path: Path) -> None:
    counts = decoded(mutants(tmp_path, 60, seed=1))
    assert counts["refused"] > 20
    assert counts["decoded"] > 2


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 12))
def test_two_hundred_damaged_files(tmp_path: Path, seed: int) -> None:
    counts = decoded(mutants(tmp_path, 200, seed=seed))
    assert min(counts["decoded"], counts["refused"]) > 10


def test_the_worker_sees_a_side_effect(tmp_path: Path) -> None:
    setup = "import sys; from tests.fuzz.worker import watch; events = []; watch(events)"
    script = f"{setup}; open(sys.argv[1], 'w'); print(events)"
    command = [sys.executable, "-c", script, str(tmp_path / "x")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)
    assert "open" in done.stdout
