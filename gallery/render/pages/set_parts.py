"""Pieces of the pages about the whole set: charts with their tables, and the questions of the quiz."""

from dataclasses import dataclass

from gallery.render.pages.parts import Card, Choice, Heat, Link, MetricTable, Term
from gallery.render.pages.section_parts import GraphView


@dataclass(frozen=True)
class Facet:
    """A property that the index can be filtered by: name in the address, label, and its values."""

    name: str
    title: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True)
class Confusion:
    """Images of one label that a classifier takes for another class; the surest error first."""

    label: str
    predicted: str
    images: tuple[Link, ...]


@dataclass(frozen=True)
class Lead:
    """A result that stands out: its tile, in which way, and the numbers that say so."""

    card: Card
    title: str
    reason: str


@dataclass(frozen=True)
class DataTable:
    """Numbers as text: caption, column heads (the first one above the row names), and rows."""

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Chart:
    """A drawing and the numbers in it.

    Attributes:
        title: Printed above.
        text: How to read it.
        svg: Drawing (HTML).
        table: The same numbers, or None where they stand beside it.
        link: Page about it, or "".
        width: Pixels below which it is scrolled instead of shrunk; 0 for never.
        files: Downloads.
    """

    title: str
    text: str
    svg: str
    table: DataTable | None
    link: str = ""
    width: int = 0
    files: tuple[Link, ...] = ()


@dataclass(frozen=True)
class FamilyResults:
    """Measures of one family: means of every method, and what ranks say."""

    table: MetricTable
    rankings: tuple[Chart, ...]


@dataclass(frozen=True)
class MethodResults:
    """What the set says of its heatmap methods under one classifier.

    Attributes:
        anchor: ``id`` of its heading; begins those of its parts.
        title: Of the classifier.
        facts: Images and methods, and how much they can tell, in sentences.
        families: Tables by family of measures.
        cost: Forward and backward passes of every method.
        agreement: How alike the maps are; None with fewer than two methods.
        orderings: Whether published orders hold; None if none can be looked for.
        orderings_files: Downloads of that table.
    """

    anchor: str
    title: str
    facts: str
    families: tuple[FamilyResults, ...]
    cost: MetricTable
    agreement: Chart | None
    orderings: DataTable | None
    orderings_files: tuple[Link, ...]


@dataclass(frozen=True)
class MeasureResults:
    """What one measure says of all methods under one classifier.

    Attributes:
        anchor: ``id`` of its heading.
        title: Of the classifier.
        text: Images behind it, and which methods are best.
        table: Means, ranks and tests.
        chart: Critical difference diagram, or None.
    """

    anchor: str
    title: str
    text: str
    table: MetricTable
    chart: Chart | None


@dataclass(frozen=True)
class PublishedView:
    """Numbers as their authors publish them.

    Attributes:
        anchor: ``id`` of its heading.
        title: What it is about.
        facts: Source, photographs, classifier, protocol.
        table: The numbers.
        remark: Ours, or "".
        files: Downloads.
    """

    anchor: str
    title: str
    facts: tuple[Term, ...]
    table: DataTable
    remark: str
    files: tuple[Link, ...]


@dataclass(frozen=True)
class PredictorResults:
    """What the simulatability benchmark says about one classifier.

    Attributes:
        anchor: ``id`` of its heading.
        title: Of the classifier.
        facts: Images and questions in words.
        table: Accuracy of every answerer.
        charts: Accuracy, and the lead of the attention graph.
    """

    anchor: str
    title: str
    facts: str
    table: DataTable
    charts: tuple[Chart, ...]


@dataclass(frozen=True)
class PatchSet:
    """One of the two sets of a question.

    Attributes:
        name: "A" or "B".
        path: Its outline on a grid as SVG path data; "" for superpixels.
        picture: Superpixels as a transparent picture; "" for a grid.
        alt: Alternative text of the photograph with the outline.
        outcome: What the classifier says once it is removed, or alone kept.
    """

    name: str
    path: str
    picture: str
    alt: str
    outcome: str


@dataclass(frozen=True)
class QuizQuestion:
    """One question of the quiz.

    Attributes:
        id: "<image>/<classifier>/<number>", the number as in the table of all questions.
        kind: "keep" or "remove".
        sets: The two sets, A and B.
        answer: Which lowers the confidence more: "A" or "B".
    """

    id: str
    kind: str
    sets: tuple[PatchSet, PatchSet]
    answer: str


@dataclass(frozen=True)
class HeatHelp:
    """A heatmap that helps to answer: method, the map, and its colour bar as on the image's page."""

    name: str
    title: str
    heat: Heat
    bar: str
    low: str
    high: str
    rule: str


@dataclass(frozen=True)
class QuizImage:
    """One photograph the quiz asks about.

    Attributes:
        anchor: Its ``id``.
        image_id: Of the image.
        classifier: Slug.
        title: Of the photograph.
        said: Class explained, its probability, and by whom.
        class_name: Class explained.
        link: To its page, for after the answer.
        photo: Photograph as the classifier sees it.
        photo_size: Its width and height.
        view: Columns and rows of the grid: the plane the outlines are drawn in.
        heatmaps: That may help.
        graph: Attention graph that may help.
        graph_file: Its drawing.
        questions: About it.
    """

    anchor: str
    image_id: str
    classifier: str
    title: str
    said: str
    class_name: str
    link: Link
    photo: str
    photo_size: tuple[int, int]
    view: tuple[int, int]
    heatmaps: tuple[HeatHelp, ...]
    graph: GraphView
    graph_file: str
    questions: tuple[QuizQuestion, ...]
