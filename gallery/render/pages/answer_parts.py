"""Pieces of an image page about explanations, necessity and robustness; numbers are text already."""

from dataclasses import dataclass


@dataclass(frozen=True)
class MseView:
    """One minimal sufficient explanation.

    Attributes:
        anchor: Its ``id``.
        number: From 1.
        picture: Photograph with only its patches kept.
        picture_size: Width and height.
        alt: Alternative text.
        size: How many patches of how many.
        probability: When only they are kept.
        relative: The same, relative to the whole image.
        margin: Above the threshold.
        minimality: What was verified.
        cells: Its patches.
        is_root: Whether the graph starts from it.
        is_smallest: Whether it is certified that no sufficient set has fewer patches.
        is_top: Whether the class explained is the most probable one.
    """

    anchor: str
    number: int
    picture: str
    picture_size: tuple[int, int]
    alt: str
    size: str
    probability: str
    relative: str
    margin: str
    minimality: str
    cells: str
    is_root: bool
    is_smallest: bool
    is_top: bool


@dataclass(frozen=True)
class DeletionView:
    """One minimal deletion set.

    Attributes:
        anchor: Its ``id``.
        number: From 1.
        picture: Photograph without its patches, which are outlined.
        picture_size: Width and height.
        alt: Alternative text.
        size: How many patches of how many.
        probability: What is left when they are removed.
        relative: The same, relative to the whole image.
        below: How far that is below the threshold.
        verdict: Whether the class explained is still the most probable one, in words.
        hits: Which share of the MSEs it has a patch in common with, in words; "" without MSEs.
        minimality: What was verified.
        cells: Its patches.
    """

    anchor: str
    number: int
    picture: str
    picture_size: tuple[int, int]
    alt: str
    size: str
    probability: str
    relative: str
    below: str
    verdict: str
    hits: str
    minimality: str
    cells: str


@dataclass(frozen=True)
class MapCell:
    """A patch that takes part in MSEs, drawn over the photograph.

    Attributes:
        path: Its outline as SVG path data.
        value: Share of the MSEs that keep it, 0 to 1, as CSS.
        text: The same in percent.
        x: Where the text stands.
        y: Its middle.
    """

    path: str
    value: str
    text: str
    x: str
    y: str


@dataclass(frozen=True)
class PatchMap:
    """How many of the MSEs keep each patch.

    Attributes:
        view: Width and height of the plane the outlines are drawn in.
        font: Size of the numbers in that plane.
        alt: Alternative text.
        cells: Patches kept by at least one MSE.
    """

    view: tuple[int, int]
    font: str
    alt: str
    cells: tuple[MapCell, ...]


@dataclass(frozen=True)
class PatchRow:
    """A patch: its name, the share of MSEs that keep it, and the probabilities alone and without it."""

    name: str
    participation: str
    alone: str
    without: str


@dataclass(frozen=True)
class PairRow:
    """How two patches work together: their names, the interaction with its sign, and what it means."""

    first: str
    second: str
    value: str
    meaning: str


@dataclass(frozen=True)
class NecessityView:
    """What the prediction cannot do without.

    Attributes:
        threshold: The prediction is broken below this probability.
        share: The same as a share of the whole image's.
        deletion_sets: Minimal deletion sets.
        theory: What would hold of them if the classifier were monotone, or "".
        note: Why there are no more, or none; or "".
        map: Participation over the photograph, or None without MSEs.
        patches: Rows of patches that take part in an MSE or a deletion set.
        nothing: Probability when nothing is kept.
        pairs: Strongest interactions.
        pairs_of: Which pairs were measured, in words.
    """

    threshold: str
    share: str
    deletion_sets: tuple[DeletionView, ...]
    theory: str
    note: str
    map: PatchMap | None
    patches: tuple[PatchRow, ...]
    nothing: str
    pairs: tuple[PairRow, ...]
    pairs_of: str


@dataclass(frozen=True)
class SweepLine:
    """A row of the threshold sweep; ``is_own`` if it is the search's own threshold."""

    threshold: str
    n_mses: str
    smallest: str
    mean_size: str
    is_own: bool


@dataclass(frozen=True)
class BaselineRow:
    """The MSEs under a baseline; ``is_own`` if it is the one they were found with.

    Attributes:
        baseline: Its name.
        is_own: Whether the MSEs were found with it.
        sufficient: How many of how many suffice.
        reach: Lowest and highest of their probabilities.
        nothing: Probability on the baseline alone.
    """

    baseline: str
    is_own: bool
    sufficient: str
    reach: str
    nothing: str


@dataclass(frozen=True)
class AgreementRow:
    """A second search: what was changed, what it found, how much of it is the same."""

    changed: str
    n_mses: str
    smallest: str
    n_same: str
    similarity: str


@dataclass(frozen=True)
class RobustnessView:
    """How much of the answer hangs on threshold, baseline and chance.

    Attributes:
        chart: Threshold sweep (HTML), or "" if no MSE is known at any threshold.
        sweep: The same as a table.
        own: The search's own threshold.
        baselines: The MSEs under each baseline; empty if they were tested under no other.
        verdict: The same in one sentence, or "".
        agreements: Further searches.
    """

    chart: str
    sweep: tuple[SweepLine, ...]
    own: str
    baselines: tuple[BaselineRow, ...]
    verdict: str
    agreements: tuple[AgreementRow, ...]
