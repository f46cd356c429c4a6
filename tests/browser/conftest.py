"""The synthetic set, rendered and published once."""

from pathlib import Path

import pytest

from tests.render.pages import synthetic


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with ``pages``, ``cache`` and ``site``; not to be changed."""
    return synthetic.rendered(tmp_path_factory)


@pytest.fixture(scope="session")
def built_hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the same with texts that try to break out."""
    return synthetic.rendered(tmp_path_factory, hostile=True)
