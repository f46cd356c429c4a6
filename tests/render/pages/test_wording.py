"""Numbers and descriptions in words."""

from types import SimpleNamespace

import numpy as np
import pytest

from gallery.records import AttentionGraph, Explanation, Heatmap, MaskModel
from gallery.render.figures.partition import Partition
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
    assert wording.heatmap_focus(_heatmap(values), Partition(GRID)) == (
        "half of the attribution lies in 1 of 49 cells, strongest at (2,\N{NO-BREAK SPACE}3)"
    )


def test_cell_mass_sums_to_one_also_where_the_grid_does_not_divide_the_map() -> None:
    mass = wording.cell_mass(np.ones((50, 33), np.float32), Partition(GRID))
    assert mass.shape == (49,)
    assert mass.sum() == pytest.approx(1)


def test_a_heatmap_without_positive_values_says_so() -> None:
    assert "no positive attribution" in wording.heatmap_focus(_heatmap(-np.ones((7, 7))), Partition(GRID))


def test_the_mask_model_is_named_in_full() -> None:
    assert "corners aligned" in wording.grid_text(MaskModel(align_corners=True))
    assert wording.grid_text(MaskModel(interpolation="nearest", baseline="mean")).endswith(
        "nearest, mean baseline"
    )
    dropped = wording.grid_text(MaskModel(interpolation="nearest", removal="drop_tokens"))
    assert dropped.endswith("the tokens of removed patches are left out")
    assert "blur" not in dropped


def test_superpixels_are_named_by_number_and_counted() -> None:
    segments = np.array([[0, 0, 1, 2], [0, 0, 1, 2]], dtype=np.int16)
    model = MaskModel(partition="slic", compactness=20.0).of(segments)
    assert wording.cell(2, model) == "segment\N{NO-BREAK SPACE}2"
    assert wording.cell_list(0b110, model) == "segments 1, 2"
    assert wording.cell_list(0b100, model) == "segment 2"
    assert wording.grid_text(model) == "3 SLIC superpixels, compactness 20, blur baseline"
    assert wording.grid_text(model, is_asked=True).startswith("about 3 SLIC superpixels")
    values = np.array([[0, 0, 9, 1], [0, 2, 9, -5]])
    assert wording.cell_mass(values, Partition(model, segments)).tolist() == pytest.approx(
        [2 / 21, 18 / 21, 1 / 21]
    )
    assert wording.heatmap_focus(_heatmap(values), Partition(model, segments)) == (
        "half of the attribution lies in 1 of 3 segments, strongest at segment\N{NO-BREAK SPACE}1"
    )


@pytest.mark.parametrize(("n_mses", "limit", "says"), [(3, 2, True), (2, 2, False), (3, None, False)])
def test_selections_among_some_explanations_only_say_so(n_mses: int, limit: int | None, says: bool) -> None:
    mses = tuple(Explanation(1 << i, 0.9, 1.0, 0.1, "1-minimal", is_top=True) for i in range(n_mses))
    options = {} if limit is None else {"selectable": limit}
    result = SimpleNamespace(
        search=SimpleNamespace(mses=mses), graph=AttentionGraph((), (), 0, options, 0, 0.0)
    )
    text = "Different ones are selected among the first 2 only." if says else ""
    assert wording.selectable(result) == text  # type: ignore[arg-type]
