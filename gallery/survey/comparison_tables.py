"""The comparison of methods as CSV; see ``tables`` for how it is written."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from gallery.survey.agreement import Agreement
from gallery.survey.bootstrap import Interval
from gallery.survey.comparison import Comparison, Values
from gallery.survey.orderings import Ordering
from gallery.survey.published import PublishedTable
from gallery.survey.tables import Cell, csv_lines

Comparisons = Mapping[str, Mapping[str, Comparison]]
"""Classifier -> measure -> comparison."""


def score_table(comparisons: Comparisons) -> Iterator[str]:
    """Return one row per classifier, measure and method.

    ``p_against_best`` is Holm's adjusted p-value, empty for the best and where nothing is tested;
    ``is_best`` says whether the method is the best or not significantly worse.
    """
    header = (
        "classifier", "measure", "better", "method", "mean", "low", "high", "n_images", "is_compared",
        "is_best", "p_against_best", "average_rank",
    )  # fmt: skip
    return csv_lines(
        header,
        (
            (
                classifier,
                found.measure,
                found.better,
                score.method,
                *_interval(score.mean),
                score.mean.n,
                score.is_compared,
                score.is_best,
                score.p,
                score.rank,
            )
            for classifier, by_measure in comparisons.items()
            for found in by_measure.values()
            for score in found.scores.values()
        ),
    )


def ranking_table(comparisons: Comparisons) -> Iterator[str]:
    """Return one row per classifier and measure: Friedman's test and what Nemenyi's does not tell apart.

    Groups are separated by semicolons, the methods of a group by spaces, best first.
    """
    header = (
        "classifier", "measure", "n_images", "n_methods", "friedman_chi_square", "p", "critical_difference",
        "groups",
    )  # fmt: skip
    return csv_lines(
        header,
        (
            (
                classifier,
                found.measure,
                ranking.n_images,
                len(found.ranked),
                ranking.chi_square,
                ranking.p,
                ranking.critical,
                "; ".join(" ".join(group) for group in found.groups),
            )
            for classifier, by_measure in comparisons.items()
            for found in by_measure.values()
            if (ranking := found.ranking) is not None
        ),
    )


def agreement_table(agreements: Mapping[str, Agreement]) -> Iterator[str]:
    """Return one row per classifier and pair of methods: mean rank correlation of their maps."""
    header = ("classifier", "first", "second", "correlation", "low", "high", "n_images")
    return csv_lines(
        header,
        (
            (classifier, found.methods[i], found.methods[j], *_interval(interval), interval.n)
            for classifier, found in agreements.items()
            for (i, j), interval in found.pairs.items()
        ),
    )


def ordering_table(orderings: Mapping[str, Iterable[Ordering]]) -> Iterator[str]:
    """Return one row per classifier and reported order; differences are first minus second."""
    header = (
        "classifier", "reported_better", "reported_worse", "measure", "source", "difference", "low", "high",
        "n_images", "verdict",
    )  # fmt: skip
    return csv_lines(
        header,
        (
            (
                classifier,
                one.claim.first,
                one.claim.second,
                one.measure,
                f"{one.claim.table}, {one.claim.where}",
                *_interval(one.difference),
                one.difference.n,
                one.verdict,
            )
            for classifier, found in orderings.items()
            for one in found
        ),
    )


def cost_table(rows: Iterable[tuple[str, str, str, int, int]]) -> Iterator[str]:
    """Return one row per classifier, image and method: images passed forward and backward."""
    return csv_lines(("classifier", "image", "method", "forwards", "backwards"), rows)


def value_table(
    measure: str, methods: Sequence[str], rows: Iterable[tuple[str, str, str, Values]]
) -> Iterator[str]:
    """Return one row per classifier and image, one column per method; empty where there is no value.

    Args:
        measure: Registered name.
        methods: Columns.
        rows: Classifier, image, title of the image, and its values.
    """
    return csv_lines(
        ("classifier", "image", "title", *methods),
        (
            (classifier, image, title, *(values.get(method, {}).get(measure) for method in methods))
            for classifier, image, title, values in rows
        ),
    )


def published_csv(table: PublishedTable) -> Iterator[str]:
    """Return a published table, its source in the first columns of every row."""
    rows: list[tuple[Cell, ...]] = [
        (
            "as published, not comparable",
            table.source,
            table.dataset,
            table.classifier,
            row.title,
            row.method,
            *("" if value == "-" else value for value in row.values),
        )
        for row in table.rows
    ]
    return csv_lines(
        ("note", "source", "data_set", "classifier", "as_printed", "method", *table.columns), rows
    )


def _interval(interval: Interval) -> tuple[float | None, float | None, float | None]:
    return interval.value, interval.low, interval.high
