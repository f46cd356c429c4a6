"""What an image page shows of one image under one classifier; plain text unless a field says HTML."""

from dataclasses import dataclass

from gallery.render.pages.answer_parts import MseView, NecessityView, RobustnessView
from gallery.render.pages.concepts.parts import ContributionBar
from gallery.render.pages.explore_parts import ExploreView
from gallery.render.pages.live_parts import LiveView
from gallery.render.pages.parts import Downloads, Heat, Link, MetricTable, Term
from gallery.render.pages.prompt_parts import PromptsView


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
        parts: Maps it is the mean of, such as one per attention head.
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
    parts: tuple[Heat, ...]


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
    prompts: PromptsView | None = None
    concepts: ContributionBar | None = None
    archive: Link | None = None
    live: LiveView | None = None
