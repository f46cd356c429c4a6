"""SLIC superpixels: connected, numbered in reading order, never more than 256, the same every time."""

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import skimage.data
from PIL import Image
from skimage import measure

from gallery.errors import ConfigError, ShapeError
from gallery.records import Int16, UInt8
from gallery.superpixels import MAX_SEGMENTS, slic_segments


def noise(height: int, width: int) -> UInt8:
    return np.random.default_rng(0x511C).integers(0, 256, (height, width, 3)).astype(np.uint8)


def coffee(height: int, width: int) -> UInt8:
    data: Any = skimage.data
    return np.asarray(Image.fromarray(data.coffee()).resize((width, height), Image.Resampling.BICUBIC))


def n_pieces(segments: Int16) -> int:
    """Return the number of pieces that hang together by the edges of their pixels."""
    label: Any = measure.label
    return int(label(segments + 1, connectivity=1).max())  # 0 would count as background


@pytest.mark.parametrize("n_segments", [1, 2, 49, 256])
@pytest.mark.parametrize(
    "view",
    [coffee(48, 64), noise(30, 90), np.full((40, 40, 3), 7, np.uint8), noise(1, 1), noise(2, 3)],
    ids=["photograph", "noise", "constant", "pixel", "tiny"],
)
def test_every_superpixel_is_connected_and_numbered_in_reading_order(view: UInt8, n_segments: int) -> None:
    segments = slic_segments(view, n_segments, 10.0)
    assert segments.shape == view.shape[:2]
    assert segments.dtype == np.int16
    numbers, first = np.unique(segments, return_index=True)
    assert numbers.tolist() == list(range(len(numbers)))
    assert first.tolist() == sorted(first.tolist())
    assert n_pieces(segments) == len(numbers) <= MAX_SEGMENTS


def test_there_are_never_more_than_fit_into_a_mask() -> None:
    # Asked for 256, SLIC makes 336 of this shape.
    assert 128 < slic_segments(np.zeros((64, 48, 3), np.uint8), 256, 1000.0).max() < MAX_SEGMENTS


def test_a_photograph_gets_about_as_many_as_asked_for() -> None:
    for n_segments in (25, 49, 100):
        assert (
            0.5 * n_segments < slic_segments(coffee(224, 224), n_segments, 10.0).max() + 1 < 1.5 * n_segments
        )


def test_fine_texture_does_not_run_into_one_superpixel() -> None:
    grain = noise(224, 224).astype(np.int64) // 6 - 21
    view = np.clip(coffee(224, 224) + grain, 0, 255).astype(np.uint8)
    assert slic_segments(view, 49, 10.0).max() > 20


def test_borders_follow_colours() -> None:
    view = np.zeros((60, 80, 3), np.uint8)
    view[:, 33:] = (200, 120, 40)
    segments = slic_segments(view, 12, 1.0)
    assert not set(segments[:, :32].ravel().tolist()) & set(segments[:, 34:].ravel().tolist())


def test_the_same_picture_gives_the_same_superpixels() -> None:
    view = coffee(48, 64)
    assert np.array_equal(slic_segments(view, 30, 10.0), slic_segments(view.copy(), 30, 10.0))


@pytest.mark.parametrize(
    "view", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3), np.float32), np.zeros((0, 4, 3), np.uint8)]
)
def test_other_arrays_are_refused(view: UInt8) -> None:
    with pytest.raises(ShapeError, match="view"):
        slic_segments(view, 9, 10.0)


@pytest.mark.parametrize(
    ("n_segments", "compactness", "named"),
    [
        (0, 10.0, "n_segments"),
        (257, 10.0, "n_segments"),
        (9, 0.0, "compactness"),
        (9, float("nan"), "compact"),
    ],
)
def test_settings_out_of_range_are_refused(n_segments: int, compactness: float, named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        slic_segments(np.zeros((8, 8, 3), np.uint8), n_segments, compactness)


def test_importing_the_module_does_not_import_scikit_image() -> None:
    code = "import sys, gallery.superpixels; sys.exit('skimage' in sys.modules or 'torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
