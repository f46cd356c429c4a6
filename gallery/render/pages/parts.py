"""Pieces of page contexts that several templates share; plain text and numbers unless a field says HTML."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gallery.render.pages.answer_parts import MseView, NecessityView, RobustnessView
from gallery.render.pages.explore_parts import ExploreView
from gallery.render.pages.live_parts import LiveView

if TYPE_CHECKING:
    from gallery.render.pages.concept_parts import ContributionBar
    from gallery.render.pages.prompt_parts import PromptsView


@dataclass(frozen=True)
class Link:
    """A link: ``path`` relative to the site's root, and a line about what is behind it (or "")."""

    path: str
    title: str
    note: str = ""


@dataclass(frozen=True)
class Choice:
    """One option of a select: value in the address, text; for colour maps also CSS of the bar and a hint."""

    value: str
    title: str
    bar: str = ""
    hint: str = ""


@dataclass(frozen=True)
class Term:
    """A name and its value."""

    name: str
    value: str


@dataclass(frozen=True)
class Downloads:
    """Files of one figure.

    Attributes:
        title: Of the figure.
        files: Links titled by their format.
    """

    title: str
    files: tuple[Link, ...]


@dataclass(frozen=True)
class Heat:
    """One heatmap laid over its photograph.

    Attributes:
        path: Grey PNG at the method's own resolution.
        colormap: Name of the colour filter.
        alt: Alternative text.
        size: Width and height of the PNG in pixels.
        signed: Whether it has its own, diverging colours.
        cuts: Grey levels of its highest 5, 10, ... 95 % of pixels, see ``heat.cut_levels``; "" = not known.
    """

    path: str
    colormap: str
    alt: str
    size: tuple[int, int]
    signed: bool
    cuts: str = ""


@dataclass(frozen=True)
class Card:
    """One image under one classifier, as a tile.

    Attributes:
        link: Page, or place in it.
        image_id: Of the image.
        photo: Small photograph.
        photo_size: Its width and height.
        second: What stands beside it: a small picture (kept patches), or "" if ``heat`` does.
        second_alt: Alternative text of that picture.
        second_size: Its width and height.
        heat: Heatmap beside the photograph, or None.
        caption: What the second picture shows.
        predicted: Most probable class.
        p_predicted: Its probability.
        classifier: Slug.
        classifier_title: Shown when the set has several.
        n_mses: Number of minimal sufficient explanations.
        label: Ground truth, or None.
        is_right: Whether the prediction is the label; None if there is no label.
        is_composite: Whether it is a 2 x 2 composite.
        heats: Method -> its heatmap, for the method filter.
        values: Numbers shown on the tile.
        facets: Name and value of what the index filters and sorts by.
    """

    link: str
    image_id: str
    title: str
    photo: str
    photo_size: tuple[int, int]
    second: str
    second_alt: str
    second_size: tuple[int, int]
    heat: Heat | None
    caption: str
    predicted: str
    p_predicted: float
    classifier: str
    classifier_title: str
    n_mses: int
    label: str | None
    is_right: bool | None
    is_composite: bool
    heats: Mapping[str, Heat]
    values: tuple[Term, ...] = ()
    facets: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class MeasureColumn:
    """Header of a column.

    Attributes:
        link: What it is about; path "" for only a title.
        arrow: Up or down for the better direction; "" without one.
        better: Its name, or "".
        unit: Of the numbers, or "".
        scale: Power of ten that the numbers are printed in units of ("in 10⁻⁵"), or "".
    """

    link: Link
    arrow: str = ""
    better: str = ""
    unit: str = ""
    scale: str = ""


@dataclass(frozen=True)
class MetricCell:
    """A cell of a table of measurements.

    Attributes:
        text: Number, or a dash where there is none.
        spread: Its interval, or "".
        is_best: Whether it is set in bold.
        note: Letter of the note that says why there is no number, or "".
    """

    text: str
    spread: str = ""
    is_best: bool = False
    note: str = ""


@dataclass(frozen=True)
class MetricRow:
    """A row of a table of measurements: what it is about, and its cells."""

    link: Link
    cells: tuple[MetricCell, ...]


@dataclass(frozen=True)
class MetricTable:
    """A table of measurements.

    Attributes:
        caption: Printed above.
        columns: Heads.
        rows: As many cells each.
        foot: Last row, such as the number of images behind each column; or empty.
        notes: Letter and text of every note.
        left_out: Measures without a column, and why; or "".
        title: Heading, or "".
        anchor: ``id`` of the heading.
        files: The table for download.
    """

    caption: str
    columns: tuple[MeasureColumn, ...]
    rows: tuple[MetricRow, ...]
    foot: tuple[str, ...] = ()
    notes: tuple[tuple[str, str], ...] = ()
    left_out: str = ""
    title: str = ""
    anchor: str = ""
    files: tuple[Link, ...] = ()


@dataclass(frozen=True)
class TopRow:
    """A row of the top five: class name, probability, and whether it is the class explained."""

    name: str
    probability: float
    is_target: bool


@dataclass(frozen=True)
class FigureView:
    """One heatmap on an image page.

    Attributes:
        anchor: Its ``id``.
        title: Of the method.
        link: To the method's page.
        heat: The map.
        bar: CSS of its colour bar.
        low: Value at the left end of the colour bar.
        high: Value at its right end.
        rule: How values became colours.
        focus: Where the attribution lies, in words.
        same_as: Title of a method shown before whose map is the same picture, or "".
        facts: Layer, options, seed, cost.
        files: Downloads.
    """

    anchor: str
    title: str
    link: str
    heat: Heat
    bar: str
    low: str
    high: str
    rule: str
    focus: str
    same_as: str
    facts: tuple[Term, ...]
    files: tuple[Link, ...]


@dataclass(frozen=True)
class DiverseRow:
    """How many MSEs share at most ``overlap`` patches pairwise, and which."""

    overlap: int
    members: tuple[Link, ...]


@dataclass(frozen=True)
class OutlineView:
    """One node of the attention graph as text; ``repeated`` if its deletions are spelled out elsewhere."""

    node_id: str
    text: str
    removed: str
    repeated: bool
    children: "tuple[OutlineView, ...]"


@dataclass(frozen=True)
class GraphView:
    """The structured attention graph on an image page.

    Attributes:
        svg: Drawing (HTML).
        width: Its natural width, pixels.
        height: Its natural height, pixels.
        summary: Size and completeness in words.
        outline: The same graph as nested text.
        files: Downloads.
    """

    svg: str
    width: int
    height: int
    summary: str
    outline: tuple[OutlineView, ...]
    files: tuple[Link, ...]


@dataclass(frozen=True)
class CurveView:
    """Curves of one measure: chart (HTML), and the same as a table."""

    title: str
    link: str
    note: str
    svg: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Section:
    """One image under one classifier.

    Attributes:
        prefix: Put before every anchor: "" for the first classifier.
        classifier: Link to the classifier.
        photo: Photograph as the classifier sees it: WebP.
        photo_jpeg: The same as JPEG.
        photo_size: Its width and height.
        photo_alt: Alternative text.
        top: The five most probable classes.
        target: Class explained.
        p_full: Its probability.
        is_right: Whether the prediction is the label; None if there is no label.
        figures: Heatmaps.
        search: Link to the search.
        threshold: What a sufficient set reaches, in words.
        naming: How patches are named, in a sentence.
        segment_map: Photograph with the borders and numbers of its superpixels; None for a grid.
        mses: All MSEs.
        note: Why there are none, or why the search stopped; or "".
        certificate: What an exhaustive search has certified, or "".
        diverse: Diverse selections.
        graph: SAG, or None if there are no MSEs.
        explore: Data behind the graph's explorer and the sets to try.
        necessity: What the prediction cannot do without.
        robustness: How much of the MSEs hangs on threshold, baseline and chance.
        metrics: Methods against measures, by family.
        curves: Charts.
        data: Raw data.
        computed: How it was computed.
        chosen: Anchors of the heatmaps that strips and slides show, in order.
        takeaway: Figures for papers and talks.
        prompts: What needed and precluded regions do; None if the image has none.
        concepts: What learned concepts add to the score; None if there are none of its class.
        archive: Everything about the image in one file.
        live: The classifier for the browser; None unless the set wants it.
    """

    prefix: str
    classifier: Link
    photo: str
    photo_jpeg: str
    photo_size: tuple[int, int]
    photo_alt: str
    top: tuple[TopRow, ...]
    target: str
    p_full: str
    is_right: bool | None
    figures: tuple[FigureView, ...]
    search: Link
    threshold: str
    naming: str
    segment_map: Link | None
    mses: tuple[MseView, ...]
    note: str
    certificate: str
    diverse: tuple[DiverseRow, ...]
    graph: GraphView | None
    explore: ExploreView
    necessity: NecessityView
    robustness: RobustnessView
    metrics: tuple[MetricTable, ...]
    curves: tuple[CurveView, ...]
    data: tuple[Link, ...]
    computed: tuple[Term, ...]
    chosen: tuple[str, ...] = ()
    takeaway: tuple[Downloads, ...] = ()
    prompts: "PromptsView | None" = None
    concepts: "ContributionBar | None" = None
    archive: Link | None = None
    live: LiveView | None = None
