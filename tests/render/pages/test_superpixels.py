"""An image page whose patches are superpixels instead of the cells of a grid."""

import io
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from gallery.publish.build import publish
from gallery.records import ImageResult, MaskModel
from gallery.render.pages.site import render_site
from tests.render.pages import synthetic

FOLDER = "i/chelsea/embedded-net_a"


def with_superpixels() -> Iterator[ImageResult]:
    """Yield the first result; its cells lean over, so that they fit into no grid."""
    result = next(synthetic.results())
    rows, cols = np.indices((synthetic.SIDE, synthetic.SIDE))
    leaning = (cols + rows // 3) % synthetic.SIDE
    segments = (rows * 7 // synthetic.SIDE * 7 + leaning * 7 // synthetic.SIDE).astype(np.int16)
    model = MaskModel(partition="slic").of(segments)
    yield replace(result, mask_model=model, inputs=replace(result.inputs, segments=segments))


def render(folder: Path) -> Path:
    render_site(
        with_superpixels(),
        catalogue=synthetic.catalogue(),
        settings=synthetic.settings(perturbation={"partition": "slic"}),
        failures=(),
        out=folder / "pages",
        cache=folder / "cache",
    )
    return folder


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = render(tmp_path_factory.mktemp("superpixels"))
    publish(folder / "pages", folder / "site", synthetic.settings(perturbation={"partition": "slic"}))
    return folder


def test_the_page_names_superpixels_and_no_cells(built: Path) -> None:
    page = unescape((built / "site/i/chelsea.html").read_text(encoding="utf-8"))
    assert "49 SLIC superpixels, compactness 20, blur baseline" in page
    assert "patches of 49 kept (segments" in page
    assert "of 49 segments, strongest at segment" in page
    assert "(row, column)" not in page
    assert "about 49 SLIC superpixels" in (built / "site/glossary.html").read_text(encoding="utf-8")


def test_a_map_shows_which_number_is_which(built: Path) -> None:
    page = (built / "site/i/chelsea.html").read_text(encoding="utf-8")
    assert f'href="../{FOLDER}/segments.svg">Where each of them is</a>' in page
    drawing = ET.parse(built / "site" / FOLDER / "segments.svg")
    texts = [text.text for text in drawing.iter("{http://www.w3.org/2000/svg}text")]
    assert texts == [str(number) for number in range(49)]


def test_the_map_of_pixels_can_be_downloaded(built: Path) -> None:
    stored = np.load(io.BytesIO((built / "site" / FOLDER / "segments.npy").read_bytes()))
    segments = next(with_superpixels()).inputs.segments
    assert segments is not None
    assert np.array_equal(stored, segments)


def test_the_same_results_give_the_same_bytes(built: Path, tmp_path: Path) -> None:
    again = render(tmp_path)
    assert synthetic.folder_bytes(again / "pages") == synthetic.folder_bytes(built / "pages")
