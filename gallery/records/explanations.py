"""Minimal sufficient explanations: what a search found, what is necessary, and how robust the answer is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from gallery.records.arrays import Float32, UInt8
from gallery.records.patches import Minimality


@dataclass(frozen=True)
class Explanation:
    """A minimal sufficient explanation (MSE): patches that alone keep the classifier confident.

    Attributes:
        mask: Kept patches, bit row * S + col.
        probability: Softmax probability of the target when only ``mask`` is kept, float32 precision.
        relative: probability / p_full.
        margin: probability - threshold, >= 0.
        minimality: What was verified: "1-minimal" (no single patch can go), "subset-minimal" (no proper
            subset is sufficient, all enumerated) or "smallest" (certified by exhaustive search).
        is_top: Whether the target is the most probable class when only ``mask`` is kept.
    """

    mask: int
    probability: float
    relative: float
    margin: float
    minimality: Minimality
    is_top: bool


@dataclass(frozen=True)
class SearchResult:
    """All MSEs a search found in one image.

    Attributes:
        method: Registered name of the search.
        options: Every option it ran with.
        p_full: Probability of the target on the whole image.
        threshold: p_high * p_full; a patch set is sufficient at or above it.
        mses: Ordered by size, then by descending probability, then by mask; those of ``sag2021`` as found.
        diverse: Overlap t -> indices into ``mses`` of the largest set that pairwise share at most t patches.
        roots: Indices into ``mses`` shown as roots of the attention graph.
        complete_up_to: Certificate: every subset-minimal MSE of at most this many patches is listed, because
            all patch sets of these sizes were judged. 0: no certificate.
        n_scored: Different patch sets scored.
        forwards: Images passed forward; a mask screened and then re-scored in float32 counts twice.
        seconds: Wall time; not part of the reproducible results.
        note: "" or why nothing was found / the search stopped early.
    """

    method: str
    options: Mapping[str, Any]
    p_full: float
    threshold: float
    mses: tuple[Explanation, ...]
    diverse: Mapping[int, tuple[int, ...]]
    roots: tuple[int, ...]
    complete_up_to: int
    n_scored: int
    forwards: int
    seconds: float
    note: str = ""


@dataclass(frozen=True)
class DeletionSet:
    """A minimal deletion set: patches without which the rest of the image is no longer sufficient.

    Attributes:
        mask: *Removed* patches, bit row * S + col.
        probability: Softmax probability of the target when they are removed, float32 precision.
        relative: probability / p_full.
        minimality: As for an MSE, of the removed patches.
        is_top: Whether the target is still the most probable class without them.
        hits: Number of the listed MSEs it shares a patch with; if the classifier were monotone, a minimal
            deletion set would hit all of them.
    """

    mask: int
    probability: float
    relative: float
    minimality: Minimality
    is_top: bool
    hits: int


@dataclass(frozen=True)
class Interaction:
    """How two patches work together: p(ab) - p(a) - p(b) + p(empty); > 0: more together than apart."""

    first: int
    second: int
    value: float


@dataclass(frozen=True)
class Necessity:
    """Which patches the prediction cannot do without.

    Attributes:
        threshold: Below it the rest of the image is no longer sufficient.
        deletion_sets: Ordered by size, then by ascending probability, then by mask.
        participation: (n_cells,) float32 in [0, 1], share of the MSEs that keep each patch; zeros if none.
        alone: (n_cells,) float32, probability when only this patch is kept.
        without: (n_cells,) float32, probability when only this patch is removed.
        p_empty: Probability when nothing is kept.
        interactions: Of every pair of the patches that take part in most MSEs, strongest first.
        options: Every option it was made with.
        forwards: Images passed forward that no earlier stage had scored.
        seconds: Wall time; not part of the reproducible results.
        note: "" or why it stopped early.
    """

    threshold: float
    deletion_sets: tuple[DeletionSet, ...]
    participation: Float32
    alone: Float32
    without: Float32
    p_empty: float
    interactions: tuple[Interaction, ...]
    options: Mapping[str, Any]
    forwards: int
    seconds: float
    note: str = ""


@dataclass(frozen=True)
class SweepRow:
    """The MSEs at another threshold, from the patch sets the search has scored and their minimisation.

    Attributes:
        p_high: Share of p_full from which a patch set is sufficient.
        n_mses: 1-minimal sufficient sets known at this threshold; a lower bound.
        smallest: Patches in the smallest of them, or None; an upper bound.
        mean_size: Mean number of patches, or None.
    """

    p_high: float
    n_mses: int
    smallest: int | None
    mean_size: float | None


@dataclass(frozen=True)
class CrossTest:
    """The same MSEs under another baseline.

    Attributes:
        baseline: Name of the baseline.
        p_empty: Probability of the target on the baseline alone.
        probabilities: Of the target, for each MSE in printed order, float32 precision.
        n_sufficient: How many still reach the threshold.
    """

    baseline: str
    p_empty: float
    probabilities: tuple[float, ...]
    n_sufficient: int


@dataclass(frozen=True)
class Agreement:
    """A second search with something else changed, against the first.

    Attributes:
        changed: What was changed, as printed: "baseline = black", "seed = 1".
        n_mses: MSEs the second search found.
        smallest: Patches in its smallest, or None.
        n_same: MSEs both searches found.
        similarity: Mean over all MSEs of both of the Jaccard index with the most similar MSE of the other
            search; 1 if both are the same, None if either found nothing.
    """

    changed: str
    n_mses: int
    smallest: int | None
    n_same: int
    similarity: float | None


@dataclass(frozen=True)
class Robustness:
    """How much of the answer hangs on the threshold, the baseline and chance.

    Attributes:
        sweep: By ascending ``p_high``.
        cross_tests: The MSEs under the other baselines.
        agreements: Further searches.
        options: Every option it was made with.
        forwards: Images passed forward that no earlier stage had scored.
        seconds: Wall time; not part of the reproducible results.
    """

    sweep: tuple[SweepRow, ...]
    cross_tests: tuple[CrossTest, ...]
    agreements: tuple[Agreement, ...]
    options: Mapping[str, Any]
    forwards: int
    seconds: float


QuestionKind = Literal["keep", "remove"]


@dataclass(frozen=True)
class Question:
    """Which of two patch sets leaves the classifier less confident, if it alone is kept, or if it is removed?

    Attributes:
        kind: "keep" (only these patches are kept) or "remove" (only these patches are removed).
        first: One set, as a mask of the patches kept or removed.
        second: The other; as many patches.
        p_first: Probability of the target after keeping or removing ``first``, float32 precision.
        p_second: Likewise for ``second``.
    """

    kind: QuestionKind
    first: int
    second: int
    p_first: float
    p_second: float


@dataclass(frozen=True)
class QuestionSet:
    """Held-out questions about one image; no set asked about is a node of its attention graph or an MSE.

    Attributes:
        questions: As drawn.
        seed: Of the draw.
        options: Every option it was made with.
        forwards: Images passed forward that no earlier stage had scored.
        seconds: Wall time; not part of the reproducible results.
    """

    questions: tuple[Question, ...]
    seed: int
    options: Mapping[str, Any]
    forwards: int
    seconds: float


@dataclass(frozen=True)
class WhatIf:
    """Patch sets with their float32 scores, for readers to try: a table, from which nothing is inferred.

    Attributes:
        masks: (N, ceil(n_cells / 8)) uint8, kept patches as bit masks in little-endian bytes, ascending.
        probabilities: (N,) float32, softmax probability of the target when only they are kept.
        n_known: Sets with a float32 score; more than N where not all are listed.
        options: Every option it was made with.
        forwards: Images passed forward that no earlier stage had scored.
        seconds: Wall time; not part of the reproducible results.
        note: "" or which sets were left out.
    """

    masks: UInt8
    probabilities: Float32
    n_known: int
    options: Mapping[str, Any]
    forwards: int
    seconds: float
    note: str = ""

    @property
    def sets(self) -> dict[int, float]:
        """Bit mask -> probability, ascending by mask."""
        masks = (int.from_bytes(row.tobytes(), "little") for row in self.masks)
        return dict(zip(masks, self.probabilities.tolist(), strict=True))
