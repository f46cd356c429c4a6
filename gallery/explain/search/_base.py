"""What a search receives and returns, and the predicate that defines its answer.

A search is a generator (``gallery.interfaces.ScoreSteps``): it yields the masks it wants scored and is sent
their scores, so it knows nothing of torch, batches, devices or precision. ``drive`` runs one against a plain
function. Every verdict "sufficient or not" is asked for with its threshold, so it is the float32 verdict.
"""

from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, field

from gallery.errors import ConfigError
from gallery.interfaces import ResultT, ScoreRequest, ScoreSteps
from gallery.lockstep import Lockstep
from gallery.records import Minimality, cells_of
from gallery.registry import Registry

ScoreFn = Callable[[Sequence[int]], list[float]]
BASELINE_SUFFICES = "The baseline alone, without any patch, is already sufficient."
"""Note of a search in an image whose only minimal sufficient set is the empty one."""


@dataclass(frozen=True)
class FoundSet:
    """A minimal sufficient patch set: its mask, float32 probability and verified minimality."""

    mask: int
    probability: float
    minimality: Minimality


@dataclass(frozen=True)
class Found:
    """What a search returns.

    Attributes:
        sets: Ordered by size, then by descending probability, then by mask; those of ``sag2021`` as they were
            found, because its choice of diverse explanations depends on it.
        note: "" or why it stopped early.
        complete_up_to: Certificate: all subset-minimal sets of at most this many patches are in ``sets``; 0
            for none.
        n_scored: Different patch sets scored.
    """

    sets: tuple[FoundSet, ...]
    note: str = ""
    complete_up_to: int = 0
    n_scored: int = 0


@dataclass
class Verdicts:
    """Asks for scores and remembers them, so that nothing is asked twice and forwards can be budgeted.

    Attributes:
        threshold: A patch set is sufficient if its probability is at least this.
        scores: Every mask seen -> last score sent for it.
        exact: Masks whose score is float32 for certain.
    """

    threshold: float
    scores: dict[int, float] = field(default_factory=dict)
    exact: set[int] = field(default_factory=set)

    def ask(self, masks: Sequence[int], *, exact: bool = False) -> Generator[ScoreRequest, list[float], None]:
        """Score those of ``masks`` that are not known well enough yet."""
        known = self.exact if exact else self.scores.keys()
        missing = [mask for mask in dict.fromkeys(masks) if mask not in known]
        if missing:
            scores = yield ScoreRequest(missing, exact=exact, threshold=self.threshold)
            self.scores.update(zip(missing, scores, strict=True))
            if exact:
                self.exact.update(missing)

    def is_sufficient(self, mask: int) -> bool:
        """Return the verdict on a mask already scored."""
        return self.scores[mask] >= self.threshold


def together(searches: Sequence[ScoreSteps[ResultT]]) -> ScoreSteps[list[ResultT]]:
    """Advance several parts of one search in lock-step, joining their requests, and return their results.

    They share one ``Verdicts``, so a mask that two of them ask for at once is asked for once.
    """
    steps = Lockstep(searches)
    while steps.pending:
        asked = steps.pending
        masks = list(dict.fromkeys(mask for request in asked.values() for mask in request.masks))
        exact = any(request.exact for request in asked.values())
        threshold = next(iter(asked.values())).threshold
        scores = yield ScoreRequest(masks, exact=exact, threshold=threshold)
        known = dict(zip(masks, scores, strict=True))
        steps.send({i: [known[mask] for mask in request.masks] for i, request in asked.items()})
    return steps.results


def in_printed_order(sets: Iterable[FoundSet]) -> tuple[FoundSet, ...]:
    """Return ``sets`` ordered by size, then by descending probability, then by mask."""
    return tuple(sorted(sets, key=lambda one: (one.mask.bit_count(), -one.probability, one.mask)))


def check_at_least(least: int, **options: int) -> None:
    """Check options of a search.

    Raises:
        ConfigError: If one is below ``least``.
    """
    for name, value in options.items():
        if value < least:
            raise ConfigError(f"search.{name}: must be at least {least}, is {value}.")


def single_deletions(mask: int) -> list[int]:
    """Return every mask with one patch of ``mask`` taken away, by patch id."""
    return [mask & ~(1 << cell) for cell in cells_of(mask)]


def is_minimal_sufficient(mask: int, score: ScoreFn, threshold: float) -> bool:
    """Return whether ``mask`` is sufficient and no single patch can be dropped.

    Args:
        mask: Kept patches.
        score: Bit masks -> probabilities.
        threshold: Sufficient means a probability of at least this.

    Cost:
        One score per patch and one for the set.
    """
    whole, *parts = score([mask, *single_deletions(mask)])
    return whole >= threshold and all(part < threshold for part in parts)


def drive(steps: ScoreSteps[ResultT], score: ScoreFn) -> ResultT:
    """Run a search against a plain scoring function and return its result."""
    try:
        request = next(steps)
        while True:
            request = steps.send(score(request.masks))
    except StopIteration as finished:
        return finished.value  # type: ignore[no-any-return]


SearchMethod = Callable[..., ScoreSteps[Found]]
"""``(n_cells, threshold, guide_map, *, options) -> ScoreSteps[Found]``.

``guide_map`` is None or one number per patch, high where the patch seems to matter. A search that wants one
has an option ``guide`` that names the heatmap method it comes from; whoever runs the search computes it.
"""
SEARCHES: Registry[SearchMethod] = Registry("search", "gallery.explain.search")
