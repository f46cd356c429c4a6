"""Every figure that may leave an image page says what it shows and where it is from."""

from pathlib import Path

import pytest

PATTERNS = ("*.svg", "*.pdf", "*.png", "mse-*.webp", "removed-*.webp", "../card.png")
AS_THEY_ARE = ("heat-",)  # grey maps, which the page colours: raw data, not figures


@pytest.mark.parametrize("pattern", PATTERNS)
def test_figures_name_image_classifier_and_source(built: Path, pattern: str) -> None:
    folder = built / "pages/i/chelsea/embedded-net_b"
    files = [file for file in folder.glob(pattern) if not file.name.startswith(AS_THEY_ARE)]
    assert files
    for file in files:
        said = file.read_bytes()
        assert b"<eg:image>chelsea</eg:image>" in said, file.name
        assert b"<eg:classifier>embedded:net_" in said, file.name
        assert b"<dc:source>" in said, file.name
        assert b"<dc:rights>" in said, file.name
        assert b"<dc:identifier>https://" in said, file.name


def test_a_picture_of_patches_names_its_patches_and_its_place(built: Path) -> None:
    said = (built / "pages/i/chelsea/embedded-net_b/mse-1.webp").read_text("utf-8", "replace")
    assert "<eg:patches>" in said
    assert "#embedded-net_b-mse-1</eg:permalink>" in said
