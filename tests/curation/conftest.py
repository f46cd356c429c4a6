"""Small pictures and manifests for the tests of curation."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

Colour = tuple[int, int, int]
Picture = Callable[..., Path]
Manifest = Callable[[str], Path]


@pytest.fixture
def picture(tmp_path: Path) -> Picture:
    """Write a one-colour picture below ``tmp_path``; size is (width, height)."""

    def write(name: str, colour: Colour = (10, 20, 30), size: tuple[int, int] = (8, 6)) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", size, colour).save(path)
        return path

    return write


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    """Write ``tmp_path/gallery.toml`` with a title and more text."""

    def write(text: str) -> Path:
        path = tmp_path / "gallery.toml"
        path.write_text(f'title = "Test"\n{text}', encoding="utf-8")
        return path

    return write
