"""Borders of regions, against slow twins that look at every pixel."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gallery.records import Bool
from gallery.render.figures.borders import Corner, grown, innermost, loops_around, shrunk, simplified

REGIONS = arrays(np.bool_, st.tuples(st.integers(1, 7), st.integers(1, 9)))


def area(loops: tuple[tuple[Corner, ...], ...]) -> float:
    """Signed area by the shoelace formula: clockwise on the screen is positive, holes are negative."""
    total = 0.0
    for loop in loops:
        for (y, x), (to_y, to_x) in zip(loop, (*loop[1:], loop[0]), strict=True):
            total += (x * to_y - to_x * y) / 2
    return total


def n_edges(region: Bool) -> int:
    """Return the length of the border: sides of the region's squares without a square of it beyond."""
    framed = np.pad(region, 1)
    return int((framed[1:] != framed[:-1]).sum() + (framed[:, 1:] != framed[:, :-1]).sum())


def length(loops: tuple[tuple[Corner, ...], ...]) -> int:
    return sum(
        abs(y - to_y) + abs(x - to_x)
        for loop in loops
        for (y, x), (to_y, to_x) in zip(loop, (*loop[1:], loop[0]), strict=True)
    )


@given(REGIONS)
def test_loops_follow_every_edge_once_around_exactly_the_region(region: Bool) -> None:
    loops = loops_around(region)
    assert area(loops) == region.sum()
    assert length(loops) == n_edges(region)


@given(REGIONS)
def test_loops_have_corners_only_where_they_turn(region: Bool) -> None:
    for loop in loops_around(region):
        assert len(loop) >= 4
        for before, here, behind in zip((loop[-1], *loop[:-1]), loop, (*loop[1:], loop[0]), strict=True):
            assert (before[0] == here[0]) != (here[0] == behind[0])


def test_a_ring_has_two_loops_in_opposite_directions() -> None:
    ring = np.ones((3, 3), bool)
    ring[1, 1] = False
    outer, inner = loops_around(ring)
    assert outer == ((0, 0), (0, 3), (3, 3), (3, 0))
    assert (area((outer,)), area((inner,))) == (9, -1)


def near(area: Bool, line: int) -> Bool:
    """Slow twin: pixels with a pixel of ``area`` at most ``line`` rows and columns away."""
    rows, cols = np.nonzero(area)
    y, x = np.indices(area.shape)
    found = np.zeros(area.shape, bool)
    for row, col in zip(rows, cols, strict=True):
        found |= (abs(y - row) <= line) & (abs(x - col) <= line)
    return found


@given(REGIONS, st.integers(1, 3))
def test_shrinking_and_growing_by_a_line(region: Bool, line: int) -> None:
    assert np.array_equal(grown(region, line), near(region, line))
    framed = np.pad(region, 1)
    assert np.array_equal(shrunk(region, line), ~near(~framed, line)[1:-1, 1:-1])


def staircase(n: int) -> Bool:
    return np.tri(n, dtype=bool)


def test_a_staircase_becomes_a_slope() -> None:
    (loop,) = loops_around(staircase(30))
    slope = simplified(loop, 1.0)
    assert len(loop) == 62
    assert len(slope) <= 5


@pytest.mark.parametrize("slack", [0.5, 1.0, 2.0])
@given(REGIONS)
def test_no_corner_left_out_is_far_from_the_simplified_loop(slack: float, region: Bool) -> None:
    for loop in loops_around(region):
        kept = simplified(loop, slack)
        assert len(kept) > 2
        assert set(kept) <= set(loop)
        pieces = list(zip(kept, (*kept[1:], kept[0]), strict=True))
        for corner in loop:
            assert min(distance(corner, *piece) for piece in pieces) <= slack + 1e-9


def distance(point: Corner, begin: Corner, end: Corner) -> float:
    """Return the distance of a point from the line through two others, or from both if they are one."""
    step, at = np.subtract(end, begin), np.subtract(point, begin)
    length = float(np.hypot(*step))
    return abs(float(at[0] * step[1] - at[1] * step[0])) / length if length else float(np.hypot(*at))


@given(REGIONS.filter(lambda region: bool(region.any())))
def test_the_innermost_pixel_is_in_the_area_and_no_other_is_farther_from_its_border(region: Bool) -> None:
    row, col = innermost(region)
    assert region[row, col]
    depth = 0
    while shrunk(region, depth + 1).any():
        depth += 1
    assert depth == 0 or shrunk(region, depth)[row, col]


def test_of_the_deepest_pixels_the_one_nearest_to_the_middle_is_taken() -> None:
    assert innermost(np.ones((3, 11), bool)) == (1, 5)
