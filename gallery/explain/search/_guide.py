"""Which patches to try first: an additive model of the log-odds, fitted on scores already taken."""

import math
import random
from collections.abc import Mapping, Sequence

import numpy as np

from gallery.explain.search._base import Verdicts
from gallery.interfaces import ScoreSteps

RIDGE = 1.0
"""Weight of the squared coefficients; keeps the fit defined when there are fewer scores than patches."""


def log_odds(p: float) -> float:
    """Return log(p / (1 - p)), with p kept inside [1e-7, 1 - 1e-7]."""
    p = min(max(p, 1e-7), 1 - 1e-7)
    return math.log(p / (1 - p))


def probe(n_cells: int, n_random: int, seed: int, verdicts: Verdicts) -> ScoreSteps[None]:
    """Score every patch alone, every patch removed alone, and random halves of the grid.

    Single patches say little where the classifier needs many at once, and single removals little where it
    needs none; random halves lie in between.
    """
    full = (1 << n_cells) - 1
    draw = random.Random(seed)
    halves = [draw.getrandbits(n_cells) for _ in range(n_random)]
    alone = [1 << cell for cell in range(n_cells)]
    yield from verdicts.ask([0, full, *alone, *(full & ~mask for mask in alone), *halves])


def rank(scores: Mapping[int, float], n_cells: int) -> list[int]:
    """Return all patches, most valuable first.

    The value of a patch is its coefficient in the ridge regression of the log-odds on which patches are
    kept; ties go to the lower patch id.

    Args:
        scores: Bit mask -> probability.
        n_cells: Patches of the grid.

    Cost:
        One solution of an n_cells x n_cells system; no scores.
    """
    masks = sorted(scores)
    x = np.array([[mask >> cell & 1 for cell in range(n_cells)] for mask in masks], dtype=np.float64)
    y = np.array([log_odds(scores[mask]) for mask in masks])
    x -= x.mean(axis=0)
    value = np.linalg.solve(x.T @ x + RIDGE * np.eye(n_cells), x.T @ (y - y.mean()))
    # Rounded, so that the order of equally useful patches does not hang on the last bit of the solver.
    return sorted(range(n_cells), key=lambda cell: (-round(float(value[cell]), 6), cell))


def pick_different(
    masks: Sequence[int], known: Sequence[int], scores: Mapping[int, float], n: int
) -> list[int]:
    """Return up to ``n`` of ``masks``, one by one: least overlap with known and picked, then confidence."""
    picked: list[int] = []
    rest = list(masks)
    while rest and len(picked) < n:
        against = [*known, *picked]
        best = min(
            rest,
            key=lambda mask: (
                max(((mask & one).bit_count() for one in against), default=0),
                -scores[mask],
                mask,
            ),
        )
        picked.append(best)
        rest.remove(best)
    return picked
