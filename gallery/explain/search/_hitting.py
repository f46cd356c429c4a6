"""Minimal hitting sets: few patches that share one with every member of a family of patch sets."""

from collections.abc import Iterable

from gallery.records import cells_of, mask_of


def hitting_sets(family: Iterable[int], width: int = 256) -> list[int]:
    """Return minimal sets of patches that share one with every member of ``family``.

    Grown patch by patch from the first member not yet hit. All of them are returned as long as no more than
    ``width`` partial sets of one size are open; beyond that, those are kept that miss the fewest members.

    Args:
        family: Non-empty patch sets; without any, the empty set hits them all.
        width: Partial sets kept, >= 1.

    Returns:
        By size, then most used patches first, then by mask.
    """
    members = sorted(set(family), key=lambda mask: (mask.bit_count(), mask))
    used = mask_of(cell for mask in members for cell in cells_of(mask))
    use = {cell: sum(mask >> cell & 1 for mask in members) for cell in cells_of(used)}

    def usefulness(mask: int) -> int:
        return sum(use[cell] for cell in cells_of(mask))

    def is_irredundant(mask: int) -> bool:
        """Return whether each patch is the only one to hit some member; growing never mends that."""
        only = 0
        for member in members:
            common = member & mask
            only |= common if common & (common - 1) == 0 else 0
        return only == mask

    complete, level = [], [0]
    while level:
        grown: dict[int, None] = {}
        for partial in level:
            unhit = next((member for member in members if not member & partial), None)
            if unhit is None:
                complete.append(partial)
            else:
                grown.update(dict.fromkeys(partial | 1 << cell for cell in cells_of(unhit)))
        level = sorted(
            filter(is_irredundant, grown),
            key=lambda mask: (-sum(1 for member in members if member & mask), -usefulness(mask), mask),
        )[:width]
    return sorted(complete, key=lambda mask: (mask.bit_count(), -usefulness(mask), mask))
