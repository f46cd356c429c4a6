"""Rank correlation between heatmaps."""

from importlib import import_module
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gallery.errors import SurveyError
from gallery.survey.agreement import SIDE, ImageAgreement, agreement, agreement_of, compare_maps
from gallery.survey.bootstrap import mean_interval
from tests.survey import made

Float32 = NDArray[np.float32]
stats: Any = import_module("scipy.stats")  # has no type stubs


def noise(seed: int, shape: tuple[int, int] = (12, 10)) -> Float32:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def test_small_maps_are_compared_by_scipys_rank_correlation() -> None:
    maps = {"a": noise(0), "b": noise(0) + noise(1), "c": np.round(2 * noise(2))}
    found = compare_maps(maps)
    for first, second in combinations(maps, 2):
        expected = stats.spearmanr(maps[first].ravel(), maps[second].ravel()).statistic
        assert found.pairs[frozenset((first, second))] == pytest.approx(float(expected), abs=1e-12)
    assert len(found.correlations) == 3
    assert found.mean == pytest.approx(np.mean([float(value or 0) for value in found.correlations]))


def test_large_maps_are_compared_on_the_cells_of_the_grid() -> None:
    one, other = noise(0, (224, 168)), noise(0, (224, 168)) + noise(1, (224, 168))
    cells = [m.astype(np.float64).reshape(SIDE, 8, SIDE, 6).mean(axis=(1, 3)).ravel() for m in (one, other)]
    expected = stats.spearmanr(*cells).statistic
    # Cells closer than a millionth of the range count as equal here.
    (found,) = compare_maps({"a": one, "b": other}).correlations
    assert found == pytest.approx(float(expected), abs=1e-5)


def test_only_the_order_counts_and_a_reversed_map_disagrees() -> None:
    m = noise(3)
    found = compare_maps({"a": m, "bent": np.exp(m) * 7 - 100, "reversed": -m}).correlations
    assert found[0] == pytest.approx(1, abs=1e-12)
    assert found[1] == pytest.approx(-1, abs=1e-12)


def test_a_map_agrees_with_itself_computed_another_way() -> None:
    m = np.abs(noise(4, (224, 224)))
    m[:100] = 0
    (found,) = compare_maps({"a": m, "b": m * np.float32(1e-9)}).correlations
    assert found == pytest.approx(1, abs=1e-9)


def test_constant_maps_are_left_out_and_counted() -> None:
    flat = np.full((12, 10), 0.1, np.float32)
    found = compare_maps({"a": noise(0), "flat": flat, "b": noise(1)})
    assert found.constant == ("flat",)
    assert found.correlations[::2] == (None, None)
    assert found.mean == found.pairs[frozenset("ab")] is not None
    assert compare_maps({"flat": flat}).mean is None
    over = agreement([found, found], ["a", "b", "flat"])
    assert over.n_constant == (0, 0, 2)
    assert over.of(2, 0).value is None
    assert over.of(1, 0).value == pytest.approx(found.mean)


def test_means_over_images_are_those_of_the_bootstrap_whatever_the_order_of_methods() -> None:
    images = [
        compare_maps({name: noise(10 * i + j) for j, name in enumerate("abc" if i % 2 else "cab")})
        for i in range(8)
    ]
    found = agreement(images, ["b", "c", "a"])
    values = [image.pairs[frozenset("ab")] or 0.0 for image in images]
    assert found.of(0, 2) == mean_interval(values)
    assert found.mean == mean_interval([image.mean or 0.0 for image in images])
    assert found.n_images == 8
    assert set(found.pairs) == {(0, 1), (0, 2), (1, 2)}


def test_methods_that_some_images_lack_are_compared_where_they_have_maps() -> None:
    images = [compare_maps({"a": noise(0), "b": noise(1)}), compare_maps({"a": noise(2)})]
    found = agreement(images, ["a", "b", "never"])
    assert found.of(0, 1).n == 1
    assert found.of(0, 2).n == 0
    assert found.n_images == 1


def test_a_set_of_nothing_has_no_agreement() -> None:
    found = agreement([], ["a", "b"])
    assert found.mean.value is None
    assert found.of(0, 1).value is None
    assert agreement([], []).pairs == {}


def test_the_maps_of_a_result_are_compared() -> None:
    maps = [made.heatmap("a", [1, 2, 3, 4, 5, 6]), made.heatmap("b", [6, 5, 4, 3, 2, 1])]
    found = agreement_of(made.result(heatmaps=maps))
    assert isinstance(found, ImageAgreement)
    assert found.methods == ("a", "b")
    assert found.mean == pytest.approx(-1)


@pytest.mark.parametrize("broken", [np.full((2, 3), np.nan, np.float32), np.zeros(6, np.float32)])
def test_maps_must_be_finite_and_flat(broken: Float32) -> None:
    with pytest.raises(SurveyError, match="finite"):
        compare_maps({"a": broken})
