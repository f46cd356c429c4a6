"""Shapes as pixels: polylines around strokes, dashes and curves, and the pixels that loops enclose.

Coordinates are pixels, x to the right, y downwards; the first pixel reaches from 0 to 1.
"""

from collections.abc import Iterator
from itertools import pairwise
from math import ceil, floor, hypot

import numpy as np
from PIL import Image

from gallery.render.figures.patches import Point

_CURVE_STEPS = 16
# SVG's limit of 4 on a corner's length over the stroke's width, as used in ``stroked``.
_MITRE = 2 / 4**2

Runs = tuple[tuple[Point, ...], ...]


def inside(loops: Runs) -> tuple[tuple[int, int], Image.Image]:
    """Return the pixels whose centres lie within loops (non-zero winding): top left corner and mask.

    The mask is 255 inside, else 0. Every edge adds its direction to the pixels from it to the right; their
    sums are the winding numbers.
    """
    edges = np.array([(*a, *b) for loop in loops for a, b in zip(loop, (*loop[1:], loop[0]), strict=True)])
    left, top = (floor(v) for v in edges[:, :2].min(axis=0))
    right, bottom = (ceil(v) for v in edges[:, :2].max(axis=0))
    width, height = max(1, right - left), max(1, bottom - top)
    x, y, to_x, to_y = (edges - (left, top, left, top)).T
    first = np.ceil(np.minimum(y, to_y) - 0.5).astype(int)
    n_rows = np.ceil(np.maximum(y, to_y) - 0.5).astype(int) - first
    edge = np.repeat(np.arange(len(edges)), n_rows)
    row = np.arange(len(edge)) - np.repeat(np.cumsum(n_rows) - n_rows - first, n_rows)
    at = x[edge] + (row + 0.5 - y[edge]) * ((to_x - x)[edge] / (to_y - y)[edge])
    turns = np.zeros((height, width + 1), dtype=np.int16)
    np.add.at(turns, (row, np.ceil(at - 0.5).astype(int)), np.sign(to_y - y)[edge].astype(np.int16))
    enclosed = np.cumsum(turns, axis=1, dtype=np.int16)[:, :width] != 0
    return (left, top), Image.fromarray(enclosed * np.uint8(255))


def stroked(line: tuple[Point, ...], half: float, *, closed: bool) -> Runs:
    """Return the loops around a polyline at distance ``half``: mitred joins and flat ends, as in SVG."""
    steps = [(a, b) for a, b in pairwise(line) if a != b]
    if not steps or half <= 0:
        return ()
    across: list[Point] = []
    for (x, y), (to_x, to_y) in steps:
        share = half / hypot(to_x - x, to_y - y)
        across.append(((y - to_y) * share, (to_x - x) * share))
    left: list[Point] = []
    right: list[Point] = []
    before = [across[-1] if closed else across[0], *across]
    after = [*across, across[0] if closed else across[-1]]
    for (x, y), (ax, ay), (bx, by) in zip([steps[0][0], *(b for _, b in steps)], before, after, strict=True):
        # Twice the square of the cosine of half the turn; SVG cuts corners from a turn of 151 degrees.
        straight = 1 + (ax * bx + ay * by) / (half * half)
        if straight >= _MITRE:
            offsets = [((ax + bx) / straight, (ay + by) / straight)]
        else:
            offsets = [(ax, ay), (bx, by)]
        left += [(x + dx, y + dy) for dx, dy in offsets]
        right += [(x - dx, y - dy) for dx, dy in offsets]
    if closed:
        return (tuple(left), tuple(reversed(right)))
    return ((*left, *reversed(right)),)


def flat(run: tuple[Point, ...]) -> tuple[Point, ...]:
    """Return a run of cubic Bezier curves as a polyline."""
    line = [run[0]]
    for i in range(0, len(run) - 3, 3):
        a, b, c, d = run[i : i + 4]
        for step in range(1, _CURVE_STEPS + 1):
            t = step / _CURVE_STEPS
            u = 1 - t
            weights = (u**3, 3 * u * u * t, 3 * u * t * t, t**3)
            line.append(
                (
                    sum(w * p[0] for w, p in zip(weights, (a, b, c, d), strict=True)),
                    sum(w * p[1] for w, p in zip(weights, (a, b, c, d), strict=True)),
                )
            )
    return tuple(line)


def dashed(line: tuple[Point, ...], dash: tuple[float, ...]) -> Iterator[tuple[Point, ...]]:
    """Yield the pieces of a polyline that dashes cover."""
    index, left = 0, dash[0]
    piece = [line[0]]
    for (x, y), (to_x, to_y) in pairwise(line):
        length, done = hypot(to_x - x, to_y - y), 0.0
        while length - done > left:
            done += left
            at = (x + (to_x - x) * done / length, y + (to_y - y) * done / length)
            if index % 2 == 0:
                yield (*piece, at)
            piece = [at]
            index += 1
            left = dash[index % len(dash)]
        left -= length - done
        piece.append((to_x, to_y))
    if index % 2 == 0:
        yield tuple(piece)
