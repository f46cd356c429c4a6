"""What each page template receives: one frozen dataclass per template, its fields the template's variables.

Everything is plain text or a number unless a field says HTML; the templates escape it. Paths are relative to
the site's root; a template puts ``root`` ("" or "../") in front of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from gallery.records import Credit, MethodCard, Quadrant
from gallery.render.pages.concept_parts import ConceptMeasure, ConceptView
from gallery.render.pages.head import Head
from gallery.render.pages.parts import Card, Choice, Link, MetricRow, MetricTable, Section, Term
from gallery.render.pages.set_parts import (
    Chart,
    Confusion,
    DataTable,
    Facet,
    Lead,
    MeasureResults,
    MethodResults,
    PredictorResults,
    PublishedView,
    QuizImage,
)


@dataclass(frozen=True)
class Page:
    """What every page has.

    Attributes:
        head: Title and metadata.
        root: "" for pages in the site's root, "../" one folder down.
    """

    head: Head
    root: str


@dataclass(frozen=True)
class IndexPage(Page):
    """``index.md.j2``: the gallery itself.

    Attributes:
        description: The set's paragraph, or "".
        facts: Counts in one line, such as "9 images".
        leads: Results that stand out.
        cards: One per image and classifier.
        facets: What the tiles can be filtered by.
        sorts: Orders besides the set's own.
        methods: Choices of what the second picture shows.
        filters: Inline SVG with the colour filters (HTML).
        failures: Image id, stage and reason of what could not be finished.
    """

    description: str
    facts: tuple[str, ...]
    leads: tuple[Lead, ...]
    cards: tuple[Card, ...]
    facets: tuple[Facet, ...]
    sorts: tuple[Choice, ...]
    methods: tuple[Choice, ...]
    filters: str
    failures: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class ImagePage(Page):
    """``image.md.j2``: one photograph, explained.

    Attributes:
        title: Of the photograph.
        label: Curated ground truth, or None.
        credit: Provenance.
        source: Where it was read from.
        facts: Size and digests.
        quadrants: For composites.
        sections: One per classifier.
        several: Whether there is more than one section, so that each needs its own heading.
        colormaps: Choices of the colour control.
        filters: Inline SVG with the colour filters (HTML).
        bibtex: Entry as text.
        citation_files: Downloads of the citation.
        permalink: Absolute address, or "".
        previous: Page before, or None.
        following: Page after, or None.
    """

    title: str
    label: str | None
    credit: Credit
    source: str
    facts: tuple[Term, ...]
    quadrants: tuple[Quadrant, ...]
    sections: tuple[Section, ...]
    several: bool
    colormaps: tuple[Choice, ...]
    filters: str
    bibtex: str
    citation_files: tuple[Link, ...]
    permalink: str
    previous: Link | None
    following: Link | None


@dataclass(frozen=True)
class MethodPage(Page):
    """``method.md.j2``: one heatmap method over the whole set.

    Attributes:
        title: Of the method.
        reference: Where it is published.
        document: Idea and formula (HTML).
        options: Option and default.
        means: Measures against classifiers, means over the set.
        published: Numbers of its authors.
        cards: Its heatmap of every image.
        filters: Inline SVG with the colour filters (HTML).
    """

    title: str
    reference: str
    document: str
    options: tuple[Term, ...]
    means: MetricTable
    published: tuple[PublishedView, ...]
    cards: tuple[Card, ...]
    filters: str


@dataclass(frozen=True)
class SearchPage(Page):
    """``search.md.j2``: the search for minimal sufficient explanations.

    Attributes:
        title: Of the search.
        reference: Where it is published.
        document: Idea (HTML).
        options: Option and default.
        rows: Image, classifier, number of explanations, smallest size, p(full), threshold.
    """

    title: str
    reference: str
    document: str
    options: tuple[Term, ...]
    rows: tuple[tuple[Link, str, int, str, str, str], ...]


@dataclass(frozen=True)
class MeasurePage(Page):
    """``measure.md.j2``: one measure over the whole set.

    Attributes:
        title: Of the measure.
        reference: Where it is published.
        document: Definition and protocol (HTML).
        unit: Of its values.
        better: "higher" or "lower".
        results: What it says of the methods, one per classifier with a value.
        several: Whether there is more than one classifier.
        methods: Columns of the table of every value.
        scale: What its numbers are printed in units of, or "".
        rows: One per image and classifier.
        notes: Letter and text of every reason for a missing value.
        files: The table of every value for download.
        published: Numbers that authors report with it.
    """

    title: str
    reference: str
    document: str
    unit: str
    better: str
    results: tuple[MeasureResults, ...]
    several: bool
    methods: tuple[Link, ...]
    scale: str
    rows: tuple[MetricRow, ...]
    notes: tuple[tuple[str, str], ...]
    files: tuple[Link, ...]
    published: tuple[PublishedView, ...]


@dataclass(frozen=True)
class ClassifierPage(Page):
    """``classifier.md.j2``: one classifier.

    Attributes:
        title: Of the classifier.
        facts: Architecture, licence, input and so on.
        url: Where its weights are published, or "".
        accuracy: Right and labelled images in a sentence, or "" if no image has a label.
        confusions: Its errors.
        cards: What it says about every image.
        filters: Inline SVG with the colour filters (HTML).
    """

    title: str
    facts: tuple[Term, ...]
    url: str
    accuracy: str
    confusions: tuple[Confusion, ...]
    cards: tuple[Card, ...]
    filters: str


@dataclass(frozen=True)
class ResultsPage(Page):
    """``results.md.j2``: methods against measures, means over the set.

    Attributes:
        results: Of the heatmap methods, one per classifier.
        several: Whether there is more than one classifier.
        explanations: Per classifier: title, share of images with an MSE, mean number, mean smallest size.
        published: Numbers of authors.
        files: The numbers of this page.
    """

    results: tuple[MethodResults, ...]
    several: bool
    explanations: tuple[tuple[str, str, str, str], ...]
    published: tuple[PublishedView, ...]
    files: tuple[Link, ...]


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


@dataclass(frozen=True)
class MethodsPage(Page):
    """``methods.md.j2``: everything that has a page of its own.

    Attributes:
        methods: Heatmap methods, with one line each.
        searches: Searches.
        measures: Measures.
        classifiers: Classifiers.
        concepts: Learned concepts, by class; empty if the set wants none.
    """

    methods: tuple[Link, ...]
    searches: tuple[Link, ...]
    measures: tuple[Link, ...]
    classifiers: tuple[Link, ...]
    concepts: tuple[Link, ...] = ()


@dataclass(frozen=True)
class ConceptsPage(Page):
    """``concepts.md.j2``: the learned concepts of one class under one classifier.

    Attributes:
        title: Such as "Five concepts of “espresso”".
        class_name: The class.
        classifier: Link to the classifier.
        layer: Dotted path of the layer the concepts are read from.
        training: What they were learnt from, and how.
        attempts: How many trainings it took, in a sentence.
        measures: How good they are.
        silent: How many are 0 on every image of the set.
        concepts: One by one.
        columns: Their titles.
        rows: Every image: the classifier's logit, the predicted one, contributions.
        bias: What is always added, in logits.
        files: Downloads.
        filters: Inline SVG with the colour filters (HTML).
    """

    title: str
    class_name: str
    classifier: Link
    layer: str
    training: tuple[Term, ...]
    attempts: str
    measures: tuple[ConceptMeasure, ...]
    silent: int
    concepts: tuple[ConceptView, ...]
    columns: tuple[str, ...]
    rows: tuple[MetricRow, ...]
    bias: str
    files: tuple[Link, ...]
    filters: str


@dataclass(frozen=True)
class GlossaryPage(Page):
    """``glossary.md.j2``: the words used.

    Attributes:
        p_high: Share of p(full) a sufficient patch set reaches.
        p_low: Share of p(full) above which a node of the graph is expanded.
        grid: Mask model in words.
    """

    p_high: str
    p_low: str
    grid: str


@dataclass(frozen=True)
class CitePage(Page):
    """``cite.md.j2``: how to cite the set and its pages.

    Attributes:
        bibtex: Entry of the whole set.
        example: Entry of one image page, or "".
        citation_files: Citation files of the whole set.
        version: Of the set.
    """

    bibtex: str
    example: str
    citation_files: tuple[Link, ...]
    version: str


@dataclass(frozen=True)
class AboutPage(Page):
    """``about.md.j2``: how the site was built.

    Attributes:
        passes: Images passed through the classifiers, by stage, method and measure; none in an empty set.
        settings: Section title -> settings.
        versions: Package and version.
        software: Everything this is made with, and its licence.
        digests: SHA-256 of what went in.
        seed: Root of every random draw.
        device: What the explanations were computed on.
    """

    passes: tuple[DataTable, ...]
    settings: Mapping[str, tuple[Term, ...]]
    versions: tuple[Term, ...]
    software: DataTable
    digests: DataTable
    seed: int
    device: str
