"""What is kept of each result once its page is written, and what follows from all of them."""

from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from operator import attrgetter
from typing import Protocol

from gallery.config import SetSettings
from gallery.records import (
    Catalogue,
    ClassifierCard,
    ConceptResult,
    Failure,
    GenerativeResults,
    ImageCard,
    ImageResult,
)
from gallery.render.documents.prompts import prompts_forwards
from gallery.render.pages.citation import cite, page_jsonld
from gallery.render.pages.head import Head
from gallery.render.pages.parts import Card
from gallery.render.pages.set_parts import QuizImage
from gallery.render.pages.spill import View
from gallery.survey.agreement import Agreement, ImageAgreement, agreement, agreement_of
from gallery.survey.bootstrap import Resampling
from gallery.survey.comparison import Comparison, compare
from gallery.survey.explanations import ImageFacts, facts_of
from gallery.survey.simulatability import ImageAnswers, answers_of

ASSETS = ("assets/set.css",)
"""What the pages about the whole set load."""


class _Stage(Protocol):
    @property
    def forwards(self) -> int: ...


@dataclass(frozen=True)
class Summary:
    """What is kept of one result once its page is written.

    Attributes:
        card: Its tile.
        image: The photograph.
        values: method -> measure -> value, or None where the measure says nothing.
        notes: method -> measure -> why there is no value.
        costs: method -> images passed forward and backward to make the map.
        passes: stage -> images passed forward, heatmaps and measures apart.
        measure_passes: measure -> images passed forward to measure all maps.
        facts: Its explanations.
        answers: Its questions, and what every answerer scored.
        agreement: How far its heatmaps agree.
    """

    card: Card
    image: ImageCard
    values: Mapping[str, Mapping[str, float | None]]
    notes: Mapping[str, Mapping[str, str]]
    costs: Mapping[str, tuple[int, int]]
    passes: Mapping[str, int]
    measure_passes: Mapping[str, int]
    facts: ImageFacts
    answers: ImageAnswers
    agreement: ImageAgreement


def summarise(result: ImageResult, card: Card) -> Summary:
    """Return the summary of one result."""
    return Summary(
        card=card,
        image=result.image,
        values={
            method: {name: taken.value for name, taken in measures.items()}
            for method, measures in result.measurements.items()
        },
        notes={
            method: {name: taken.note for name, taken in measures.items() if taken.note}
            for method, measures in result.measurements.items()
        },
        costs={name: (heatmap.forwards, heatmap.backwards) for name, heatmap in result.heatmaps.items()},
        passes=_passes(result),
        measure_passes=_measure_passes(result),
        facts=facts_of(result),
        answers=answers_of(result),
        agreement=agreement_of(result),
    )


def _passes(result: ImageResult) -> dict[str, int]:
    stages: dict[str, _Stage | None] = {
        "Search": result.search,
        "Attention graph": result.graph,
        "What is necessary": result.necessity,
        "Robustness": result.robustness,
        "Held-out questions": result.questions,
        "Sets to try": result.what_if,
    }
    passes = {title: stage.forwards for title, stage in stages.items() if stage is not None}
    if result.prompted is not None:
        passes["Needed and precluded regions"] = prompts_forwards(result.prompted)
    return passes


def _measure_passes(result: ImageResult) -> dict[str, int]:
    passes: dict[str, int] = {}
    for taken in result.measurements.values():
        for name, measurement in taken.items():
            passes[name] = passes.get(name, 0) + measurement.forwards
    return passes


@dataclass(frozen=True)
class SetSummary:
    """The whole set.

    Attributes:
        summaries: Of every result, in order; of a large set they lie on disk, so what is made of them should
            be made of one after the other.
        catalogue: Methods, measures, classifiers.
        settings: Of the set.
        failures: What could not be finished.
        quiz: What the quiz asks.
        concepts: Learned concepts, by class, then by classifier.
        generative: Autoencoders.
    """

    summaries: Sequence[Summary]
    catalogue: Catalogue
    settings: SetSettings
    failures: Sequence[Failure]
    quiz: Sequence[QuizImage] = ()
    concepts: Sequence[ConceptResult] = ()
    generative: GenerativeResults = field(default_factory=GenerativeResults)

    @cached_property
    def _places(self) -> Mapping[str, Sequence[int]]:
        """Slug of a classifier -> indices of its summaries."""
        found = {card.slug: array("L") for card in self.catalogue.classifiers}
        for index, summary in enumerate(self.summaries):
            found[summary.card.classifier].append(index)
        return found

    def of(self, card: ClassifierCard) -> View[Summary, Summary]:
        """Return the summaries of one classifier."""
        return View(self.summaries, lambda summary: summary, self._places[card.slug])

    @cached_property
    def used(self) -> Mapping[str, frozenset[str]]:
        """Slug of the classifier -> methods with a map of any image."""
        return {
            card.slug: frozenset(name for summary in self.of(card) for name in summary.costs)
            for card in self.catalogue.classifiers
        }

    @cached_property
    def titles(self) -> Mapping[str, str]:
        """Registered name of a heatmap method -> its title."""
        return {method.name: method.title for method in self.catalogue.methods}

    @property
    def resampling(self) -> Resampling:
        """How intervals are computed: from the seed of the set."""
        return Resampling(seed=self.settings.seed)

    @cached_property
    def comparisons(self) -> Mapping[str, Mapping[str, Comparison]]:
        """Slug of the classifier -> measure -> what it says of all methods; only measures with a value."""
        methods = [method.name for method in self.catalogue.methods]
        found: dict[str, dict[str, Comparison]] = {}
        for card in self.catalogue.classifiers:
            images = self.of(card).map(attrgetter("values"))
            compared = (
                compare(images, methods, measure.name, measure.better, self.resampling)
                for measure in self.catalogue.measures
            )
            found[card.slug] = {one.measure: one for one in compared if one.scores}
        return found

    @cached_property
    def reasons(self) -> Mapping[str, Mapping[tuple[str, str], str]]:
        """Slug of the classifier -> method and measure -> the most frequent reason for a missing value."""
        found: dict[str, dict[tuple[str, str], str]] = {}
        for card in self.catalogue.classifiers:
            counted: dict[tuple[str, str], Counter[str]] = {}
            for summary in self.of(card):
                for method, notes in summary.notes.items():
                    for measure, note in notes.items():
                        counted.setdefault((method, measure), Counter())[note] += 1
            found[card.slug] = {pair: counts.most_common(1)[0][0] for pair, counts in counted.items()}
        return found

    @cached_property
    def agreements(self) -> Mapping[str, Agreement]:
        """Slug of the classifier -> how far its heatmaps agree over the set."""
        methods = [method.name for method in self.catalogue.methods]
        return {
            card.slug: agreement(self.of(card).map(attrgetter("agreement")), methods, self.resampling)
            for card in self.catalogue.classifiers
        }

    def head(
        self,
        path: str,
        key: str,
        title: str,
        description: str,
        *,
        kind: str = "WebPage",
        hide: tuple[str, ...] = (),
    ) -> Head:
        """Return the head of a page about the set.

        Args:
            path: Of the page, relative to the site.
            key: Names the page in citations.
            title: Of the page.
            description: One sentence, or "".
            kind: Type in schema.org's vocabulary.
            hide: Parts of the theme left out.
        """
        citation = cite(self.settings, key=f"gallery:{key}", title=title, path=path)
        text = description or f"{citation.title}: explanations of an image classifier, compared."
        jsonld = page_jsonld(citation, kind, description=text)
        return Head(
            title=citation.title,
            description=text,
            citation=citation,
            jsonld=jsonld,
            hide=hide,
            assets=ASSETS,
        )
