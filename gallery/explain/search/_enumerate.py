"""All patch sets of one size, lazily and in requests of bounded size."""

from collections.abc import Iterable, Iterator
from itertools import islice
from math import comb

from gallery.errors import ConfigError

MASKS_PER_REQUEST = 4096
"""Large enough to fill any batch, small enough that no list of all masks is ever held."""


def portions(masks: Iterable[int], size: int = MASKS_PER_REQUEST) -> Iterator[list[int]]:
    """Return ``masks`` in lists of ``size``, the last one shorter."""
    rest = iter(masks)
    while portion := list(islice(rest, size)):
        yield portion


def subsets_free_of(found: Iterable[int], n_cells: int, size: int) -> Iterator[int]:
    """Return the sets of ``size`` of ``n_cells`` patches that contain none of ``found``.

    Patch by patch in ascending order, so that a prefix that contains a known set is left out with everything
    that starts with it. No set is dropped for any other reason: masking is not monotone, so the score of a
    set says nothing about those of the sets around it.
    """
    ending_at: list[list[int]] = [[] for _ in range(n_cells)]
    for mask in found:
        ending_at[mask.bit_length() - 1].append(mask)
    return _extend(0, 0, size, ending_at)


def _extend(prefix: int, first: int, n_missing: int, ending_at: list[list[int]]) -> Iterator[int]:
    """Return the sets that add ``n_missing`` patches, from ``first`` on, to ``prefix``."""
    for cell in range(first, len(ending_at) - n_missing + 1):
        mask = prefix | 1 << cell
        # Sets that end earlier were ruled out when their last patch joined the prefix.
        if any(one & mask == one for one in ending_at[cell]):
            continue
        if n_missing == 1:
            yield mask
        else:
            yield from _extend(mask, cell + 1, n_missing - 1, ending_at)


def n_subsets(n_cells: int, sizes: Iterable[int]) -> int:
    """Return how many sets of any of ``sizes`` there are."""
    return sum(comb(n_cells, size) for size in sizes)


def check_affordable(n_masks: int, max_forwards: int, refuse_above: int) -> None:
    """Check that a search by enumeration can end within a sane time.

    Args:
        n_masks: Patch sets it may score.
        max_forwards: Its budget; 0 for none.
        refuse_above: Patch sets it may score at most.

    Raises:
        ConfigError: If it may score more.
    """
    n_scored = min(n_masks, max_forwards or n_masks)
    if n_scored > refuse_above:
        raise ConfigError(
            f"search: {n_scored:,} patch sets are more than refuse_above = {refuse_above:,} allows. Ask for "
            "smaller sets, use a coarser grid, set max_forwards, or raise refuse_above."
        )
