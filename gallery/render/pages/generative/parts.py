"""Pieces of the pages about autoencoders; numbers are text already."""

from dataclasses import dataclass

from gallery.render.pages.parts import Link, Term
from gallery.render.pages.set_parts import DataTable


@dataclass(frozen=True)
class MethodNote:
    """A way to make anomaly maps: its place on the page, its title, and what it is."""

    anchor: str
    title: str
    text: str


@dataclass(frozen=True)
class Picture:
    """A picture of a data set or a reconstruction: path, width and height, alternative text."""

    path: str
    size: tuple[int, int]
    alt: str


@dataclass(frozen=True)
class ScaledMap:
    """A map in colours, from 0 to a value that is printed.

    Attributes:
        picture: Grey PNG, which the page colours.
        title: Of the method.
        high: Value of the last colour.
        score: Of the picture by this map, or "".
    """

    picture: Picture
    title: str
    high: str
    score: str


@dataclass(frozen=True)
class AnomalyExample:
    """One test picture.

    Attributes:
        title: Name of the picture.
        facts: Its place by score, and the size of its defect.
        picture: As it is.
        reconstruction: By the autoencoder.
        outline: SVG with the outline of the defect; "" without one.
        maps: One per method.
    """

    title: str
    facts: str
    picture: Picture
    reconstruction: Picture
    outline: str
    maps: tuple[ScaledMap, ...]


@dataclass(frozen=True)
class AnomalyKind:
    """The examples of one kind of defect, lowest score first.

    Attributes:
        anchor: Id of its heading.
        title: Of the kind.
        facts: How many there are.
        examples: Some of them.
    """

    anchor: str
    title: str
    facts: str
    examples: tuple[AnomalyExample, ...]


@dataclass(frozen=True)
class LatentRow:
    """One latent of one picture.

    Attributes:
        title: Such as "Latent 3".
        strip: The decoded pictures side by side, by value.
        attention: Where it is in the picture.
        change: Mean range of a pixel.
        here: Posterior mean.
        divergence: From the prior, nats.
    """

    title: str
    strip: Picture
    attention: ScaledMap
    change: str
    here: str
    divergence: str


@dataclass(frozen=True)
class TraversalView:
    """The latents of one picture.

    Attributes:
        anchor: Id of its heading.
        title: Name of the picture.
        facts: How many latents there are and are shown.
        picture: As it is.
        reconstruction: By the autoencoder.
        rows: Latents, most change first.
    """

    anchor: str
    title: str
    facts: str
    picture: Picture
    reconstruction: Picture
    rows: tuple[LatentRow, ...]


@dataclass(frozen=True)
class ReportedRow:
    """A number that others report: model, accuracy, error of reconstruction (or a dash)."""

    model: str
    accuracy: str
    error: str


@dataclass(frozen=True)
class Reported:
    """Numbers that others report.

    Attributes:
        title: Of the table.
        source: Where they are from, and how exact they are.
        rows: One per model.
    """

    title: str
    source: str
    rows: tuple[ReportedRow, ...]


@dataclass(frozen=True)
class Finding:
    """What others report in words: about what, what, and where from."""

    about: str
    text: str
    source: str


@dataclass(frozen=True)
class ModelLinks:
    """The pages of one autoencoder: its anomalies (None if its data have none) and its latents."""

    title: str
    facts: str
    anomalies: Link | None
    latents: Link


@dataclass(frozen=True)
class DisentanglementView:
    """Disentanglement of two families over seeds.

    Attributes:
        anchor: Id of its heading.
        facts: How long the trainings were.
        summary: Mean and interval per family.
        difference: What the difference says, in a sentence.
        seeds: Run by run.
        made_with: Settings and versions.
        files: Downloads.
    """

    anchor: str
    facts: str
    summary: DataTable
    difference: str
    seeds: DataTable
    made_with: tuple[Term, ...]
    files: tuple[Link, ...]
