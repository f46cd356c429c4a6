"""Tables of measurements: of one image, and means over the set."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from math import isfinite
from string import ascii_lowercase

from gallery.records import MeasureCard, Measurement
from gallery.render.pages.digits import Digits, digits_for
from gallery.render.pages.families import Family
from gallery.render.pages.parts import Link, MeasureColumn, MetricCell, MetricRow, MetricTable
from gallery.render.pages.paths import measure_path
from gallery.render.pages.set_charts import NONE
from gallery.survey.bootstrap import Interval
from gallery.survey.comparison import Comparison

ARROWS = {"higher": "↑", "lower": "↓"}


def measure_column(card: MeasureCard, digits: Digits) -> MeasureColumn:
    """Return the head of a measure's column."""
    link = Link(measure_path(card.name), card.title)
    return MeasureColumn(link, ARROWS[card.better], card.better, card.unit, digits.unit)


class Notes:
    """Notes of one table; each different one gets a letter."""

    def __init__(self) -> None:
        self._letters: dict[str, str] = {}

    def letter(self, note: str) -> str:
        """Return the letter of a note; "" for the empty note."""
        if not note:
            return ""
        number = len(self._letters)
        turn, place = divmod(number, len(ascii_lowercase))
        return self._letters.setdefault(note, ascii_lowercase[place] * (turn + 1))

    @property
    def listed(self) -> tuple[tuple[str, str], ...]:
        """Letter and text of every note."""
        return tuple((letter, note) for note, letter in self._letters.items())


Reasons = Mapping[tuple[str, str], str]
"""Method and measure -> why there is no value."""
NO_VALUE = "no value"
Taken = Sequence[tuple[Link, Mapping[str, Measurement]]]
"""What a row is about, and measure -> measurement."""


def image_table(rows: Taken, family: Family) -> MetricTable:
    """Return one row per method of one image, the best of each column marked (ties: all of them).

    Measures that say nothing about any of the maps have no column; they are named with their reasons.
    """
    notes = Notes()
    columns: list[MeasureColumn] = []
    cells: list[list[MetricCell]] = [[] for _ in rows]
    left_out: list[str] = []
    for card in family.measures:
        taken = [measurements.get(card.name) for _, measurements in rows]
        values = [known(one.value if one else None) for one in taken]
        if all(value is None for value in values):
            if any(taken):
                left_out.append(_left_out(card, [one.note for one in taken if one]))
            continue
        digits = digits_for(values, whole=True)
        columns.append(measure_column(card, digits))
        marked = best_of(values, card, digits)
        for row, one, value, is_best in zip(cells, taken, values, marked, strict=True):
            row.append(value_cell(value, one.note if one else "", digits, notes, is_best=is_best))
    return MetricTable(
        caption=family.title,
        columns=tuple(columns),
        rows=tuple(MetricRow(link, tuple(row)) for (link, _), row in zip(rows, cells, strict=True)),
        notes=notes.listed,
        left_out="; ".join(left_out),
    )


def known(value: float | None) -> float | None:
    """Return a number as a plain float; None if it is none or not finite."""
    return float(value) if value is not None and isfinite(value) else None


def value_cell(
    value: float | None, note: str, digits: Digits, notes: Notes, *, is_best: bool = False
) -> MetricCell:
    """Return the cell of one value; without one a dash and the letter of the note that says why."""
    if value is None:
        return MetricCell(NONE, note=notes.letter(note))
    return MetricCell(digits.text(value), is_best=is_best)


def _left_out(card: MeasureCard, notes: Sequence[str]) -> str:
    reasons = ", ".join(dict.fromkeys(note for note in notes if note))
    return f"{card.title} ({reasons or NO_VALUE})"


def best_of(values: Sequence[float | None], card: MeasureCard, digits: Digits) -> list[bool]:
    """Return which values are best; compared as printed: two that read the same are equally good."""
    numbers = [value for value in values if value is not None]
    if len(numbers) < 2:
        return [False] * len(values)
    best = digits.text((max if card.better == "higher" else min)(numbers))
    return [value is not None and digits.text(value) == best for value in values]


def means_table(
    methods: Sequence[tuple[Link, str]],
    family: Family,
    comparisons: Mapping[str, Comparison],
    reasons: Reasons,
) -> MetricTable:
    """Return the means of all methods by the measures of one family.

    Args:
        methods: Link and registered name of every row.
        family: Measures.
        comparisons: Measure -> comparison.
        reasons: Why a method has no value of a measure.
    """
    cards = [card for card in family.measures if card.name in comparisons]
    notes = Notes()
    digits = {card.name: digits_of(comparisons[card.name]) for card in cards}
    rows = tuple(
        MetricRow(
            link,
            tuple(
                mean_cell(comparisons[card.name], name, digits[card.name], notes, reasons) for card in cards
            ),
        )
        for link, name in methods
    )
    missing = [card for card in family.measures if card.name not in comparisons]
    return MetricTable(
        caption="Means over images with 95 % intervals",
        columns=tuple(measure_column(card, digits[card.name]) for card in cards),
        rows=rows,
        foot=("Images compared", *(str(comparisons[card.name].n_images) for card in cards)),
        notes=notes.listed,
        left_out="; ".join(
            _left_out(card, [reasons.get((name, card.name), "") for _, name in methods]) for card in missing
        ),
        title=family.title,
    )


def digits_of(found: Comparison) -> Digits:
    """Return how the means of a measure are printed."""
    return digits_for(score.mean.value for score in found.scores.values())


def mean_cell(found: Comparison, method: str, digits: Digits, notes: Notes, reasons: Reasons) -> MetricCell:
    """Return the mean of one method with its interval; without one a dash and the letter of the reason."""
    score = found.scores.get(method)
    if score is None:
        return MetricCell(NONE, note=notes.letter(reasons.get((method, found.measure), NO_VALUE)))
    cell = interval_cell(score.mean, digits)
    if score.is_compared:
        return replace(cell, is_best=score.is_best)
    note = "has a value on fewer than half of the images: mean over those it has, not compared"
    return replace(cell, note=notes.letter(note))


def interval_cell(interval: Interval, digits: Digits, *, signed: bool = False) -> MetricCell:
    """Return a number with its interval, as far as they are known."""
    if interval.value is None:
        return MetricCell(NONE)
    low, high = interval.low, interval.high
    text: Callable[[float], str] = lambda value: digits.text(value, signed=signed)  # noqa: E731
    return MetricCell(
        text(interval.value), "" if low is None or high is None else f"{text(low)} to {text(high)}"
    )
