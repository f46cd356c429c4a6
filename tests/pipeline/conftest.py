"""The tiny set, its pictures and its results, made once."""

import shutil
from pathlib import Path

import pytest

from tests.pipeline import toy


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the tiny set's photographs; not to be changed."""
    folder = tmp_path_factory.mktemp("pictures")
    toy.write_pictures(folder)
    return folder


@pytest.fixture(scope="session")
def explained(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a workspace in which the tiny set has been explained; not to be changed."""
    out = tmp_path_factory.mktemp("explained")
    with pytest.MonkeyPatch.context() as patch:
        toy.patch_classifiers(patch)
        toy.run(pictures, out)
    return out


@pytest.fixture
def finished(explained: Path, tmp_path: Path) -> Path:
    """Return a copy of the explained workspace."""
    return Path(shutil.copytree(explained, tmp_path / "finished"))


@pytest.fixture
def toys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every classifier be a toy."""
    toy.patch_classifiers(monkeypatch)
