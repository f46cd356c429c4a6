"""Pieces of page contexts that several templates share; plain text and numbers unless a field says HTML."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Link:
    """A link: ``path`` relative to the site's root, and a line about what is behind it (or "")."""

    path: str
    title: str
    note: str = ""


@dataclass(frozen=True)
class Choice:
    """One option of a select: value in the address, text; for colour maps also CSS of the bar and a hint."""

    value: str
    title: str
    bar: str = ""
    hint: str = ""


@dataclass(frozen=True)
class Term:
    """A name and its value."""

    name: str
    value: str


@dataclass(frozen=True)
class Downloads:
    """Files of one figure.

    Attributes:
        title: Of the figure.
        files: Links titled by their format.
    """

    title: str
    files: tuple[Link, ...]


@dataclass(frozen=True)
class Heat:
    """One heatmap laid over its photograph.

    Attributes:
        path: Grey PNG at the method's own resolution.
        colormap: Name of the colour filter.
        alt: Alternative text.
        size: Width and height of the PNG in pixels.
        signed: Whether it has its own, diverging colours.
        cuts: Grey levels of its highest 5, 10, ... 95 % of pixels, see ``heat.cut_levels``; "" = not known.
    """

    path: str
    colormap: str
    alt: str
    size: tuple[int, int]
    signed: bool
    cuts: str = ""


@dataclass(frozen=True)
class Card:
    """One image under one classifier, as a tile.

    Attributes:
        link: Page, or place in it.
        image_id: Of the image.
        photo: Small photograph.
        photo_size: Its width and height.
        second: What stands beside it: a small picture (kept patches), or "" if ``heat`` does.
        second_alt: Alternative text of that picture.
        second_size: Its width and height.
        heat: Heatmap beside the photograph, or None.
        caption: What the second picture shows.
        predicted: Most probable class.
        p_predicted: Its probability.
        classifier: Slug.
        classifier_title: Shown when the set has several.
        n_mses: Number of minimal sufficient explanations.
        label: Ground truth, or None.
        is_right: Whether the prediction is the label; None if there is no label.
        is_composite: Whether it is a 2 x 2 composite.
        heats: Method -> its heatmap, for the method filter.
        values: Numbers shown on the tile.
        facets: Name and value of what the index filters and sorts by.
    """

    link: str
    image_id: str
    title: str
    photo: str
    photo_size: tuple[int, int]
    second: str
    second_alt: str
    second_size: tuple[int, int]
    heat: Heat | None
    caption: str
    predicted: str
    p_predicted: float
    classifier: str
    classifier_title: str
    n_mses: int
    label: str | None
    is_right: bool | None
    is_composite: bool
    heats: Mapping[str, Heat]
    values: tuple[Term, ...] = ()
    facets: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class MeasureColumn:
    """Header of a column.

    Attributes:
        link: What it is about; path "" for only a title.
        arrow: Up or down for the better direction; "" without one.
        better: Its name, or "".
        unit: Of the numbers, or "".
        scale: Power of ten that the numbers are printed in units of ("in 10⁻⁵"), or "".
    """

    link: Link
    arrow: str = ""
    better: str = ""
    unit: str = ""
    scale: str = ""


@dataclass(frozen=True)
class MetricCell:
    """A cell of a table of measurements.

    Attributes:
        text: Number, or a dash where there is none.
        spread: Its interval, or "".
        is_best: Whether it is set in bold.
        note: Letter of the note that says why there is no number, or "".
    """

    text: str
    spread: str = ""
    is_best: bool = False
    note: str = ""


@dataclass(frozen=True)
class MetricRow:
    """A row of a table of measurements: what it is about, and its cells."""

    link: Link
    cells: tuple[MetricCell, ...]


@dataclass(frozen=True)
class MetricTable:
    """A table of measurements.

    Attributes:
        caption: Printed above.
        columns: Heads.
        rows: As many cells each.
        foot: Last row, such as the number of images behind each column; or empty.
        notes: Letter and text of every note.
        left_out: Measures without a column, and why; or "".
        title: Heading, or "".
        anchor: ``id`` of the heading.
        files: The table for download.
    """

    caption: str
    columns: tuple[MeasureColumn, ...]
    rows: tuple[MetricRow, ...]
    foot: tuple[str, ...] = ()
    notes: tuple[tuple[str, str], ...] = ()
    left_out: str = ""
    title: str = ""
    anchor: str = ""
    files: tuple[Link, ...] = ()
