"""What searches and necessity have found, as the records that are stored; forwards and seconds are left 0."""

from collections.abc import Sequence
from typing import Any

from gallery.config import NecessitySettings
from gallery.explain.necessity import FoundNecessity, hits
from gallery.explain.search._base import Found
from gallery.pipeline.case import Case
from gallery.records import DeletionSet, Explanation, Necessity, SearchResult
from gallery.scoring.engine import Scorer


def search_record(
    case: Case, scorer: Scorer, found: Found, method: str, options: dict[str, Any]
) -> SearchResult:
    """Return a search's answer."""
    p_full = case.prediction.p_full
    mses = tuple(
        Explanation(
            mask=one.mask,
            probability=one.probability,
            relative=one.probability / p_full,
            margin=one.probability - case.threshold,
            minimality=one.minimality,
            is_top=scorer.is_top(one.mask),
        )
        for one in found.sets
    )
    return SearchResult(
        method=method,
        options={**options, "p_high": case.recipe.settings.search.p_high},
        p_full=p_full,
        threshold=case.threshold,
        mses=mses,
        diverse={},
        roots=(),
        complete_up_to=found.complete_up_to,
        n_scored=found.n_scored,
        forwards=0,
        seconds=0.0,
        note=found.note,
    )


def necessity_record(
    case: Case, scorer: Scorer, found: FoundNecessity, mses: Sequence[int], settings: NecessitySettings
) -> Necessity:
    """Return what a prediction cannot do without.

    Args:
        case: The image.
        scorer: Asked whether the class stays the most probable one without a set, at most one pass each.
        found: The answer.
        mses: Masks of the image's MSEs, which deletion sets may hit.
        settings: What was asked for.
    """
    p_full, full = case.prediction.p_full, case.mask_model.full
    sets = tuple(
        DeletionSet(
            mask=one.mask,
            probability=one.probability,
            relative=one.probability / p_full,
            minimality=one.minimality,
            is_top=scorer.is_top(full & ~one.mask),
            hits=hits(one.mask, mses),
        )
        for one in found.deletion_sets
    )
    return Necessity(
        threshold=settings.p_break * p_full,
        deletion_sets=sets,
        participation=found.participation,
        alone=found.alone,
        without=found.without,
        p_empty=found.p_empty,
        interactions=found.interactions,
        options=settings.model_dump(),
        forwards=0,
        seconds=0.0,
        note=found.note,
    )
