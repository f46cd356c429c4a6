"""Protocols between stages: what a stage may expect of another without importing it."""

from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, Protocol, TypeVar

from gallery.records import ClassifierCard

if TYPE_CHECKING:
    from torch import Tensor, nn

ResultT = TypeVar("ResultT")


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
