"""Attention prompts: regions that a curator calls needed or precluded, and what they do to the answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from gallery.records.arrays import Float32
from gallery.records.classifiers import Prediction
from gallery.records.explanations import Agreement, SearchResult
from gallery.records.heatmaps import Heatmap

Change = Literal["without_precluded", "without_needed", "only_needed"]
"""What is done to an image: the baseline replaces a region, or everything but a region."""


@dataclass(frozen=True)
class Shares:
    """How much of something lies in either region, in [0, 1].

    Attributes:
        needed: In the needed region; None if none is marked, or there is nothing to share out.
        precluded: In the precluded region, likewise.
    """

    needed: float | None
    precluded: float | None


@dataclass(frozen=True)
class PromptedMse:
    """One minimal sufficient explanation and the regions.

    Attributes:
        shares: Of the area it keeps.
        probability: Of the target when only its patches are kept and the precluded region is replaced as
            well, float32 precision; None without a precluded region.
    """

    shares: Shares
    probability: float | None


@dataclass(frozen=True)
class Prompts:
    """What needed and precluded regions do to the prediction and the explanations of one image.

    Attributes:
        needed: (H, W) float32 in [0, 1], the share of every input pixel that belongs to the needed region;
            None if none is marked, or it lies outside what the classifier sees.
        precluded: Likewise; the two add up to at most 1 anywhere.
        areas: Of the whole input: what an explanation spread evenly would have.
        predictions: Of every changed image there is.
        mses: In printed order.
        agreement: The search for MSEs without the precluded region, against that on the whole image; None if
            there was none.
        options: Every option it was made with.
        forwards: Images passed forward, without those for heatmaps.
        seconds: Wall time; not part of the reproducible results.
        note: "" or what could not be done, in sentences.
    """

    needed: Float32 | None
    precluded: Float32 | None
    areas: Shares
    predictions: Mapping[Change, Prediction]
    mses: tuple[PromptedMse, ...]
    agreement: Agreement | None
    options: Mapping[str, Any]
    forwards: int
    seconds: float
    note: str = ""


@dataclass(frozen=True)
class PromptedMap:
    """One heatmap and the regions.

    Attributes:
        shares: Of its positive part.
        after: Of the positive part of the same method's map without the precluded region; None if that map
            was not made.
        correlation: Rank correlation of the two maps; None without a second one, or if either is constant.
    """

    shares: Shares
    after: Shares | None
    correlation: float | None


@dataclass(frozen=True)
class Prompted:
    """All that is known of the regions of one image.

    Attributes:
        prompts: Prediction and explanations.
        maps: Method -> its map and the regions.
        search: MSEs without the precluded region; None if there was no search.
        heatmaps: Method -> its map without the precluded region, where it was made.
    """

    prompts: Prompts
    maps: Mapping[str, PromptedMap]
    search: SearchResult | None = None
    heatmaps: Mapping[str, Heatmap] = field(default_factory=dict)
