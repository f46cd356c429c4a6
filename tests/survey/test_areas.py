"""Pixels shared out among cells."""

import numpy as np
import pytest

from gallery.survey.areas import area_means, overlaps


@pytest.mark.parametrize(("n_rows", "n_cols"), [(1, 1), (2, 3), (4, 5), (3, 4)])
def test_means_are_those_of_a_fine_raster(n_rows: int, n_cols: int) -> None:
    values = np.random.default_rng(0).normal(size=(4, 5)).astype(np.float32)
    fine = np.kron(values.astype(np.float64), np.ones((n_rows, n_cols)))
    cells = fine.reshape(n_rows, 4, n_cols, 5).mean(axis=(1, 3))
    np.testing.assert_allclose(area_means(values, n_rows, n_cols), cells, rtol=1e-12)


@pytest.mark.parametrize(("cells", "pixels"), [(7, 224), (28, 224), (3, 10), (10, 3), (5, 5)])
def test_every_pixel_is_shared_out_in_full(cells: int, pixels: int) -> None:
    shared = overlaps(cells, pixels)
    np.testing.assert_allclose(shared.sum(axis=0), 1)
    np.testing.assert_allclose(shared.sum(axis=1), pixels / cells)
    assert (shared >= 0).all()


def test_a_constant_map_stays_constant() -> None:
    np.testing.assert_allclose(area_means(np.full((10, 7), 2.5), 3, 4), 2.5)
