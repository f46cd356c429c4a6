"""``gallery.preprocess``: parity with torchvision, and views that line up with the classifier's input."""

from typing import Literal

import numpy as np
import pytest
from PIL import Image
from torchvision import transforms
from torchvision.transforms import InterpolationMode

from gallery.errors import ShapeError
from gallery.preprocess import MAX_ASPECT, display_view, preprocess, region_window
from gallery.records import Preprocessing, UInt8

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def photograph(height: int, width: int, seed: int = 0) -> UInt8:
    """Return (height, width, 3) uint8: smooth ramps, different per channel, with noise."""
    rows, cols = np.mgrid[0:height, 0:width]
    ramps = np.stack(
        [rows * 160 / height, cols * 160 / width, (rows + cols) * 160 / (height + width)], axis=-1
    )
    noise = np.random.default_rng(seed).integers(0, 90, (height, width, 3))
    return (ramps + noise).astype(np.uint8)


def recipe(
    size: tuple[int, int] = (224, 224),
    resize: int | None = 256,
    kind: Literal["bilinear", "bicubic"] = "bilinear",
) -> Preprocessing:
    return Preprocessing(size, resize, kind, MEAN, STD)


def torchvision_says(pixels: UInt8, p: Preprocessing) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    kind = InterpolationMode(p.interpolation)
    steps = [
        transforms.Resize(list(p.size) if p.resize is None else p.resize, interpolation=kind, antialias=True)
    ]
    steps += [] if p.resize is None else [transforms.CenterCrop(p.size)]
    steps += [transforms.ToTensor(), transforms.Normalize(p.mean, p.std)]
    result: np.ndarray[tuple[int, ...], np.dtype[np.float32]] = transforms.Compose(steps)(
        Image.fromarray(pixels)
    ).numpy()[None]
    return result


@pytest.mark.parametrize("kind", ["bilinear", "bicubic"])
@pytest.mark.parametrize(
    ("height", "width"),
    [(300, 400), (401, 301), (256, 256), (257, 911), (60, 40), (10, 33), (1, 1), (640, 427), (224, 224)],
)
def test_equals_torchvision_bit_for_bit(
    height: int, width: int, kind: Literal["bilinear", "bicubic"]
) -> None:
    pixels = photograph(height, width)
    p = recipe(kind=kind)
    np.testing.assert_array_equal(preprocess(pixels, p), torchvision_says(pixels, p))


@pytest.mark.parametrize(
    "p",
    [
        recipe((224, 224), None),
        recipe((160, 96), None, "bicubic"),
        recipe((97, 64), 129),
        recipe((225, 224), 235, "bicubic"),
        recipe((64, 64), 64),
        recipe((65, 64), 33),  # window larger than the resized photograph: black borders, odd widths
        recipe((40, 90), 64),
    ],
    ids=str,
)
@pytest.mark.parametrize(("height", "width"), [(123, 211), (211, 122), (50, 50)])
def test_equals_torchvision_for_other_sizes(p: Preprocessing, height: int, width: int) -> None:
    pixels = photograph(height, width)
    np.testing.assert_array_equal(preprocess(pixels, p), torchvision_says(pixels, p))


def test_returns_float32_and_leaves_the_photograph_alone() -> None:
    pixels = photograph(80, 100)
    before = pixels.copy()
    result = preprocess(pixels, recipe((32, 32), 40))
    assert result.dtype == np.float32
    assert result.shape == (1, 3, 32, 32)
    assert result.flags["C_CONTIGUOUS"]
    np.testing.assert_array_equal(pixels, before)


@pytest.mark.parametrize(("height", "width"), [(300, 400), (401, 301), (50, 70)])
@pytest.mark.parametrize(
    "p", [recipe(), recipe((97, 64), 129), recipe((64, 80), None), recipe((65, 64), 33)], ids=str
)
def test_view_at_scale_1_is_what_the_classifier_sees(p: Preprocessing, height: int, width: int) -> None:
    pixels = photograph(height, width)
    seen = preprocess(pixels, p)[0].transpose(1, 2, 0) * np.array(STD, np.float32) + np.array(
        MEAN, np.float32
    )
    np.testing.assert_array_equal(display_view(pixels, p, 1), np.rint(seen * 255).astype(np.uint8))


@pytest.mark.parametrize(
    "p", [recipe(), recipe((97, 64), 129), recipe((64, 80), None), recipe((65, 64), 33)], ids=str
)
@pytest.mark.parametrize(("height", "width"), [(600, 800), (801, 602)])
def test_view_at_scale_2_shows_the_same_crop(p: Preprocessing, height: int, width: int) -> None:
    rows, cols = np.mgrid[0:height, 0:width]
    smooth = np.stack([rows * 255 / height, cols * 255 / width, np.full((height, width), 90)], -1).astype(
        np.uint8
    )
    fine, coarse = display_view(smooth, p, 2), display_view(smooth, p, 1)
    assert fine.shape == (2 * p.size[0], 2 * p.size[1], 3)
    averaged = fine.reshape(p.size[0], 2, p.size[1], 2, 3).mean(axis=(1, 3))
    # One ramp step per coarse pixel is at least 0.9 grey values in every case: a shift of one would show.
    assert np.abs(averaged - coarse)[1:-1, 1:-1].max() <= 1.5
    assert np.abs((averaged - coarse)[1:-1, 1:-1].mean()) <= 0.3


def test_view_has_more_detail_at_scale_2() -> None:
    stripes = np.zeros((512, 512, 3), np.uint8)
    stripes[:, ::2] = 255  # gone at 256 px, there at 512
    p = recipe((224, 224), 256)
    assert display_view(stripes, p, 1).std() < 2
    assert display_view(stripes, p, 2).std() > 100


@pytest.mark.parametrize(("p", "side"), [(recipe(), 256), (recipe(), 100), (recipe((64, 64), None), 64)])
def test_view_of_a_small_photograph_is_not_enlarged(p: Preprocessing, side: int) -> None:
    assert display_view(photograph(side, side), p, 2).shape == (*p.size, 3)


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((4, 4, 3)),
        np.zeros((0, 4, 3), np.uint8),
    ],
)
def test_refuses_what_is_not_rgb(pixels: UInt8) -> None:
    with pytest.raises(ShapeError, match=r"expected \(H, W, 3\) uint8"):
        preprocess(pixels, recipe())


def test_refuses_a_thread_of_pixels() -> None:
    with pytest.raises(ShapeError, match="one side is more than"):
        preprocess(np.zeros((3, 3 * MAX_ASPECT + 1, 3), np.uint8), recipe())


def test_refuses_scale_0() -> None:
    with pytest.raises(ShapeError, match="scale"):
        display_view(photograph(9, 9), recipe(), 0)


@pytest.mark.parametrize(
    "p",
    [
        recipe(),
        recipe(kind="bicubic"),
        recipe((97, 64), 129),
        recipe((64, 80), None),
        recipe((65, 64), 33),
        recipe((40, 90), 64),
    ],
    ids=str,
)
@pytest.mark.parametrize(("height", "width"), [(300, 400), (401, 301), (50, 70)])
def test_a_region_is_cut_like_the_photograph(p: Preprocessing, height: int, width: int) -> None:
    region = np.zeros((height, width), np.uint8)
    region[height // 5 : height // 2, width // 3 : width * 3 // 4] = 255
    window = region_window(region, p)
    assert window.dtype == np.float32
    assert window.shape == p.size
    assert 0 <= window.min() <= window.max() <= 1
    # The region as a white object on black, through the classifier's own way, rounded there to 1/255.
    plain = Preprocessing(p.size, p.resize, "bilinear", (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
    seen = preprocess(np.repeat(region[:, :, None], 3, axis=2), plain)[0, 0]
    np.testing.assert_allclose(window, seen, atol=1.6 / 255)


def test_a_region_counts_by_the_share_of_a_pixel() -> None:
    region = np.zeros((8, 8), np.uint8)
    region[:, :3] = 255
    window = region_window(region, recipe((4, 4), None))
    np.testing.assert_allclose(window, window[:1].repeat(4, axis=0), atol=1e-6)
    assert window[0, 0] > window[0, 1] > window[0, 2] == window[0, 3] == 0
    assert window.sum() == pytest.approx(16 * 3 / 8, rel=0.03)


def test_padding_belongs_to_no_region() -> None:
    window = region_window(np.full((20, 20), 255, np.uint8), recipe((30, 30), 20))
    assert window[5:25, 5:25].min() == 1
    assert window.sum() == 400


def test_the_whole_photograph_as_a_region_is_ones() -> None:
    np.testing.assert_array_equal(region_window(np.full((300, 411), 255, np.uint8), recipe()), 1)


@pytest.mark.parametrize(
    "region", [np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4)), np.zeros((0, 4), np.uint8)]
)
def test_refuses_what_is_no_region(region: UInt8) -> None:
    with pytest.raises(ShapeError, match="expected"):
        region_window(region, recipe())
