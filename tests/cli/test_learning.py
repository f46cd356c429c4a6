"""Learning concepts on the command line."""

import hashlib
import json
from pathlib import Path

from tests.cli.commands import run

CONCEPTS = """
[concepts]
classes = ["dog"]
layer = "features"
n_views = 60
n_features = 2
hidden = [4]
epochs = 1
n_seeds = 1
"""


def test_networks_and_logs_are_written_and_the_manifests_lines_are_said(tiny: Path, tmp_path: Path) -> None:
    head, images = tiny.read_text(encoding="utf-8").split("\n[[images]]", 1)
    tiny.write_text(f"{head}{CONCEPTS}\n[[images]]{images}", encoding="utf-8")
    done = run("concepts", "train", tiny, "--to", tmp_path / "trained", "--device", "cpu")
    assert done.exit_code == 0, done.output
    file = tmp_path / "trained" / "toy-4-1.safetensors"
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert done.stdout == f'[concepts.trained]\n"toy-4-1.safetensors" = "{digest}"\n'
    log = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
    assert (log["class"], log["sha256"]) == ("dog", digest)
    assert log["network"]["attempts"]
    assert {path.name for path in tmp_path.iterdir()} == {"set", "trained"}


def test_a_set_without_concepts_says_what_to_add(tiny: Path, tmp_path: Path) -> None:
    done = run("concepts", "train", tiny, "--to", tmp_path / "trained")
    assert done.exit_code == 2
    assert "Add a table [concepts]" in " ".join(done.stderr.split())
