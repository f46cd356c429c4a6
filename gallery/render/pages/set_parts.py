"""Pieces of the pages about the whole set: charts with their tables, and the questions of the quiz."""

from dataclasses import dataclass

from gallery.render.pages.parts import GraphView, Heat, Link


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
    """

    title: str
    text: str
    svg: str
    table: DataTable | None


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
