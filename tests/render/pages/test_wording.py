"""Numbers and descriptions in words."""

import numpy as np
import pytest

from gallery.records import Heatmap, MaskModel
from gallery.render.pages import wording

GRID = MaskModel()


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.94321, "0.943"), (1.0, "1.000"), (0.0, "0.000"), (0.0004, "< 0.001"), (0.0006, "0.001")],
)
def test_a_probability_has_three_decimals_and_never_hides_a_small_one(value: float, text: str) -> None:
    assert wording.probability(value) == text


def test_a_measure_has_a_real_minus_sign_and_says_when_it_is_not_defined() -> None:
    assert wording.measure(-0.25) == "\N{MINUS SIGN}0.250"
    assert wording.measure(float("nan")) == "not defined"


def test_counting() -> None:
    assert wording.count(1, "patch", "patches") == "1 patch"
    assert wording.count(2, "patch", "patches") == "2 patches"
    assert wording.count(12345, "pass", "passes") == "12\N{NARROW NO-BREAK SPACE}345 passes"


def test_one_line_removes_control_characters_and_surrogates() -> None:
    assert wording.one_line(" a\n\tb\x00c\x7f\u2028d\ud800e ") == "a b c d e"


def _heatmap(values: np.ndarray) -> Heatmap:
    return Heatmap("m", values.astype(np.float32), values.astype(np.float32), {}, None, None, 1, 0, 0.0)


def test_the_focus_of_a_heatmap_counts_the_cells_that_hold_half_of_it() -> None:
    values = np.zeros((14, 14))
    values[4:6, 6:8] = 3.0  # cell (2, 3)
    values[0:2, 0:2] = 2.0  # cell (0, 0)
    values[8, 8] = -100.0  # evidence against counts as none
    assert wording.heatmap_focus(_heatmap(values), GRID) == (
        "half of the attribution lies in 1 of 49 cells, strongest at (2,\N{NO-BREAK SPACE}3)"
    )


def test_cell_mass_sums_to_one_also_where_the_grid_does_not_divide_the_map() -> None:
    mass = wording.cell_mass(np.ones((50, 33), np.float32), GRID)
    assert mass.shape == (49,)
    assert mass.sum() == pytest.approx(1)


def test_a_heatmap_without_positive_values_says_so() -> None:
    assert "no positive attribution" in wording.heatmap_focus(_heatmap(-np.ones((7, 7))), GRID)


def test_the_mask_model_is_named_in_full() -> None:
    assert "corners aligned" in wording.grid_text(MaskModel(align_corners=True))
    assert wording.grid_text(MaskModel(interpolation="nearest", baseline="mean")).endswith(
        "nearest, mean baseline"
    )
