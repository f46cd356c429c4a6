"""Pieces of the pages about learned concepts; numbers are text already."""

from dataclasses import dataclass

from gallery.render.pages.parts import Heat, Link


@dataclass(frozen=True)
class ContributionRow:
    """What one x-feature adds to the logit of one image.

    Attributes:
        link: Its place on the class's page, titled by its number.
        share: Of the largest contribution by size on this image, in [0, 1]: the length of the bar.
        value: Signed, in logits.
    """

    link: Link
    share: float
    value: str


@dataclass(frozen=True)
class ContributionBar:
    """The concepts of an image's class in that image.

    Attributes:
        link: Page of the class, titled by it.
        class_name: The class.
        rows: One per x-feature, in order.
        bias: What is added to them, in logits.
        predicted: Their sum, in logits.
        logit: What the classifier says, in logits.
        faithful: How well such sums predict the logit on views kept back, in words.
    """

    link: Link
    class_name: str
    rows: tuple[ContributionRow, ...]
    bias: str
    predicted: str
    logit: str
    faithful: str


@dataclass(frozen=True)
class ConceptMeasure:
    """A number about the whole explanation network.

    Attributes:
        name: What it is.
        value: The number, or a dash.
        meaning: Unit, better direction and caveat.
    """

    name: str
    value: str
    meaning: str


@dataclass(frozen=True)
class ConceptFigure:
    """An x-feature in one image, by one heatmap method.

    Attributes:
        title: Of the method.
        heat: The map.
        bar: CSS of the colour bar.
        low: Raw value at its lower end.
        high: Raw value at its upper end.
    """

    title: str
    heat: Heat
    bar: str
    low: str
    high: str


@dataclass(frozen=True)
class ConceptExample:
    """One of the images in which an x-feature is strongest.

    Attributes:
        link: Page of the image.
        photo: Small photograph.
        photo_size: Its width and height.
        contribution: Signed, in logits.
        figures: One per method.
    """

    link: Link
    photo: str
    photo_size: tuple[int, int]
    contribution: str
    figures: tuple[ConceptFigure, ...]


@dataclass(frozen=True)
class ConceptView:
    """One x-feature.

    Attributes:
        anchor: Id of its heading.
        title: Such as "Concept 1".
        facts: Its weight, mean contribution, stability and locality, in a sentence.
        examples: Strongest first; empty if it is 0 on every image of the set.
    """

    anchor: str
    title: str
    facts: str
    examples: tuple[ConceptExample, ...]
