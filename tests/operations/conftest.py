"""The tiny set as a job, and its finished results."""

import shutil
from pathlib import Path

import pytest

from gallery.pipeline.build import Job
from gallery.pipeline.workspace import Workspace
from tests.pipeline import toy


@pytest.fixture(scope="session")
def explained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with pictures and a workspace "out" in which the tiny set is explained."""
    folder = tmp_path_factory.mktemp("tiny")
    toy.write_pictures(folder)
    with pytest.MonkeyPatch.context() as patch:
        toy.patch_classifiers(patch)
        toy.run(folder, folder / "out")
    return folder


@pytest.fixture
def job(explained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Job:
    """Return the tiny set with a copy of its results, which may be changed."""
    toy.patch_classifiers(monkeypatch)
    folder = Path(shutil.copytree(explained, tmp_path / "tiny"))
    return Job(toy.settings_of(), folder, Workspace(folder / "out"), "cpu")
