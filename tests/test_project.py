"""What stands in several files must agree."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from gallery import __version__

ROOT = Path(__file__).parents[1]


def test_the_citation_file_names_this_version() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert str(citation["version"]) == __version__
    assert {"authors", "cff-version", "message", "title"} <= citation.keys()


def test_the_readme_names_every_command() -> None:
    help_text = subprocess.run(
        [sys.executable, "-m", "gallery", "--help"], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout
    commands = re.findall(r"^[^a-z]{1,4}([a-z]+) {2,}\S", help_text.partition("Commands")[2], re.MULTILINE)
    assert len(commands) >= 10
    readme = (ROOT / "README.md").read_text("utf-8")
    listed = re.search(r"`gallery ([a-z |]+)`", readme)
    assert listed
    assert set(listed[1].split(" | ")) == set(commands)


def test_continuous_integration_runs_the_readmes_test_command() -> None:
    assert "make test" in (ROOT / "README.md").read_text("utf-8")
    assert (ROOT / ".ci" / "run").read_text("utf-8").rstrip().endswith("exec make test")


@pytest.mark.parametrize("target", ["gallery", "serve", "test", "check", "help", "clean"])
def test_make_has_a_described_target(target: str) -> None:
    assert re.search(rf"^{target}:.*## \w", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)


def test_the_wheel_takes_the_templates_along() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    included = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert included == {"templates": "gallery/_templates", "mkdocs.yml": "gallery/_templates/mkdocs.yml"}
