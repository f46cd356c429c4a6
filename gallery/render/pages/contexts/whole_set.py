"""What is found over the whole set."""

from dataclasses import dataclass

from gallery.records import MethodCard
from gallery.render.pages.contexts.page import Page
from gallery.render.pages.parts import Link
from gallery.render.pages.set_parts import (
    Chart,
    DataTable,
    MethodResults,
    PredictorResults,
    PublishedView,
    QuizImage,
)


@dataclass(frozen=True)
class ResultsPage(Page):
    """``results.md.j2``: methods against measures, means over the set.

    Attributes:
        results: Of the heatmap methods, one per classifier.
        several: Whether there is more than one classifier.
        explanations: Per classifier: title, share of images with an MSE, mean number, mean smallest size.
        published: Numbers of authors.
        files: The numbers of this page.
        generative: Pages about autoencoders; empty if the set has none.
    """

    results: tuple[MethodResults, ...]
    several: bool
    explanations: tuple[tuple[str, str, str, str], ...]
    published: tuple[PublishedView, ...]
    files: tuple[Link, ...]
    generative: tuple[Link, ...] = ()


@dataclass(frozen=True)
class ExplanationsPage(Page):
    """``explanations.md.j2``: how many explanations an image has, over the set.

    Attributes:
        p_high: Share of p(full) a sufficient patch set reaches.
        overview: One row per classifier.
        exactness: How far the numbers are certified, in one sentence per classifier.
        charts: Share explained, sizes, diverse explanations; empty without images.
        files: The numbers behind them.
    """

    p_high: str
    overview: DataTable
    exactness: tuple[str, ...]
    charts: tuple[Chart, ...]
    files: tuple[Link, ...]


@dataclass(frozen=True)
class SimulatabilityPage(Page):
    """``simulatability.md.j2``: whether explanations predict the classifier.

    Attributes:
        document: Protocol (HTML).
        results: One per classifier with questions.
        several: Whether there is more than one.
        files: The numbers behind them.
    """

    document: str
    results: tuple[PredictorResults, ...]
    several: bool
    files: tuple[Link, ...]


@dataclass(frozen=True)
class QuizPage(Page):
    """``quiz.md.j2``: the reader answers.

    Attributes:
        images: Photographs with their questions.
        n_questions: Questions on the page.
        n_all: Questions of the set.
        most_per_image: Questions about one photograph, at most.
        key: Names this set of questions; another set has another one.
        methods: Heatmap methods that help.
        mask_model: How patches were removed, in words.
        filters: Inline SVG with the colour filters (HTML).
    """

    images: tuple[QuizImage, ...]
    n_questions: int
    n_all: int
    most_per_image: int
    key: str
    methods: tuple[MethodCard, ...]
    mask_model: str
    filters: str
