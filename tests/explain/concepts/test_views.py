"""Crops to learn from."""

import numpy as np

from gallery.explain.concepts.views import SCALES, views_of

PIXELS = np.random.default_rng(0).integers(0, 256, (100, 160, 3), dtype=np.uint8)


def is_inside(view: np.ndarray, pixels: np.ndarray) -> bool:
    windows = np.lib.stride_tricks.sliding_window_view(pixels, view.shape)
    return bool((windows == view).all(axis=(3, 4, 5)).any())


def test_the_first_view_is_the_whole_and_the_others_are_squares_out_of_it() -> None:
    whole, *crops = views_of(PIXELS, 1 + 2 * len(SCALES), seed=3)
    assert np.array_equal(whole, PIXELS)
    assert [crop.shape[:2] for crop in crops[: len(SCALES)]] == [(round(100 * s),) * 2 for s in SCALES]
    mirrored = np.ascontiguousarray(PIXELS[:, ::-1])
    found = [(is_inside(crop, PIXELS), is_inside(crop, mirrored)) for crop in crops]
    assert all(a != b for a, b in found)
    assert len(set(found)) == 2


def test_a_seed_gives_the_same_views() -> None:
    first, again, other = (list(views_of(PIXELS, 6, seed)) for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(first, other, strict=True))


def test_tiny_photographs_are_not_cut_below_themselves() -> None:
    assert {view.shape for view in views_of(PIXELS[:20, :20], 5, seed=0)} == {(20, 20, 3)}
