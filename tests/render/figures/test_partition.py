"""Grids and superpixels as they are drawn, against what the classifier saw."""

import numpy as np
import pytest
import torch

from gallery.errors import RenderError
from gallery.perturbation import basis_of, bits_of
from gallery.records import Int16, MaskModel, mask_of
from gallery.render.figures.partition import Loops, Partition
from gallery.superpixels import slic_segments

QUARTERS = np.repeat(np.repeat(np.arange(4, dtype=np.int16).reshape(2, 2), 3, axis=0), 4, axis=1)


def superpixels(height: int = 48, width: int = 64) -> Partition:
    """Return SLIC superpixels of a picture of smooth blobs."""
    y, x = np.mgrid[0:height, 0:width]
    channels = [np.sin(x / 9 + 1.3 * i) * np.cos(y / 7 - i) * 120 + 127 for i in range(3)]
    segments = slic_segments(np.stack(channels, axis=2).astype(np.uint8), 20, 10.0)
    return Partition(MaskModel(partition="slic").of(segments), segments)


def quarters() -> Partition:
    """Return four superpixels that happen to be the cells of a grid."""
    return Partition(MaskModel(partition="slic", n_segments=4), QUARTERS)


PARTITIONS = {
    "7x7": (Partition(MaskModel()), (224, 224)),
    "5x9": (Partition(MaskModel(5, 9)), (64, 48)),
    "5x9 nearest": (Partition(MaskModel(5, 9, interpolation="nearest")), (64, 48)),
    "5x9 aligned": (Partition(MaskModel(5, 9, align_corners=True)), (64, 48)),
    "16x16": (Partition(MaskModel(16, 16)), (48, 64)),
    "16x16 nearest": (Partition(MaskModel(16, 16, interpolation="nearest")), (96, 64)),
    "1x4": (Partition(MaskModel(1, 4)), (20, 90)),
    "slic": (superpixels(), (48, 64)),
}
CASES = pytest.mark.parametrize(("patches", "size"), PARTITIONS.values(), ids=PARTITIONS)


def masks_of(model: MaskModel) -> list[int]:
    draw = np.random.default_rng(7)
    few = [
        mask_of(draw.choice(model.n_cells, model.n_cells // 2 + 1, replace=False).tolist()) for _ in range(3)
    ]
    return [0, 1, model.full, *few]


def enclosed(loops: Loops) -> float:
    """Signed area by the shoelace formula: clockwise on the screen is positive, holes are negative."""
    total = 0.0
    for loop in loops:
        for (x, y), (to_x, to_y) in zip(loop, (*loop[1:], loop[0]), strict=True):
            total += (x * to_y - to_x * y) / 2
    return total


@CASES
def test_what_is_drawn_as_seen_is_what_the_classifier_saw(patches: Partition, size: tuple[int, int]) -> None:
    segments = None if patches.segments is None else torch.from_numpy(patches.segments)
    basis = basis_of(patches.mask_model, size, segments)
    for mask in masks_of(patches.mask_model):
        seen = bits_of([mask], patches.mask_model.n_cells) @ basis
        assert np.allclose(patches.keep_weights(mask, size), seen.reshape(size).numpy(), atol=1e-6)


@CASES
@pytest.mark.parametrize("scale", [1, 2])
def test_every_pixel_of_a_picture_is_drawn_in_one_patch(
    patches: Partition, size: tuple[int, int], scale: int
) -> None:
    large = (scale * size[0], scale * size[1])
    labels = patches.labels(large)
    assert labels.shape == large
    assert np.unique(labels).tolist() == list(range(patches.mask_model.n_cells))
    for mask in masks_of(patches.mask_model):
        assert np.array_equal(
            patches.area(mask, large), np.isin(labels, [c for c in range(256) if mask >> c & 1])
        )
    assert patches.area(patches.mask_model.full, large).all()


@CASES
def test_outlines_enclose_the_area_of_the_set(patches: Partition, size: tuple[int, int]) -> None:
    rows, cols = patches.lattice.shape
    for mask in masks_of(patches.mask_model):
        share = np.isin(patches.lattice, [c for c in range(256) if mask >> c & 1]).mean()
        loops = patches.outline(mask, (5.0, 7.0, 30.0, 40.0))
        assert enclosed(loops) == pytest.approx(30 * 40 * share)
        assert all(5 <= x <= 35 and 7 <= y <= 47 for loop in loops for x, y in loop)
    corners = {corner for loop in patches.outline(1, (0.0, 0.0, float(cols), float(rows))) for corner in loop}
    assert all(x == int(x) and y == int(y) for x, y in corners)


@CASES
def test_a_patch_is_written_on_inside_it(patches: Partition, size: tuple[int, int]) -> None:
    labels = patches.labels(size)
    for cell in range(patches.mask_model.n_cells):
        x, y = patches.middle(cell, (0.0, 0.0, float(size[1]), float(size[0])))
        assert labels[int(y), int(x)] == cell
    assert 0 < patches.side((0.0, 0.0, 30.0, 40.0)) <= 30


def test_superpixels_that_are_cells_are_drawn_like_a_grid() -> None:
    grid, box = Partition(MaskModel(2, 2, interpolation="nearest")), (0.0, 0.0, 8.0, 6.0)
    for mask in range(16):
        assert quarters().outline(mask, box) == quarters().contour(mask, box) == grid.outline(mask, box)
        assert np.array_equal(quarters().keep_weights(mask, (12, 16)), grid.keep_weights(mask, (12, 16)))


def test_contours_of_superpixels_have_few_corners_and_those_of_a_grid_all() -> None:
    slic, box = superpixels(), (0.0, 0.0, 64.0, 48.0)
    mask = mask_of(range(0, slic.mask_model.n_cells, 2))
    exact, drawn = slic.outline(mask, box), slic.contour(mask, box)
    assert len(exact) == len(drawn)
    assert sum(map(len, drawn)) < 0.6 * sum(map(len, exact))
    assert enclosed(drawn) == pytest.approx(enclosed(exact), rel=0.1)
    grid = Partition(MaskModel(5, 9))
    assert grid.contour(0b1011, box) == grid.outline(0b1011, box)


def test_frames_mark_one_patch() -> None:
    grid = Partition(MaskModel(2, 2))
    assert grid.frame(3, (0.0, 0.0, 20.0, 10.0)) == (((10.6, 5.6), (19.4, 5.6), (19.4, 9.4), (10.6, 9.4)),)
    assert quarters().frame(3, (0.0, 0.0, 20.0, 10.0)) == (((10, 5), (20, 5), (20, 10), (10, 10)),)


def test_lines_lie_inside_the_cells_of_a_grid_and_outside_superpixels() -> None:
    area = quarters().area(1, (6, 8))
    inside, outside = Partition(MaskModel(2, 2)).rim(area, 1), quarters().rim(area, 1)
    assert not (inside & ~area).any()
    assert not (outside & area).any()
    assert (inside.sum(), outside.sum()) == (3 * 4 - 1 * 2, 3 + 4 + 1)


def test_half_pixel_weights_carry_equal_mass_and_are_flat_at_the_border() -> None:
    grid = Partition(MaskModel(7, 7))
    masses = [grid.keep_weights(1 << cell, (224, 224)).sum() for cell in range(49)]
    assert np.allclose(masses, 32 * 32, rtol=1e-5)
    assert (grid.keep_weights(1, (224, 224))[:16, :16] == 1).all()


def test_aligned_corners_reach_the_cells_only_at_the_corners() -> None:
    weights = Partition(MaskModel(1, 2, align_corners=True)).keep_weights(0b01, (1, 5))
    assert weights.tolist() == [[1.0, 0.75, 0.5, 0.25, 0.0]]


@pytest.mark.parametrize(
    ("patches", "named"), [(Partition(MaskModel(2, 2)), "2 x 2 grid"), (quarters(), "4 superp")]
)
def test_sets_that_do_not_fit_are_refused(patches: Partition, named: str) -> None:
    for mask in (1 << 4, -1):
        with pytest.raises(RenderError, match=named):
            patches.outline(mask, (0.0, 0.0, 1.0, 1.0))
        with pytest.raises(RenderError, match="does not fit"):
            patches.keep_weights(mask, (4, 4))


@pytest.mark.parametrize(
    ("model", "segments", "match"),
    [
        (MaskModel(), QUARTERS, "given as well"),
        (MaskModel(partition="slic", n_segments=4), None, r"no .* map"),
        (MaskModel(partition="slic", n_segments=4), QUARTERS.ravel(), r"no .* map"),
        (MaskModel(partition="slic", n_segments=5), QUARTERS, "0 to 4, got 4 from 0 to 3"),
        (MaskModel(partition="slic", n_segments=4), QUARTERS - 1, "0 to 3, got 4 from -1 to 2"),
    ],
)
def test_maps_that_do_not_fit_the_mask_model_are_refused(
    model: MaskModel, segments: Int16 | None, match: str
) -> None:
    with pytest.raises(RenderError, match=match):
        Partition(model, segments)
