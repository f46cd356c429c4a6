"""From sufficient patch sets to minimal ones: drop the least harmful patch first, then check all subsets."""

from collections.abc import Iterable, Iterator

from gallery.explain.search._base import FoundSet, Verdicts, in_printed_order, single_deletions
from gallery.interfaces import ScoreSteps
from gallery.records import Minimality


def minimise(masks: Iterable[int], verdicts: Verdicts, *, is_final: bool = True) -> ScoreSteps[list[int]]:
    """Return the 1-minimal sets that ``masks`` shrink to, without repeats, in order of first arrival.

    All sets shrink in lock-step: each round asks for every single deletion of every set in one request. A
    set drops the patch whose loss leaves the highest probability (ties: the lowest patch id) as long as it
    stays sufficient. The last round of each set is decided on float32 scores only, unless ``settle`` is to
    do that for many sets at once.

    Args:
        masks: Sufficient patch sets, already scored in ``verdicts``.
        verdicts: Known scores; extended.
        is_final: False to leave the float32 round to ``settle``.

    Cost:
        At most one score per patch of each set and round; most repeat and are free.
    """
    minimal: dict[int, None] = {}
    shrinking = list(dict.fromkeys(masks))
    exact = False
    while shrinking:
        yield from verdicts.ask([part for mask in shrinking for part in single_deletions(mask)], exact=exact)
        smaller: dict[int, None] = {}
        finished = []
        for mask in shrinking:
            parts = [part for part in single_deletions(mask) if verdicts.is_sufficient(part)]
            if parts:
                smaller[max(parts, key=lambda part: (verdicts.scores[part], part))] = None
            else:
                finished.append(mask)
        if exact:
            minimal.update(dict.fromkeys(finished))
            shrinking, exact = list(smaller), False
        elif smaller:
            shrinking = [*smaller, *finished]
        elif is_final:
            exact = True
        else:
            return finished
    return list(minimal)


def settle(found: Iterable[FoundSet], verdicts: Verdicts, largest: int) -> ScoreSteps[tuple[FoundSet, ...]]:
    """Return what stands in float32 of sets minimised with ``is_final=False``, in printed order.

    Every single deletion of every set is scored in float32, all in one request, which fills batches. A set
    from which a patch can be dropped after all shrinks further.

    Args:
        found: Minimised sets.
        verdicts: Known scores; extended.
        largest: As for ``check_subsets``.
    """
    found = list(found)
    masks = [one.mask for one in found]
    yield from verdicts.ask([m for mask in masks for m in (mask, *single_deletions(mask))], exact=True)
    loose = [mask for mask in masks if any(verdicts.is_sufficient(part) for part in single_deletions(mask))]
    kept = {one.mask: one for one in found if one.mask not in loose}
    if loose:
        tight = yield from minimise(loose, verdicts)
        for one in (yield from check_subsets(tight, verdicts, largest)):
            kept[one.mask] = one
    return (yield from confirm(kept.values(), verdicts))


def check_subsets(masks: Iterable[int], verdicts: Verdicts, largest: int) -> ScoreSteps[list[FoundSet]]:
    """Verify minimality over all proper subsets of sets of at most ``largest`` patches.

    A 1-minimal set can hide a smaller sufficient set that is reached only by dropping several patches at
    once. Where one is found, the smallest such subsets (then 1-minimal themselves) take the set's place.
    Unlike single deletions, subsets clearly away from the threshold are judged by their screening scores.

    Args:
        masks: 1-minimal sufficient sets.
        verdicts: Known scores; extended.
        largest: Sets with more patches stay "1-minimal".

    Returns:
        The sets without repeats, unordered.

    Cost:
        2**k - k - 2 further scores for a set of k patches, all sets in one request.
    """
    masks = list(masks)
    small = [mask for mask in masks if mask.bit_count() <= largest]
    inner = {
        mask: [s for s in proper_subsets(mask) if s.bit_count() < mask.bit_count() - 1] for mask in small
    }
    yield from verdicts.ask([subset for mask in small for subset in inner[mask]])
    found: dict[int, FoundSet] = {}
    replacements: dict[int, None] = {}
    for mask in masks:
        hidden = [s for s in inner.get(mask, []) if verdicts.is_sufficient(s)]
        if not hidden:
            level: Minimality = "subset-minimal" if mask in inner else "1-minimal"
            found[mask] = FoundSet(mask, verdicts.scores[mask], level)
            continue
        fewest = min(s.bit_count() for s in hidden)
        replacements.update(dict.fromkeys(s for s in hidden if s.bit_count() == fewest))
    if replacements:
        shrunk = yield from minimise(replacements, verdicts)
        for one in (yield from check_subsets(shrunk, verdicts, largest)):
            found[one.mask] = one
    return list(found.values())


def proper_subsets(mask: int) -> list[int]:
    """Return all non-empty proper subsets of ``mask``."""
    subsets = []
    subset = (mask - 1) & mask
    while subset:
        subsets.append(subset)
        subset = (subset - 1) & mask
    return subsets


def confirm(found: Iterable[FoundSet], verdicts: Verdicts) -> ScoreSteps[tuple[FoundSet, ...]]:
    """Re-score sets in float32, drop those that fail or contain another, and put the rest in printed order.

    A set can contain another only where the larger was found first or at the same time and has too many
    patches for all its subsets to be checked.
    """
    found = list(found)
    yield from verdicts.ask([one.mask for one in found], exact=True)
    kept = [
        FoundSet(one.mask, verdicts.scores[one.mask], one.minimality)
        for one in found
        if verdicts.is_sufficient(one.mask)
    ]
    return tuple(_without_supersets(in_printed_order(kept)))


def _without_supersets(found: Iterable[FoundSet]) -> Iterator[FoundSet]:
    """Return those of ``found``, which come by size, that contain no other; equal sizes need no look."""
    smaller: list[int] = []
    same_size: list[int] = []
    for one in found:
        if same_size and one.mask.bit_count() > same_size[-1].bit_count():
            smaller, same_size = smaller + same_size, []
        if not any(mask & one.mask == mask for mask in smaller):
            same_size.append(one.mask)
            yield one
