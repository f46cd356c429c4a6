"""Methods, searches, measures and classifiers."""

from dataclasses import dataclass

from gallery.render.pages.concepts.parts import ConceptMeasure, ConceptView
from gallery.render.pages.contexts.page import Page
from gallery.render.pages.excerpt import Rest
from gallery.render.pages.parts import Card, Link, MetricRow, MetricTable, Term
from gallery.render.pages.set_parts import Confusion, MeasureResults, PublishedView


@dataclass(frozen=True)
class MethodsPage(Page):
    """``methods.md.j2``: everything that has a page of its own.

    Attributes:
        methods: Heatmap methods, with one line each.
        searches: Searches.
        measures: Measures.
        classifiers: Classifiers.
        concepts: Learned concepts, by class; empty if the set wants none.
        generative: Autoencoders, likewise.
    """

    methods: tuple[Link, ...]
    searches: tuple[Link, ...]
    measures: tuple[Link, ...]
    classifiers: tuple[Link, ...]
    concepts: tuple[Link, ...] = ()
    generative: tuple[Link, ...] = ()


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
        cards: Its heatmap of every image, of a large set the first ones.
        rest: Where the others are; None if there are none.
        filters: Inline SVG with the colour filters (HTML).
    """

    title: str
    reference: str
    document: str
    options: tuple[Term, ...]
    means: MetricTable
    published: tuple[PublishedView, ...]
    cards: tuple[Card, ...]
    rest: Rest | None
    filters: str


@dataclass(frozen=True)
class SearchPage(Page):
    """``search.md.j2``: the search for minimal sufficient explanations.

    Attributes:
        title: Of the search.
        reference: Where it is published.
        document: Idea (HTML).
        options: Option and default.
        rows: Image, classifier, number of explanations, smallest size, p(full), threshold; of a large set
            the first ones.
        rest: Where the others are; None if there are none.
    """

    title: str
    reference: str
    document: str
    options: tuple[Term, ...]
    rows: tuple[tuple[Link, str, int, str, str, str], ...]
    rest: Rest | None


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
        rows: One per image and classifier; of a large set the first ones.
        rest: Where the others are; None if there are none.
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
    rest: Rest | None
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
        cards: What it says about every image, of a large set the first ones.
        rest: Where the others are; None if there are none.
        filters: Inline SVG with the colour filters (HTML).
    """

    title: str
    facts: tuple[Term, ...]
    url: str
    accuracy: str
    confusions: tuple[Confusion, ...]
    cards: tuple[Card, ...]
    rest: Rest | None
    filters: str


@dataclass(frozen=True)
class ConceptsPage(Page):
    """``concepts.md.j2``: the learned concepts of one class under one classifier.

    Attributes:
        title: Such as "Five concepts of “espresso”".
        class_name: The class.
        classifier: Link to the classifier.
        layer: Dotted path of the layer the concepts are read from.
        training: What they were learnt from, and how.
        attempts: How many trainings it took, and how far the outcome can be trusted, in sentences.
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
