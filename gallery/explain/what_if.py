"""Which patch sets get a float32 score so that readers can ask "what if only these patches were kept?".

Nothing between scored sets is inferred: a classifier is not monotone, so that the probability of a patch set
says nothing certain about any other set. What readers are most likely to try is therefore scored beforehand,
in this order, as long as the forward passes last:

1. Nothing kept, everything kept, every patch alone, every patch removed alone, the nodes of the attention
   graph and the minimal sufficient explanations (MSEs). Earlier stages have scored all of these.
2. Each MSE without any one of its patches.
3. All other subsets of each MSE that is not too large, MSE by MSE as they are printed, larger subsets first.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from gallery.errors import ConfigError
from gallery.interfaces import ScoreRequest, ScoreSteps
from gallery.records import cells_of, mask_of

MOST_LISTED = 4000
"""Sets in the table of one image: an exhaustive search scores far more than a page can hold."""


@dataclass(frozen=True)
class TopUp:
    """What ``top_up`` returns.

    Attributes:
        wanted: Masks that were wanted and have a float32 score now, the most wanted first.
        note: "" or which sets were left out.
    """

    wanted: tuple[int, ...]
    note: str = ""


def top_up(
    n_cells: int,
    mses: Sequence[int],
    nodes: Sequence[int],
    known: Collection[int],
    *,
    max_forwards: int = 300,
    max_size: int = 8,
) -> ScoreSteps[TopUp]:
    """Have the patch sets scored that readers are most likely to try; see the module for their order.

    Args:
        n_cells: Patches of the image.
        mses: As printed.
        nodes: Of the attention graph.
        known: Masks with a float32 score, which cost nothing.
        max_forwards: Masks scored, at most.
        max_size: All subsets are wanted of MSEs of at most this many patches.

    Raises:
        ConfigError: If n_cells is below 1 or another number below 0.

    Cost:
        At most ``max_forwards`` float32 scores.
    """
    if n_cells < 1 or min(max_forwards, max_size) < 0:
        raise ConfigError("what_if: max_forwards and max_size must be >= 0.")
    wanted = list(dict.fromkeys(_wanted(n_cells, mses, nodes, max_size)))
    unknown = [mask for mask in wanted if mask not in known]
    asked, left_out = unknown[:max_forwards], frozenset(unknown[max_forwards:])
    if asked:
        yield ScoreRequest(asked, exact=True)
    notes = []
    if left_out:
        notes.append(
            f"{len(left_out)} further sets that were wanted were left out (max_forwards = {max_forwards})."
        )
    if large := sum(mask.bit_count() > max_size for mask in mses):
        notes.append(
            f"Of explanations of more than {max_size} patches ({large} of {len(mses)}), only the single "
            "deletions were wanted, not all subsets."
        )
    return TopUp(tuple(mask for mask in wanted if mask not in left_out), " ".join(notes))


def listed(wanted: Sequence[int], known: Collection[int], most: int = MOST_LISTED) -> list[int]:
    """Return the sets of the table, ascending: ``wanted`` first, then others, evenly spaced by mask.

    Args:
        wanted: The most wanted first; all of them known.
        known: Every mask with a float32 score.
        most: Sets in the table, at most.
    """
    first = list(wanted)[:most]
    chosen = frozenset(first)
    others = sorted(mask for mask in known if mask not in chosen)
    if len(others) > (room := most - len(first)):
        others = [others[i * len(others) // room] for i in range(room)]
    return sorted([*first, *others])


def _wanted(n_cells: int, mses: Sequence[int], nodes: Sequence[int], max_size: int) -> Iterator[int]:
    """Yield what is to be scored, the most wanted first; masks may come twice."""
    full = (1 << n_cells) - 1
    yield from (0, full)
    yield from (1 << cell for cell in range(n_cells))
    yield from (full & ~(1 << cell) for cell in range(n_cells))
    yield from nodes
    yield from mses
    for mask in mses:
        yield from (mask & ~(1 << cell) for cell in cells_of(mask))
    for mask in mses:
        cells = cells_of(mask)
        if len(cells) <= max_size:
            for size in range(len(cells) - 2, 1, -1):
                yield from map(mask_of, combinations(cells, size))
