"""The numbers behind the plots as CSV that any reader and any spreadsheet understands.

RFC 4180: one header line, fields separated by commas, lines ended by CR LF, text quoted where needed; UTF-8
without a byte order mark when encoded. Numbers have nine significant digits (all of a float32) and a point;
what is unknown or does not exist is empty; truth values are ``true`` and ``false``.

Titles come from outside. Spreadsheets run text that begins with ``=``, ``+``, ``-`` or ``@`` (also after
spaces, tabs or line ends, and in full width) as a formula; such text gets an apostrophe in front, which they
read as "this is text". Other programs see the apostrophe.
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from math import isfinite

from gallery.errors import SurveyError
from gallery.records import cells_of
from gallery.survey.bootstrap import Interval
from gallery.survey.explanations import Distribution, ExplanationSurvey, ImageFacts
from gallery.survey.simulatability import AccuracyTable, ImageAnswers

Cell = str | int | float | bool | None
_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_SKIPPED = " \t\r\n\0\u00a0\ufeff"


class _Back:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        return text


def csv_lines(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    """Yield a table as CSV, line by line: a table may have a row for every image of a large set.

    Args:
        header: Column names.
        rows: As many cells each.

    Raises:
        SurveyError: If a row has another length, or a number is not finite.
    """
    writer = csv.writer(_Back(), lineterminator="\r\n")
    yield writer.writerow([_text(name) for name in header])
    for row in rows:
        if len(row) != len(header):
            raise SurveyError(f"a row of the table with {', '.join(header)} has {len(row)} cells.")
        yield writer.writerow([_text(cell) for cell in row])


def csv_text(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """Return a small table as CSV; see ``csv_lines``."""
    return "".join(csv_lines(header, rows))


def _text(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, int):
        return str(cell)
    if isinstance(cell, float):
        if not isfinite(cell):
            raise SurveyError(f"a table would hold {cell}; compute the set again.")
        return f"{cell + 0.0:.9g}"
    return (
        f"'{cell}" if cell.lstrip(_SKIPPED).startswith(_FORMULA) or cell[:1] in ("\t", "\r", "\0") else cell
    )


def mse_table(facts: Iterable[ImageFacts]) -> Iterator[str]:
    """Return one row per MSE; ``number`` is the one printed on the image's page, ``patches`` are ids."""
    header = (
        "classifier", "image", "title", "number", "n_patches", "patches", "probability", "relative", "margin",
        "minimality", "is_top", "is_root", "diverse_at_overlap",
    )  # fmt: skip
    return csv_lines(
        header,
        (
            (
                *_subject(one),
                index + 1,
                mse.mask.bit_count(),
                _patches(mse.mask),
                mse.probability,
                mse.relative,
                mse.margin,
                mse.minimality,
                mse.is_top,
                index in one.roots,
                " ".join(str(overlap) for overlap in sorted(one.diverse) if index in one.diverse[overlap]),
            )
            for one in facts
            for index, mse in enumerate(one.mses)
        ),
    )


def image_table(facts: Sequence[ImageFacts]) -> Iterator[str]:
    """Return one row per image and classifier; ``smallest`` is empty without an MSE."""
    overlaps = sorted({overlap for one in facts for overlap in one.diverse})
    header = (
        "classifier", "image", "title", "class", "is_right", "p_full", "threshold", "n_cells", "n_mses",
        "smallest",
        *(f"n_diverse_overlap_{overlap}" for overlap in overlaps),
        "complete_up_to", "n_scored", "note",
    )  # fmt: skip
    return csv_lines(
        header,
        (
            (
                *_subject(one),
                one.class_name,
                one.is_right,
                one.p_full,
                one.threshold,
                one.n_cells,
                len(one.mses),
                one.smallest,
                *(one.n_diverse(overlap) for overlap in overlaps),
                one.complete_up_to,
                one.n_scored,
                one.note,
            )
            for one in facts
        ),
    )


def share_table(surveys: Iterable[ExplanationSurvey]) -> Iterator[str]:
    """Return the curve "share of images explained by at most n patches", one row per classifier and n."""
    header = ("classifier", "n_patches", "n_explained", "n_images", "share", "low", "high", "is_exact")
    return csv_lines(
        header,
        (
            (
                found.classifier,
                point.n_patches,
                point.n_images,
                found.n_images,
                *_interval(point.share),
                point.is_exact,
            )
            for found in surveys
            for point in found.curve
        ),
    )


def distribution_table(surveys: Iterable[ExplanationSurvey]) -> Iterator[str]:
    """Return the histograms: how many MSEs (or images) have each value."""
    rows = (
        (found.classifier, name, counted, one.value, one.count)
        for found in surveys
        for name, counted, distribution in _distributions(found)
        for one in distribution.bins
    )
    return csv_lines(("classifier", "quantity", "counted", "value", "count"), rows)


def mean_table(surveys: Iterable[ExplanationSurvey]) -> Iterator[str]:
    """Return the means with their intervals; ``n_images`` are those behind each."""
    header = ("classifier", "quantity", "mean", "low", "high", "n_images")
    rows: list[tuple[Cell, ...]] = []
    for found in surveys:
        rows.append((found.classifier, "explained", *_interval(found.explained), found.explained.n))
        rows += (
            (found.classifier, name, *_interval(distribution.mean), distribution.mean.n)
            for name, _, distribution in _distributions(found)
        )
    return csv_lines(header, rows)


def question_table(answers: Sequence[ImageAnswers]) -> Iterator[str]:
    """Return one row per question; after the two probabilities, the points of every answerer."""
    names = list(dict.fromkeys(name for one in answers for name in one.credits))
    header = (
        "classifier", "image", "title", "question", "kind", "first_patches", "second_patches",
        "p_first", "p_second",
        *(f"points_{name}" for name in names),
    )  # fmt: skip
    return csv_lines(
        header,
        (
            (
                *_subject(one),
                index + 1,
                question.kind,
                _patches(question.first),
                _patches(question.second),
                question.p_first,
                question.p_second,
                *(one.credits[name][index] if name in one.credits else None for name in names),
            )
            for one in answers
            for index, question in enumerate(one.questions)
        ),
    )


def accuracy_table(tables: Iterable[AccuracyTable]) -> Iterator[str]:
    """Return one row per classifier, answerer and kind of question."""
    header = (
        "classifier", "answerer", "kind", "accuracy", "low", "high", "n_images", "n_questions", "n_undecided",
        "sag_lead", "sag_lead_low", "sag_lead_high",
    )  # fmt: skip
    return csv_lines(
        header,
        (
            (
                table.classifier,
                row.answerer,
                row.kind,
                *_interval(row.accuracy),
                row.accuracy.n,
                row.n_questions,
                row.n_undecided,
                *((None, None, None) if row.sag_lead is None else _interval(row.sag_lead)),
            )
            for table in tables
            for row in table.rows
        ),
    )


def _subject(one: ImageFacts | ImageAnswers) -> tuple[str, str, str]:
    return one.classifier, one.image_id, one.title


def _patches(mask: int) -> str:
    return " ".join(str(cell) for cell in cells_of(mask))


def _interval(interval: Interval) -> tuple[float | None, float | None, float | None]:
    return interval.value, interval.low, interval.high


def _distributions(found: ExplanationSurvey) -> list[tuple[str, str, Distribution]]:
    """Return name, what is counted, and distribution of everything counted."""
    return [
        ("n_patches", "mses", found.sizes),
        ("smallest", "images", found.smallest),
        ("n_mses", "images", found.n_mses),
        *((f"n_diverse_overlap_{t}", "images", found.n_diverse[t]) for t in sorted(found.n_diverse)),
    ]
