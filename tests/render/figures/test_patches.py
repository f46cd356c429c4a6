import numpy as np
import pytest

from gallery.records import MaskModel, mask_of
from gallery.render.figures.patches import (
    cell_edges,
    cell_list,
    cell_name,
    patch_list,
    patch_name,
    upsampling,
)

GRID = MaskModel(7, 7)
SLIC = MaskModel(partition="slic", n_segments=12)


def test_cells_are_named_by_row_and_column_from_zero() -> None:
    assert cell_name(9, GRID) == "(1, 2)"
    assert cell_name(9, MaskModel(5, 9)) == "(1, 0)"
    assert patch_name(9, GRID) == "patch (1, 2)"


def test_superpixels_are_named_by_number() -> None:
    assert cell_name(9, SLIC) == patch_name(9, SLIC) == "segment 9"


@pytest.mark.parametrize(
    ("cells", "of_grid", "of_superpixels"),
    [([], "", ""), ([3], "(0, 3)", "segment 3"), ([3, 11], "(0, 3), (1, 4)", "segments 3, 11")],
)
def test_sets_are_listed(cells: list[int], of_grid: str, of_superpixels: str) -> None:
    mask = mask_of(cells)
    assert cell_list(mask, GRID) == of_grid
    assert cell_list(mask, SLIC) == of_superpixels
    assert patch_list(mask, GRID) == f"patches {of_grid or 'none'}"
    assert patch_list(mask, SLIC) == (of_superpixels or "no segments")


def test_cell_edges_cover_the_length() -> None:
    assert cell_edges(7, 100) == [0, 14, 29, 43, 57, 71, 86, 100]


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
@pytest.mark.parametrize(("n_cells", "n_pixels"), [(1, 5), (5, 64), (16, 48), (16, 9)])
def test_weights_of_an_axis_sum_to_one(interpolation: str, n_cells: int, n_pixels: int) -> None:
    model = MaskModel(n_cells, 1, interpolation=interpolation)  # type: ignore[arg-type]
    matrix = upsampling(n_cells, n_pixels, model)
    assert matrix.shape == (n_pixels, n_cells)
    assert np.allclose(matrix.sum(axis=1), 1)
