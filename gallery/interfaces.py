"""Protocols between stages: what a stage may expect of another without importing it."""

from collections.abc import Callable, Generator, Iterable, Sequence
from typing import TYPE_CHECKING, Protocol, TypeVar

from gallery.records import ClassifierCard

if TYPE_CHECKING:
    from torch import Tensor, nn

ResultT = TypeVar("ResultT")
ItemT = TypeVar("ItemT")
EventT = TypeVar("EventT")
SeenItemT = TypeVar("SeenItemT", contravariant=True)
SeenEventT = TypeVar("SeenEventT", contravariant=True)


class Classifier(Protocol):
    """A loaded image classifier in evaluation mode; parameters need no gradients."""

    @property
    def card(self) -> ClassifierCard:
        """Facts about it."""

    @property
    def module(self) -> "nn.Module":
        """The network: (B, 3, H, W) float32 normalised input -> (B, K) float32 logits."""

    @property
    def device(self) -> str:
        """Where ``module`` lives: "cpu", "cuda" or "cuda:<n>"."""


class ScoreRequest:
    """Masks a search wants scored; a search generator yields these.

    Attributes:
        masks: Bit masks to score.
        exact: True for float32 scores; False allows screening scores of a faster precision.
        threshold: If given, screening scores too near it to decide are replaced by exact ones, so that
            ``score >= threshold`` is the float32 verdict.
    """

    __slots__ = ("exact", "masks", "threshold")

    def __init__(self, masks: Sequence[int], *, exact: bool = False, threshold: float | None = None) -> None:
        self.masks = list(masks)
        self.exact = exact
        self.threshold = threshold


ScoreSteps = Generator[ScoreRequest, list[float], ResultT]
"""A search or graph builder: yields requests, is sent their scores (same order), returns its result.

Written as a generator so that one engine can advance many images in lock-step and fill its batches across
them, while the algorithm stays free of torch and reads top to bottom.
"""


class MaskScorer(Protocol):
    """Scores patch sets and soft masks of one image for one target class."""

    image: "Tensor"
    """(1, 3, H, W) float32, normalised."""
    baseline: "Tensor"
    """(1, 3, H, W) float32, normalised."""
    target: int
    """Class index scored."""

    def score(self, masks: Sequence[int], *, exact: bool, threshold: float | None = None) -> list[float]:
        """Return the target's softmax probability for each bit mask; see ``ScoreRequest``."""

    def score_soft(self, keep: "Tensor", *, exact: bool, baseline: "Tensor | None" = None) -> "Tensor":
        """Return (B,) float32 probabilities for (B, H, W) float32 keep masks in [0, 1] at input size."""

    @property
    def forwards(self) -> int:
        """Images passed forward so far; a mask screened and then re-scored in float32 counts twice."""


Tell = Callable[[EventT], None]
"""Passes on what happened while work is done."""
Work = Callable[[Sequence[ItemT], Tell[EventT]], None]
"""Does some items and tells what happens. What it finished must survive it, because items of a worker that
dies are given to another."""
Prepare = Callable[[Tell[EventT]], Work[ItemT, EventT]]
"""Makes a worker ready, once: loads what all its items need. Other processes receive it pickled."""


class Listener(Protocol[SeenItemT, SeenEventT]):
    """Hears what workers do."""

    def told(self, worker: str, event: SeenEventT) -> None:
        """Take notice of what a worker told; "" is this process."""

    def lost(self, worker: str, reason: str) -> None:
        """Take notice that a worker died; its unfinished items are done by others."""

    def given_up(self, item: SeenItemT, reason: str) -> None:
        """Take notice that an item was given up, because every worker that had it died."""


class Executor(Protocol):
    """Has chunks of items done, in this process or by workers elsewhere."""

    @property
    def is_local(self) -> bool:
        """Whether the work is done in this process."""

    @property
    def device(self) -> str:
        """Device of the workers, as ``load_classifier`` takes it."""

    def run(
        self,
        prepare: Prepare[EventT, ItemT],
        chunks: Iterable[Sequence[ItemT]],
        listener: Listener[ItemT, EventT],
    ) -> None:
        """Do every chunk; chunks are read as workers become free, never all at once.

        Raises:
            ExecutionError: If workers cannot be started, or keep dying.
            GalleryError: What ``prepare`` or the work raised.
        """
