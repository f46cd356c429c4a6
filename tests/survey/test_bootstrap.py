"""Intervals against closed forms, a simulation of their coverage, and the cases without an interval."""

from itertools import pairwise

import numpy as np
import pytest

from gallery.errors import ConfigError, ShapeError
from gallery.survey import bootstrap
from gallery.survey.bootstrap import (
    Interval,
    Resampling,
    mean_interval,
    paired_difference,
    ratio_interval,
    ratio_intervals,
    rising,
    share_interval,
    share_intervals,
)

FEW = Resampling(n_resamples=500)


def test_no_image_has_no_mean_and_no_interval() -> None:
    assert mean_interval([]) == share_interval([]) == ratio_interval([], []) == Interval(None, None, None, 0)


def test_one_image_has_a_mean_but_no_interval() -> None:
    assert mean_interval([3.5]) == Interval(3.5, None, None, 1)
    assert share_interval([True]) == Interval(1.0, None, None, 1)


def test_equal_numbers_give_no_interval_instead_of_one_without_width() -> None:
    assert mean_interval([0.25] * 7) == Interval(0.25, None, None, 7)
    assert ratio_interval([1, 2, 3], [2, 4, 6]) == Interval(0.5, None, None, 3)


def test_shares_of_none_and_all_have_the_exact_binomial_limit() -> None:
    n = 12
    none, all_ = share_interval([0] * n), share_interval([1] * n)
    assert (none.value, none.low, none.high) == pytest.approx((0, 0, 1 - 0.025 ** (1 / n)))
    assert (all_.value, all_.low, all_.high) == pytest.approx((1, 0.025 ** (1 / n), 1))


def test_a_large_sample_has_the_normal_interval() -> None:
    values = np.random.default_rng(5).exponential(size=2000)
    found = mean_interval(values, Resampling(n_resamples=4000))
    error = 1.96 * values.std(ddof=1) / np.sqrt(values.size)
    assert found.value == pytest.approx(values.mean())
    assert found.low == pytest.approx(values.mean() - error, abs=error / 10)
    assert found.high == pytest.approx(values.mean() + error, abs=error / 10)


def test_resamples_are_those_of_a_plain_loop() -> None:
    values = np.array([1.0, 2.0, 4.0, 8.0, 16.0])
    generator = np.random.default_rng(3)
    means = [values[generator.integers(5, size=5)].mean() for _ in range(500)]
    low, high = bootstrap._levels(5, 0.95)
    found = mean_interval(values, Resampling(seed=3, n_resamples=500))
    assert (found.low, found.high) == pytest.approx((np.quantile(means, low), np.quantile(means, high)))


def test_chunks_do_not_change_the_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.arange(10.0)
    whole = mean_interval(values, FEW)
    monkeypatch.setattr(bootstrap, "_CHUNK", 70)
    assert mean_interval(values, FEW) == whole


def test_the_seed_decides() -> None:
    values = np.random.default_rng(0).normal(size=30)
    assert mean_interval(values, FEW) == mean_interval(values.tolist(), FEW)
    assert mean_interval(values, FEW) != mean_interval(values, Resampling(seed=1, n_resamples=500))


def test_more_confidence_makes_a_wider_interval() -> None:
    values = np.random.default_rng(0).normal(size=30)
    narrow, wide = (mean_interval(values, Resampling(confidence=level)) for level in (0.5, 0.99))
    assert wide.low is not None
    assert narrow.low is not None
    assert wide.low < narrow.low


@pytest.mark.parametrize(("n", "least", "most"), [(8, 0.91, 0.985), (40, 0.92, 0.98)])
def test_about_95_of_100_intervals_contain_the_truth(n: int, least: float, most: float) -> None:
    generator = np.random.default_rng(n)
    hits = 0
    for seed in range(400):
        found = mean_interval(generator.normal(2.0, 3.0, size=n), Resampling(seed=seed, n_resamples=400))
        hits += not found.excludes(2.0)
    assert least <= hits / 400 <= most


def test_drawing_images_covers_where_drawing_questions_would_not() -> None:
    """The ten questions of an image are one and the same, so that 200 questions are worth 20."""
    generator = np.random.default_rng(1)
    clustered = single = 0
    for seed in range(300):
        right = (generator.random(20) < 0.6).astype(float)
        how = Resampling(seed=seed, n_resamples=300)
        clustered += not ratio_interval(10 * right, np.full(20, 10), how).excludes(0.6)
        single += not mean_interval(np.repeat(right, 10), how).excludes(0.6)
    assert clustered / 300 > 0.91
    assert single / 300 < 0.7


@pytest.mark.parametrize(
    ("df", "wanted"), [(1, 12.7062), (2, 4.30265), (3, 3.18245), (5, 2.57058), (11, 2.20099), (99, 1.98422)]
)
def test_t_quantiles_are_those_of_the_tables(df: int, wanted: float) -> None:
    assert bootstrap._t_quantile(0.975, df) == pytest.approx(wanted, rel=2e-3)


def test_images_without_things_do_not_count() -> None:
    found = ratio_interval([3, 0, 1], [4, 0, 4])
    assert (found.value, found.n) == (0.5, 2)
    assert found == ratio_interval([3, 1], [4, 4])


def test_columns_of_a_table_are_computed_as_alone() -> None:
    totals = np.array([[1, 0, 2], [2, 3, 0], [5, 1, 1]])
    counts = np.array([[2, 1, 4], [2, 0, 4], [6, 2, 4]])
    alone = tuple(ratio_interval(totals[:, i], counts[:, i], FEW) for i in range(3))
    assert ratio_intervals(totals, counts, FEW) == alone


def test_a_paired_difference_sees_what_two_intervals_hide() -> None:
    generator = np.random.default_rng(2)
    hard = generator.normal(0, 5, size=40)
    first, second = hard + generator.normal(0.5, 0.3, 40), hard + generator.normal(0, 0.3, 40)
    one, other = mean_interval(first), mean_interval(second)
    assert one.low is not None
    assert other.high is not None
    assert one.low < other.high
    assert paired_difference(first, second).excludes(0)
    assert not paired_difference(first, first[::-1]).excludes(0)


def test_a_missing_interval_excludes_nothing() -> None:
    assert not Interval(1.0, None, None, 1).excludes(0)
    assert Interval(1.0, 0.5, 2.0, 9).excludes(0.4)
    assert not Interval(1.0, 0.5, 2.0, 9).excludes(0.5)


def test_limits_of_a_rising_share_rise() -> None:
    table = np.arange(100)[:, None] < np.array([0, 0, 1, 60, 99, 100])
    shares = rising(share_intervals(table))
    lows = [share.low for share in shares if share.low is not None]
    highs = [share.high for share in shares if share.high is not None]
    assert len(lows) == len(highs) == 6
    assert all(a <= b for limits in (lows, highs) for a, b in pairwise(limits))
    assert [share.value for share in shares] == [0, 0, 0.01, 0.6, 0.99, 1]
    assert rising([Interval(0.0, None, None, 1)]) == (Interval(0.0, None, None, 1),)


@pytest.mark.parametrize(
    "kwargs", [{"seed": -1}, {"n_resamples": 99}, {"confidence": 1.0}, {"confidence": 0.0}]
)
def test_unusable_resampling_is_refused(kwargs: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=next(iter(kwargs))):
        Resampling(**kwargs)  # type: ignore[arg-type]


def test_unusable_numbers_are_refused() -> None:
    with pytest.raises(ShapeError, match="not finite"):
        mean_interval([1.0, float("nan")])
    with pytest.raises(ShapeError, match="zeros and ones"):
        share_interval([0, 2])
    with pytest.raises(ShapeError, match="negative"):
        ratio_interval([1, 1], [1, -1])
    with pytest.raises(ShapeError, match="pair them"):
        paired_difference([1, 2], [1])
    with pytest.raises(ShapeError, match="same shape"):
        ratio_intervals([[1, 2]], [[1]])
    with pytest.raises(ShapeError, match="axes"):
        mean_interval([[1.0]])
