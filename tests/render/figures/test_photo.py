from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from gallery.errors import RenderError, ShapeError
from gallery.records import MaskModel, UInt8
from gallery.render.figures.partition import Partition
from gallery.render.figures.photo import (
    composed,
    denormalise,
    dimmed,
    kept_patches,
    light_webp,
    mse_picture,
    photo_jpeg,
    photo_webp,
    shrink,
    thumbnail,
)

GRID = Partition(MaskModel(2, 2, interpolation="nearest"))


def test_files_hold_the_photograph(view: UInt8) -> None:
    for data, kind in ((photo_webp(view, 95), "WEBP"), (photo_jpeg(view, 95), "JPEG")):
        with Image.open(BytesIO(data)) as image:
            assert image.format == kind
            assert np.abs(np.asarray(image).astype(int) - view).mean() < 4


def test_a_heavy_photograph_loses_quality_until_it_is_light_enough() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (96, 96, 3), dtype=np.uint8)
    whole, least = len(photo_webp(noise, 78)), len(photo_webp(noise, 46))
    assert light_webp(noise, whole) == photo_webp(noise, 78)
    assert least <= len(light_webp(noise, whole - 1)) < whole
    assert light_webp(noise, 1) == photo_webp(noise, 46)


def test_thumbnails_fit_the_side_and_are_never_enlarged(view: UInt8) -> None:
    with Image.open(BytesIO(thumbnail(view, 56))) as image:
        assert image.size == (56, 42)
    with Image.open(BytesIO(thumbnail(view, 500, kind="jpeg"))) as image:
        assert image.size == (112, 84)
    with pytest.raises(RenderError, match="at least 1 pixel"):
        shrink(view, 0)


def test_kept_patches_stay_and_others_are_grey_and_darker(view: UInt8) -> None:
    picture = kept_patches(view, 0b0001, GRID)
    assert (picture[2:40, 2:54] == view[2:40, 2:54]).all()
    others = picture[42:]
    assert (others == others[..., :1]).all()
    assert others.mean() < view[42:].mean()
    assert (picture[0, :56] == 255).all()


def test_removed_patch_is_framed(view: UInt8) -> None:
    picture = kept_patches(view, 0b0001, GRID, removed=3)
    assert (picture[-1, -1] == (240, 142, 54)).all()
    assert (picture[60, 80] == dimmed(view)[60, 80]).all()
    with pytest.raises(RenderError, match="does not fit"):
        kept_patches(view, 0b0001, GRID, removed=4)


def test_composed_shows_the_baseline_where_patches_are_gone(view: UInt8) -> None:
    baseline = np.full((21, 28, 3), 7, dtype=np.uint8)
    picture = composed(view, baseline, 0b0001, GRID)
    assert (picture[:42, :56] == view[:42, :56]).all()
    assert (picture[42:] == 7).all()
    assert (composed(view, baseline, GRID.mask_model.full, GRID) == view).all()


def test_denormalise_inverts_the_preprocessing() -> None:
    mean, std = (0.5, 0.4, 0.3), (0.2, 0.25, 0.5)
    pixels = np.arange(2 * 4 * 3, dtype=np.uint8).reshape(2, 4, 3) * 10
    normalised = (pixels / 255 - np.array(mean)) / np.array(std)
    tensor = np.moveaxis(normalised, 2, 0)[None].astype(np.float32)
    assert (denormalise(tensor, mean, std) == pixels).all()
    with pytest.raises(ShapeError, match="must be"):
        denormalise(tensor[0], mean, std)


def test_pictures_are_small_and_the_same_every_time(view: UInt8) -> None:
    first, second = (mse_picture(view, 0b0110, GRID) for _ in range(2))
    assert first == second
    assert len(first) < 5000


def halves() -> Partition:
    """Return two superpixels, left and right, of an input half as large as the photograph."""
    segments = np.repeat(np.arange(2, dtype=np.int16)[None], 42, axis=0).repeat(28, axis=1)
    return Partition(MaskModel(partition="slic", n_segments=2), segments)


def test_kept_superpixels_stay_whole_within_a_line(view: UInt8) -> None:
    picture = kept_patches(view, 0b01, halves())
    assert (picture[:, :56] == view[:, :56]).all()
    assert (picture[:, 56] == 255).all()
    assert (picture[:, 57:] == dimmed(view)[:, 57:]).all()
    assert (kept_patches(view, 0b01, halves(), removed=1)[:, 54:56] == (240, 142, 54)).all()


def test_the_baseline_has_hard_borders_between_superpixels(view: UInt8) -> None:
    baseline = np.full((21, 28, 3), 7, dtype=np.uint8)
    picture = composed(view, baseline, 0b01, halves())
    assert (picture[:, :56] == view[:, :56]).all()
    assert (picture[:, 56:] == 7).all()


def test_pictures_with_superpixels_are_the_same_every_time(view: UInt8) -> None:
    assert mse_picture(view, 0b01, halves(), side=112) == mse_picture(view, 0b01, halves(), side=112)


@pytest.mark.parametrize("grid", [(5, 9), (16, 16)])
def test_pictures_of_any_grid_keep_the_shape_of_the_photograph(view: UInt8, grid: tuple[int, int]) -> None:
    tall = np.ascontiguousarray(view.transpose(1, 0, 2))
    patches = Partition(MaskModel(*grid))
    picture = kept_patches(tall, 0b1011, patches, removed=grid[0] * grid[1] - 1)
    assert picture.shape == (112, 84, 3)
    assert (picture[-1, -1] == (240, 142, 54)).all()
    with Image.open(BytesIO(mse_picture(tall, 0b1011, patches, side=56))) as image:
        assert image.size == (42, 56)
