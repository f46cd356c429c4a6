"""Running commands in this process on a set of two photographs for the toy classifier."""

import json
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from gallery import cli
from tests.pipeline import toy

SET = """\
title = "Tiny"
seed = 5
classifiers = ["toy:4"]
methods = { grad_cam = {} }
perturbation = { rows = 2, cols = 2, baseline = "black" }
search = { n_random = 2, max_mses = 1 }
measures = { names = ["deletion"], step_px = 512 }
"""


def run(*arguments: str | Path) -> Result:
    """Run the command line in this process."""
    return CliRunner().invoke(cli.app, [str(argument) for argument in arguments])


def write_set(folder: Path, *names: str) -> Path:
    """Write photographs and a manifest with those of them that are named."""
    toy.write_pictures(folder)
    images = "".join(f'\n[[images]]\nsource = "file:{name}.png"\n' for name in names)
    path = folder / "gallery.toml"
    path.write_text(SET + images, encoding="utf-8")
    return path


def lines_of(text: str) -> list[dict[str, Any]]:
    """Return JSON lines as objects."""
    return [json.loads(line) for line in text.splitlines()]


def log_of(out: Path) -> list[dict[str, Any]]:
    """Return the lines of the one log file of a workspace."""
    (file,) = (out / "build/logs").glob("*.jsonl")
    return lines_of(file.read_text("utf-8"))
