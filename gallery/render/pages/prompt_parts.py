"""Pieces of an image page about needed and precluded regions; numbers are text already."""

from dataclasses import dataclass

from gallery.render.pages.parts import Heat, Link


@dataclass(frozen=True)
class Outlined:
    """A photograph, outlined or changed.

    Attributes:
        path: Of the picture.
        size: Width and height.
        alt: Alternative text.
        caption: Printed below.
    """

    path: str
    size: tuple[int, int]
    alt: str
    caption: str


@dataclass(frozen=True)
class ChangeRow:
    """The prediction on the image, or on the image with a region replaced.

    Attributes:
        what: What was done to the image.
        probability: Of the class explained.
        change: Against the whole image; "" for that itself.
        top: The most probable class, and its probability.
        is_own: Whether this is the whole image.
    """

    what: str
    probability: str
    change: str
    top: str
    is_own: bool


@dataclass(frozen=True)
class ShareRow:
    """How much of an explanation lies in either region.

    Attributes:
        link: The explanation; path "" for what is spread evenly.
        needed: In the needed region.
        precluded: In the precluded region.
        needed_after: The same of the map made again without the precluded region.
        precluded_after: Likewise.
        correlation: Rank correlation of the two maps.
    """

    link: Link
    needed: str
    precluded: str
    needed_after: str = ""
    precluded_after: str = ""
    correlation: str = ""


@dataclass(frozen=True)
class MseShareRow:
    """A minimal sufficient explanation and the regions.

    Attributes:
        link: To its card.
        needed: Share of the area it keeps that lies in the needed region.
        precluded: Likewise.
        probability: When the precluded region is replaced as well.
        verdict: Whether it is still sufficient.
    """

    link: Link
    needed: str
    precluded: str
    probability: str
    verdict: str


@dataclass(frozen=True)
class MapPair:
    """One method's heatmaps of the whole image and of the image without its precluded region.

    Attributes:
        title: Of the method.
        link: To its page.
        before: Of the whole image.
        after: Of the changed image.
        caption: How far they are the same.
    """

    title: str
    link: str
    before: Heat
    after: Heat
    caption: str


@dataclass(frozen=True)
class PromptsView:
    """What needed and precluded regions do.

    Attributes:
        pictures: The photograph with its regions outlined, then without the precluded one.
        verdict: What replacing the regions does to the prediction, in sentences.
        note: What could not be done, or "".
        baseline: What regions are replaced by.
        has_needed: Whether a needed region is in sight.
        has_precluded: Whether a precluded region is in sight.
        changes: The prediction on every version of the image.
        mses: Explanations and regions, the first ones.
        mses_note: How many are not listed, or "".
        again: What the second search found, in sentences, or "".
        maps: Heatmaps and regions; the first row is spread evenly.
        has_after: Whether any map was made again.
        pairs: Maps side by side.
        files: Everything as CSV.
    """

    pictures: tuple[Outlined, ...]
    verdict: str
    note: str
    baseline: str
    has_needed: bool
    has_precluded: bool
    changes: tuple[ChangeRow, ...]
    mses: tuple[MseShareRow, ...]
    mses_note: str
    again: str
    maps: tuple[ShareRow, ...]
    has_after: bool
    pairs: tuple[MapPair, ...]
    files: tuple[Link, ...]
