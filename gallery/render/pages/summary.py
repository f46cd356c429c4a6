"""What is kept of each result once its page is written, and what follows from all of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from gallery.config import SetSettings
from gallery.records import Catalogue, ClassifierCard, Failure, ImageResult, MethodCard
from gallery.render.pages.citation import cite, page_jsonld
from gallery.render.pages.head import Head
from gallery.render.pages.parts import Card
from gallery.render.pages.set_parts import QuizImage
from gallery.survey.explanations import ImageFacts, facts_of
from gallery.survey.simulatability import ImageAnswers, answers_of


@dataclass(frozen=True)
class Summary:
    """What is kept of one result once its page is written.

    Attributes:
        card: Its tile.
        values: method -> measure -> value.
        facts: Its explanations.
        answers: Its questions, and what every answerer scored.
    """

    card: Card
    values: Mapping[str, Mapping[str, float]]
    facts: ImageFacts
    answers: ImageAnswers


def summarise(result: ImageResult, card: Card) -> Summary:
    """Return the summary of one result."""
    return Summary(
        card=card,
        values={
            method: {name: taken.value for name, taken in measures.items()}
            for method, measures in result.measurements.items()
        },
        facts=facts_of(result),
        answers=answers_of(result),
    )


@dataclass(frozen=True)
class SetSummary:
    """The whole set, small enough to be kept in memory.

    Attributes:
        summaries: Of every result, in order.
        catalogue: Methods, measures, classifiers.
        settings: Of the set.
        failures: What could not be finished.
        quiz: What the quiz asks.
    """

    summaries: Sequence[Summary]
    catalogue: Catalogue
    settings: SetSettings
    failures: Sequence[Failure]
    quiz: Sequence[QuizImage] = ()

    def of(self, card: ClassifierCard) -> list[Summary]:
        """Return the summaries of one classifier."""
        return [summary for summary in self.summaries if summary.card.classifier == card.slug]

    def means(self, summaries: Sequence[Summary], method: MethodCard) -> dict[str, float]:
        """Return measure -> mean of one method's values, of the measures that were taken at least once."""
        means = {}
        for measure in self.catalogue.measures:
            values = [
                s.values[method.name][measure.name]
                for s in summaries
                if measure.name in s.values.get(method.name, {})
            ]
            if values:
                means[measure.name] = fmean(values)
        return means

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
        return Head(title=citation.title, description=text, citation=citation, jsonld=jsonld, hide=hide)
