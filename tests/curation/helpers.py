"""Small pictures and manifests for the tests of curation."""

from pathlib import Path

from PIL import Image


def picture(path: Path, colour: tuple[int, int, int] = (10, 20, 30), size: tuple[int, int] = (8, 6)) -> Path:
    """Write a one-colour picture of ``size`` (width, height)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)
    return path


def manifest(folder: Path, text: str) -> Path:
    """Write a manifest with a title and ``text``."""
    path = folder / "gallery.toml"
    path.write_text(f'title = "Test"\n{text}', encoding="utf-8")
    return path
