"""A set of two photographs that takes milliseconds to explain."""

from pathlib import Path

import pytest

from tests.cli import commands
from tests.pipeline import toy


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the manifest."""
    toy.patch_classifiers(monkeypatch)
    folder = tmp_path / "set"
    folder.mkdir()
    return commands.write_set(folder, "alpha", "beta")
