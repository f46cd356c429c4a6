"""The page of the concepts of one class, and the bar on the pages of images of that class."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from gallery.records import (
    ClassifierCard,
    ConceptImage,
    ConceptMap,
    ConceptResult,
    ImageResult,
    MethodCard,
)
from gallery.render.documents.concepts import training_document
from gallery.render.documents.numbers import json_bytes
from gallery.render.figures.colormap import colour_bar_css, default_for
from gallery.render.figures.heat import grey_png
from gallery.render.figures.scale import format_number, scale
from gallery.render.pages import contexts, wording
from gallery.render.pages.concepts.parts import (
    ConceptExample,
    ConceptFigure,
    ConceptView,
    ContributionBar,
    ContributionRow,
)
from gallery.render.pages.concepts.wording import attempts_text, measures_of, reach_text, training_of
from gallery.render.pages.contexts import ImagePage
from gallery.render.pages.image_page import colour_filters, image_path
from gallery.render.pages.output import Output
from gallery.render.pages.parts import Card, Heat, Link, MetricCell, MetricRow
from gallery.render.pages.paths import classifier_path
from gallery.render.pages.summary import SetSummary
from gallery.survey.tables import Cell, csv_text

ASSETS = ("assets/set.css", "assets/figures.css", "assets/concepts.css")
NUMBERS = (
    "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten", "Eleven", "Twelve", "Thirteen",
    "Fourteen", "Fifteen",
)  # fmt: skip


@dataclass(frozen=True)
class Subject:
    """The concepts of one class under one classifier, for drawing.

    Attributes:
        result: The numbers.
        card: The classifier.
    """

    result: ConceptResult
    card: ClassifierCard

    @property
    def slug(self) -> str:
        """Names the class in addresses."""
        name = re.sub(r"[^a-z0-9]+", "-", self.class_name.lower()).strip("-")[:48]
        return "-".join(filter(None, (self.card.slug, str(self.result.network.target), name)))

    @property
    def path(self) -> str:
        """Path of the page."""
        return f"x/{self.slug}.html"

    @property
    def class_name(self) -> str:
        """Name of the class on one line."""
        return wording.one_line(self.result.network.class_name)

    @property
    def title(self) -> str:
        """Title of the page."""
        n = self.result.network.n_features
        return f"{NUMBERS[n - 2] if 2 <= n <= 15 else n} concepts of “{self.class_name}”"

    @cached_property
    def by_image(self) -> Mapping[str, ConceptImage]:
        """Image id -> its numbers."""
        return {image.image_id: image for image in self.result.images}

    def anchor(self, k: int) -> str:
        """Return the id of x-feature ``k``'s heading."""
        return f"concept-{k + 1}"


def subjects_of(results: Iterable[ConceptResult], cards: Sequence[ClassifierCard]) -> list[Subject]:
    """Return the concepts with their classifiers."""
    by_slug = {card.slug: card for card in cards}
    return [Subject(result, by_slug[result.classifier]) for result in results]


def with_bars(page: ImagePage, of_image: Sequence[ImageResult], subjects: Sequence[Subject]) -> ImagePage:
    """Return an image's page with the bar of its class's concepts, where there are any."""
    sections = []
    for result, section in zip(of_image, page.sections, strict=True):
        mine = (
            one
            for one in subjects
            if one.result.classifier == result.classifier
            and one.result.network.target == result.prediction.target
            and result.image.id in one.by_image
        )
        one = next(mine, None)
        sections.append(section if one is None else replace(section, concepts=_bar(one, result.image.id)))
    return replace(page, sections=tuple(sections))


def _bar(subject: Subject, image_id: str) -> ContributionBar:
    image, network = subject.by_image[image_id], subject.result.network
    largest = max((abs(value) for value in image.contributions), default=0.0) or 1.0
    r2 = network.quality.r2_views
    return ContributionBar(
        link=Link(subject.path, subject.title),
        class_name=subject.class_name,
        rows=tuple(
            ContributionRow(
                Link(f"{subject.path}#{subject.anchor(k)}", f"Concept {k + 1}"),
                abs(value) / largest,
                wording.signed(value),
            )
            for k, value in enumerate(image.contributions)
        ),
        bias=wording.signed(network.bias),
        predicted=wording.measure(image.predicted),
        logit=wording.measure(image.logit),
        faithful="not measured" if r2 is None else wording.measure(r2),
    )


def concept_page(found: SetSummary, subject: Subject, output: Output) -> contexts.ConceptsPage:
    """Return the page of one class, and write its numbers for download."""
    network = subject.result.network
    about = {image.image_id for image in subject.result.images}
    cards = {one.card.image_id: one.card for one in found.of(subject.card) if one.card.image_id in about}
    text = f"{subject.title} for {subject.card.title}: what they add to the score, and where they are."
    head = found.head(subject.path, subject.slug, subject.title, text)
    images = [image for image in _ordered(subject) if image.image_id in cards]
    silent = [k for k in range(network.n_features) if not any(image.features[k] > 0 for image in images)]
    return contexts.ConceptsPage(
        head=replace(head, assets=ASSETS),
        root="../",
        title=subject.title,
        class_name=subject.class_name,
        classifier=Link(classifier_path(subject.card.slug), subject.card.title),
        layer=network.layer,
        training=training_of(network),
        attempts=f"{attempts_text(network)} {reach_text(network)}",
        measures=measures_of(subject.result),
        silent=len(silent),
        concepts=tuple(_view(subject, k, cards, output) for k in range(network.n_features)),
        columns=tuple(f"Concept {k + 1}" for k in range(network.n_features)),
        rows=tuple(_row(cards[image.image_id], image) for image in images),
        bias=wording.signed(network.bias),
        files=_files(subject, output),
        filters=colour_filters(),
    )


def _ordered(subject: Subject) -> list[ConceptImage]:
    """Return the images by the classifier's logit, highest first."""
    return sorted(subject.result.images, key=lambda image: (-image.logit, image.image_id))


def _row(card: Card, image: ConceptImage) -> MetricRow:
    numbers = (
        wording.measure(image.logit),
        wording.measure(image.predicted),
        *(wording.signed(value) for value in image.contributions),
    )
    return MetricRow(Link(image_path(card.image_id), card.title), tuple(MetricCell(text) for text in numbers))


def _view(subject: Subject, k: int, cards: Mapping[str, Card], output: Output) -> ConceptView:
    network = subject.result.network
    weight = float(network.weights["last.weight"][0, k])
    mean = network.attempts[-1].contributions[k]
    facts = [f"weight {wording.signed(weight)}", f"mean contribution {wording.signed(mean)} logits"]
    if network.quality.stability:
        facts.append(f"stability {wording.measure(network.quality.stability[k])}")
    maps = [one for one in subject.result.maps if one.feature == k and one.image_id in cards]
    shares = [one.half_mass for one in maps if _is_first(subject, one) and one.half_mass is not None]
    if shares:
        facts.append(f"half of it in {wording.percent(sum(shares) / len(shares))} of the map")
    ids = dict.fromkeys(one.image_id for one in maps)
    return ConceptView(
        anchor=subject.anchor(k),
        title=f"Concept {k + 1}",
        facts="; ".join(facts),
        examples=tuple(
            _example(subject, cards[image_id], [one for one in maps if one.image_id == image_id], output)
            for image_id in ids
        ),
    )


def _is_first(subject: Subject, one: ConceptMap) -> bool:
    return one.heatmap.method == subject.result.methods[0].name


def _example(subject: Subject, card: Card, maps: Sequence[ConceptMap], output: Output) -> ConceptExample:
    image = subject.by_image[card.image_id]
    methods = {method.name: method for method in subject.result.methods}
    return ConceptExample(
        link=Link(image_path(card.image_id), card.title),
        photo=card.photo,
        photo_size=card.photo_size,
        contribution=wording.signed(image.contributions[maps[0].feature]),
        figures=tuple(_figure(subject, card, one, methods[one.heatmap.method], output) for one in maps),
    )


def _figure(
    subject: Subject, card: Card, one: ConceptMap, method: MethodCard, output: Output
) -> ConceptFigure:
    native, signed = one.heatmap.native, method.signed
    scaled = scale(native, signed=signed)
    path = output.figure(
        f"x/{subject.slug}/{card.image_id}-{one.feature + 1}-{method.name}.png",
        ("heat", native, signed),
        lambda: grey_png(native, signed=signed),
    )
    share = one.half_mass
    where = "nowhere" if share is None else f"half of it in {wording.percent(share)} of the map"
    alt = f"{method.title} of concept {one.feature + 1} in {card.title}: {where}."
    size = (native.shape[1], native.shape[0])
    colormap = default_for(signed=signed)
    return ConceptFigure(
        title=method.title,
        heat=Heat(path, colormap, alt, size, signed),
        bar=colour_bar_css(colormap),
        low=format_number(scaled.low),
        high=format_number(scaled.high),
    )


def _files(subject: Subject, output: Output) -> tuple[Link, ...]:
    network, images = subject.result.network, subject.result.images
    n = network.n_features
    names = [f"{kind}_{k + 1}" for kind in ("feature", "contribution") for k in range(n)]
    rows: list[tuple[Cell, ...]] = [
        (one.image_id, one.logit, one.predicted, *one.features, *one.contributions) for one in images
    ]
    csv, numbers = f"x/{subject.slug}/concepts.csv", f"x/{subject.slug}/training.json"
    output.write(csv, csv_text(("image", "logit", "predicted", *names), rows).encode())
    output.write(numbers, json_bytes(training_document(subject.result, subject.card)))
    return (Link(csv, "Contributions (CSV)"), Link(numbers, "Training (JSON)"))
