"""What is needed, against what is installed."""

import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from gallery.installed import (
    DISTRIBUTION,
    applying,
    explaining_versions,
    installed,
    needed,
    python_wanted,
    versions,
)

PROJECT = Path(__file__).parents[1] / "pyproject.toml"
ASKED = ["numpy>=2", "pillow>=9999", "no-such-package>=1", 'ray>=2; extra == "ray"', "not a requirement"]


def test_what_is_needed_is_what_the_project_file_says() -> None:
    project = tomllib.loads(PROJECT.read_text("utf-8"))["project"]
    # Metadata is written at installation; after a change of the file, "pip install -e ." renews it.
    asked = [canonicalize_name(Requirement(text).name) for text in project["dependencies"]]
    assert sorted(canonicalize_name(one.name) for one in needed()) == sorted(asked)
    assert python_wanted() == project["requires-python"]


def test_versions_are_compared_with_those_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.metadata.requires", lambda name: ASKED if name == DISTRIBUTION else None)
    found = {one.name: one for one in installed()}
    assert list(found) == ["no-such-package", "numpy", "pillow"]
    assert [one.fits for one in found.values()] == [False, True, False]
    assert found["no-such-package"].version == ""
    assert found["pillow"].requirement == "pillow>=9999"
    assert versions() == {name: metadata.version(name) for name in ("numpy", "pillow")}


def test_nothing_is_known_where_the_package_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr("importlib.metadata.requires", missing)
    monkeypatch.setattr("importlib.metadata.metadata", missing)
    assert needed() == []
    assert "2.7" in python_wanted()


def test_requirements_of_other_systems_and_of_extras_do_not_apply() -> None:
    asked = ['a; python_version < "3"', "b", 'c; sys_platform != "nowhere"', 'd[fast]>=1; extra == "e"']
    assert [one.name for one in applying(asked)] == ["b", "c"]


def test_what_decides_the_numbers_is_recorded_with_its_version() -> None:
    found = explaining_versions()
    assert list(found)[:2] == [DISTRIBUTION, "python"]
    assert found["torch"] == metadata.version("torch")
