"""Borders of regions: loops around the points of a lattice, and the pixels along the border of an area."""

import numpy as np

from gallery.records import Bool

Corner = tuple[int, int]


def loops_around(kept: Bool) -> tuple[tuple[Corner, ...], ...]:
    """Return the border of a region of a lattice as closed loops of (row, column) corners.

    Point (i, j) fills the square from corner (i, j) to (i + 1, j + 1). Loops run clockwise around the region
    and anticlockwise around its holes, so that filling or clipping with them, by either winding rule, keeps
    exactly the region. A loop has a corner only where it turns.

    Args:
        kept: (R, S) bool, the region.
    """
    after = _border_steps(kept)
    loops = []
    for start in sorted(after):
        while after.get(start):
            loop = [start]
            corner = after[start].pop()
            while corner != start:
                loop.append(corner)
                corner = after[corner].pop()
            loops.append(_turns(loop))
    return tuple(loops)


def _border_steps(kept: Bool) -> dict[Corner, list[Corner]]:
    """Return corner -> the corners after it on the border, the region on the right."""
    framed = np.pad(kept, 1)
    inner = framed[:-2, 1:-1] & framed[2:, 1:-1] & framed[1:-1, :-2] & framed[1:-1, 2:]
    after: dict[Corner, list[Corner]] = {}
    for row, col in np.argwhere(kept & ~inner).tolist():
        sides = (
            (framed[row, col + 1], (row, col), (row, col + 1)),
            (framed[row + 1, col + 2], (row, col + 1), (row + 1, col + 1)),
            (framed[row + 2, col + 1], (row + 1, col + 1), (row + 1, col)),
            (framed[row + 1, col], (row + 1, col), (row, col)),
        )
        for neighbour, begin, end in sides:
            if not neighbour:
                after.setdefault(begin, []).append(end)
    return after


def _turns(loop: list[Corner]) -> tuple[Corner, ...]:
    """Return the corners of a closed loop at which it changes direction."""
    turns = []
    for index, here in enumerate(loop):
        before, behind = loop[index - 1], loop[(index + 1) % len(loop)]
        if (before[0] == here[0]) != (here[0] == behind[0]):
            turns.append(here)
    return tuple(turns)


def simplified(loop: tuple[Corner, ...], slack: float) -> tuple[Corner, ...]:
    """Return a closed loop with fewer corners, none of the others more than ``slack`` away from it.

    Ramer, An Iterative Procedure for the Polygonal Approximation of Plane Curves, CGIP 1972, which is also
    Douglas and Peucker's; from the first corner to the one farthest from it and back. A loop of which nothing
    would be left is returned as it is.
    """
    at = np.array((*loop, loop[0]), dtype=np.float64)
    far = int(np.argmax(((at - at[0]) ** 2).sum(axis=1)))
    keep = {0, far}
    spans = [(0, far), (far, len(loop))]
    while spans:
        begin, end = spans.pop()
        if end - begin < 2:
            continue
        step = at[end] - at[begin]
        between = at[begin + 1 : end] - at[begin]
        off = np.abs(between[:, 0] * step[1] - between[:, 1] * step[0]) / np.hypot(*step)
        if off.max() > slack:
            middle = begin + 1 + int(np.argmax(off))
            keep.add(middle)
            spans += [(begin, middle), (middle, end)]
    return tuple(loop[i] for i in sorted(keep)) if len(keep) > 2 else loop


def shrunk(area: Bool, line: int) -> Bool:
    """Return ``area`` without the ``line`` pixels along its border; the picture's edge counts as border."""
    inside = np.pad(area, 1)
    for _ in range(line):
        flat = inside[1:-1] & inside[:-2] & inside[2:]
        inside[1:-1, 1:-1] = flat[:, 1:-1] & flat[:, :-2] & flat[:, 2:]
    return inside[1:-1, 1:-1]


def grown(area: Bool, line: int) -> Bool:
    """Return ``area`` with the ``line`` pixels around it."""
    around = shrunk(np.pad(~area, line, constant_values=True), line)
    return ~around[line:-line, line:-line]


def innermost(area: Bool) -> Corner:
    """Return the (row, column) of a pixel of ``area`` as far from its border as any, near its middle.

    Args:
        area: (H, W) bool, at least one pixel.
    """
    rows, cols = np.flatnonzero(area.any(axis=1)), np.flatnonzero(area.any(axis=0))
    left = core = area[rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1]
    while left.any():
        core, left = left, shrunk(left, 1)
    middle = np.argwhere(area).mean(axis=0)
    candidates = np.argwhere(core) + np.array((rows[0], cols[0]))
    row, col = candidates[np.argmin(((candidates - middle) ** 2).sum(axis=1))].tolist()
    return (row, col)
