"""A tiny set, what a build of it gives when nothing goes wrong, and processes that faults may hit."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]
SET = """\
title = "Tiny"
classifiers = ["toy:4"]
methods = { grad_cam = {}, rise = { n_masks = 16, cells = 3 } }
perturbation = { rows = 2, cols = 2, baseline = "black" }
search = { n_random = 2, max_mses = 1 }
measures = { names = ["deletion"], step_px = 512 }
"""
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@dataclass(frozen=True)
class Tiny:
    """A set and its undisturbed build; not to be changed.

    Attributes:
        folder: Of the manifest.
        out: Built, archived and exported (to ``out/files``).
    """

    folder: Path
    out: Path


def command(*arguments: str | Path) -> list[str]:
    """Return the command line of a builder; see ``tests.faults.builder``."""
    return [sys.executable, "-m", "tests.faults.builder", *map(str, arguments)]


def environment(**given: str) -> dict[str, str]:
    """Return the environment of a builder: faults, and one thread."""
    return os.environ | {"OMP_NUM_THREADS": "1"} | given


@pytest.fixture(scope="session")
def run() -> Run:
    """Run a builder to its end."""

    def run(*arguments: str | Path, **given: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command(*arguments),
            cwd=ROOT,
            env=environment(**given),
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

    return run


def write_set(folder: Path, tables: str = "") -> None:
    """Write the tiny set: three photographs of noise, and further tables of its manifest."""
    names = ("a", "b", "c")
    for number, name in enumerate(names):
        pixels = np.random.default_rng(number).integers(0, 256, (40, 40, 3), dtype=np.uint8)
        if name == "b":
            pixels[:12, :12] = 255  # by which a classifier that is to fail knows it
        Image.fromarray(pixels).save(folder / f"{name}.png")
    images = "".join(f'\n[[images]]\nsource = "file:{name}.png"\n' for name in names)
    (folder / "gallery.toml").write_text(SET + images + tables, encoding="utf-8")


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory, run: Run) -> Tiny:
    """Return the tiny set, built once without any fault."""
    folder = tmp_path_factory.mktemp("faults")
    write_set(folder)
    return undisturbed(folder, run)


def undisturbed(folder: Path, run: Run) -> Tiny:
    """Build, archive and export the set in a folder."""
    out = folder / "out"
    for arguments in (("build",), ("publish", "--archive"), ("export", out / "files")):
        done = run(*arguments, folder, "--out", out, "--quiet")
        assert (done.returncode, done.stderr) == (0, "")
    return Tiny(folder, out)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Return an output folder that does not exist yet."""
    return tmp_path / "out"


@pytest.fixture
def built(tiny: Tiny, tmp_path: Path) -> Path:
    """Return a copy of the undisturbed build."""
    return Path(shutil.copytree(tiny.out, tmp_path / "built"))
