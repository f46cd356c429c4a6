import numpy as np
import pytest

from gallery.errors import RenderError
from gallery.records import MaskModel, mask_of
from gallery.render.figures.patches import cell_edges, cell_name, cell_rect, keep_weights, outline


def area(loops: tuple[tuple[tuple[float, float], ...], ...]) -> float:
    """Signed area by the shoelace formula: clockwise on the screen is positive, holes are negative."""
    total = 0.0
    for loop in loops:
        for (x, y), (to_x, to_y) in zip(loop, (*loop[1:], loop[0]), strict=True):
            total += (x * to_y - to_x * y) / 2
    return total


def test_nearest_weights_are_whole_cells() -> None:
    weights = keep_weights(0b0110, MaskModel(2, 2, interpolation="nearest"), (4, 4))
    assert weights.tolist() == [[0, 0, 1, 1], [0, 0, 1, 1], [1, 1, 0, 0], [1, 1, 0, 0]]


def test_half_pixel_weights_carry_equal_mass_and_are_flat_at_the_border() -> None:
    model = MaskModel(7, 7)
    masses = [keep_weights(1 << cell, model, (224, 224)).sum() for cell in range(49)]
    assert np.allclose(masses, 32 * 32, rtol=1e-5)
    assert (keep_weights(1, model, (224, 224))[:16, :16] == 1).all()


def test_aligned_corners_reach_the_cells_only_at_the_corners() -> None:
    weights = keep_weights(0b01, MaskModel(1, 2, align_corners=True), (1, 5))
    assert weights.tolist() == [[1.0, 0.75, 0.5, 0.25, 0.0]]


@pytest.mark.parametrize("align_corners", [False, True])
def test_full_mask_keeps_everything(*, align_corners: bool) -> None:
    model = MaskModel(3, 5, align_corners=align_corners)
    assert np.allclose(keep_weights(model.full, model, (10, 17)), 1)


def test_outline_of_one_cell_is_its_rectangle() -> None:
    model = MaskModel(2, 3)
    x, y, width, height = cell_rect(4, model, (10, 20, 30, 40))
    assert (x, y, width, height) == (20, 40, 10, 20)
    assert outline(1 << 4, model, (10, 20, 30, 40)) == (((20, 40), (30, 40), (30, 60), (20, 60)),)


def test_outline_leaves_holes_open() -> None:
    ring = mask_of(cell for cell in range(9) if cell != 4)
    loops = outline(ring, MaskModel(3, 3), (0, 0, 3, 3))
    assert sorted(len(loop) for loop in loops) == [4, 4]
    assert area(loops) == 8


def test_outline_encloses_exactly_the_kept_area() -> None:
    model = MaskModel(4, 4)
    for mask in np.random.default_rng(5).integers(0, 1 << 16, 200).tolist():
        assert area(outline(mask, model, (0, 0, 4, 4))) == pytest.approx(mask.bit_count())


def test_masks_beyond_the_grid_are_refused() -> None:
    with pytest.raises(RenderError, match="does not fit a 2 x 2 grid"):
        outline(1 << 4, MaskModel(2, 2), (0, 0, 1, 1))
    with pytest.raises(RenderError, match="does not fit"):
        keep_weights(-1, MaskModel(2, 2), (4, 4))


def test_cells_are_named_by_row_and_column_from_zero() -> None:
    assert cell_name(9, MaskModel(7, 7)) == "(1, 2)"


def test_cell_edges_cover_the_length() -> None:
    assert cell_edges(7, 100) == [0, 14, 29, 43, 57, 71, 86, 100]
