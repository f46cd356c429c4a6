"""Which patches to try first: what ranks them, and the scores that takes."""

import math
import random
from collections.abc import Callable, Mapping, Sequence

from gallery.errors import ConfigError
from gallery.explain.search._base import Verdicts
from gallery.explain.search._surrogate import Surrogate
from gallery.interfaces import ScoreSteps

MEASURED = ("none", "cells", "surrogate")
"""Kinds of guide that need no map."""


class Guide:
    """Ranks patches: which to try first. ``start`` asks for the scores it needs.

    Kinds: "none" (all patches count the same and all are tried), "cells" (each by its score alone),
    "surrogate" (an additive model of the log-odds, fitted again on every score known by then), and any other
    name for a map made beforehand.
    """

    def __init__(
        self, kind: str, n_cells: int, guide_map: Sequence[float] | None, *, n_random: int = 0, seed: int = 0
    ) -> None:
        """Prepare; nothing is scored yet.

        Args:
            kind: "none", "cells", "surrogate", or the name of the method that made ``guide_map``.
            n_cells: Patches of the grid.
            guide_map: One number per patch, high where it seems to matter; ignored by the three kinds.
            n_random: For "surrogate": random halves of the grid that are scored.
            seed: Of the random halves.

        Raises:
            ConfigError: If ``kind`` needs a map and there is none, or it has another length or is not finite.
        """
        self.kind, self.n_cells = kind, n_cells
        draw = random.Random(seed)
        self._halves = [draw.getrandbits(n_cells) for _ in range(n_random)]
        self._order: list[int] = list(range(n_cells))
        if kind not in MEASURED:
            if guide_map is None or len(guide_map) != n_cells or not all(map(math.isfinite, guide_map)):
                raise ConfigError(f"search.guide: {kind!r} needs a map with one finite number per patch.")
            self._order.sort(key=lambda cell: (-guide_map[cell], cell))

    def start(self, verdicts: Verdicts) -> ScoreSteps[None]:
        """Score what the ranking needs, the baseline alone and the whole image."""
        full = (1 << self.n_cells) - 1
        alone = [1 << cell for cell in range(self.n_cells)]
        # In float32: a search that goes on although the baseline suffices would shrink all to nothing.
        yield from verdicts.ask([0], exact=True)
        yield from verdicts.ask([full, *(alone if self.kind in ("cells", "surrogate") else [])])
        if self.kind == "cells":
            self._order.sort(key=lambda cell: (-verdicts.scores[1 << cell], cell))

    def look_closer(self, verdicts: Verdicts) -> ScoreSteps[None]:
        """Score every patch removed alone and the random halves, if the guide learns from them.

        Single patches say little where the classifier needs many at once, and single removals little where
        it needs none; random halves lie in between.
        """
        if self.kind == "surrogate":
            full = (1 << self.n_cells) - 1
            yield from verdicts.ask([*(full & ~(1 << cell) for cell in range(self.n_cells)), *self._halves])

    def ranking(self, verdicts: Verdicts) -> list[int]:
        """Return all patches, most promising first."""
        return Surrogate(verdicts, self.n_cells).order() if self.kind == "surrogate" else list(self._order)

    def extensions(
        self, kept: Sequence[int], candidates: int, verdicts: Verdicts, is_open: Callable[[int], bool]
    ) -> list[int]:
        """Return distinct sets one patch larger than those kept: the most promising, and all known already.

        Args:
            kept: Patch sets of one size.
            candidates: New sets per kept set: on average for "surrogate", which compares them all; for each
                otherwise. Ignored for "none".
            verdicts: Known scores.
            is_open: Whether a set may be tried at all.
        """
        everyone = [
            [larger for cell in self._order if not mask >> cell & 1 and is_open(larger := mask | 1 << cell)]
            for mask in kept
        ]
        if self.kind != "surrogate":
            first = [sets if self.kind == "none" else sets[:candidates] for sets in everyone]
            return list(dict.fromkeys(mask for sets in first for mask in sets))
        sets = dict.fromkeys(mask for sets in everyone for mask in sets)
        known = [mask for mask in sets if mask in verdicts.scores]
        surrogate = Surrogate(verdicts, self.n_cells)
        new = [mask for mask in sets if mask not in verdicts.scores]
        new.sort(key=lambda mask: (-surrogate.predict(mask), mask))
        return [*known, *new[: len(kept) * candidates]]


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
