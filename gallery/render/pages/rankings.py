"""What one measure says of all methods: a sentence, a table, and the critical difference diagram."""

from collections.abc import Mapping
from string import ascii_letters

from gallery.records import ClassifierCard, MeasureCard
from gallery.render.figures.ranks import RankRow, rank_chart
from gallery.render.pages import wording
from gallery.render.pages.digits import Digits
from gallery.render.pages.metrics import Notes, Reasons, digits_of, mean_cell, measure_column
from gallery.render.pages.parts import Link, MeasureColumn, MetricCell, MetricRow, MetricTable
from gallery.render.pages.paths import measure_path, method_path
from gallery.render.pages.set_charts import NONE
from gallery.render.pages.set_parts import Chart
from gallery.survey.comparison import Comparison
from gallery.survey.paired import ALPHA

_RANKS = Digits(2)


def p_text(p: float) -> str:
    """Return a p-value: "p = 0.012", "p < 0.001"."""
    return "p < 0.001" if p < 0.0005 else f"p = {p:.3f}"


def best_text(found: Comparison, titles: Mapping[str, str]) -> str:
    """Return in a sentence which methods are best, or that the test cannot tell."""
    n_compared = sum(score.is_compared for score in found.scores.values())
    if n_compared < 2:
        return "Nothing is compared: no two methods have values on the same images."
    if found.needed:
        return (
            f"{wording.count(found.n_images, 'image')}: too few to tell {n_compared} methods apart (at least "
            f"{found.needed} are needed), so none is marked as best."
        )
    best = [titles[name] for name in found.best]
    if len(best) == 1:
        return f"{best[0]} is significantly better than every other method."
    if len(best) == n_compared:
        return "No method is significantly worse than the best."
    return f"The best, or not significantly worse than it: {', '.join(best)}."


def images_text(found: Comparison) -> str:
    """Return over which images the methods are compared."""
    n, of = found.n_images, found.n_measured
    images = wording.count(n, "image")
    return f"{images} with a value of every compared method" + (f", of {of} measured" if of > n else "")


def rank_text(found: Comparison) -> str:
    """Return what Friedman's test says, in a sentence; "" if nothing is ranked."""
    ranking = found.ranking
    if ranking is None:
        return ""
    if ranking.p > ALPHA:
        return f"Friedman’s test sees no difference ({p_text(ranking.p)}), so all methods form one group."  # noqa: RUF001
    return f"Friedman’s test: {p_text(ranking.p)}."  # noqa: RUF001


def rank_figure(
    classifier: ClassifierCard, card: MeasureCard, found: Comparison, titles: Mapping[str, str]
) -> Chart | None:
    """Return the critical difference diagram of one measure; None if nothing is ranked."""
    ranking = found.ranking
    if ranking is None:
        return None
    order = sorted(range(len(found.ranked)), key=lambda i: ranking.ranks[i])
    place = {index: row for row, index in enumerate(order)}
    svg = rank_chart(
        [RankRow(titles[found.ranked[i]], ranking.ranks[i]) for i in order],
        [[place[i] for i in group] for group in ranking.groups],
        ranking.critical,
        prefix=f"ranks-{classifier.slug}-{card.name}-",
        title=f"{card.title}: average ranks with {classifier.title}",
    )
    return Chart(
        title=card.title,
        text=f"{images_text(found)}. {rank_text(found)}",
        svg=svg,
        table=None,
        link=measure_path(card.name),
    )


def group_letters(found: Comparison) -> dict[str, str]:
    """Return the letters of the groups every method is in; methods that share one are not told apart."""
    letters: dict[str, str] = {}
    for i, group in enumerate(found.groups):
        for name in group:
            letters[name] = letters.get(name, "") + ascii_letters[i]
    return letters


def score_table(
    card: MeasureCard, found: Comparison, titles: Mapping[str, str], reasons: Reasons
) -> MetricTable:
    """Return mean, average rank, group and p-value of every method by one measure."""
    digits, notes, letters = digits_of(found), Notes(), group_letters(found)
    rows = []
    for name in titles:
        score = found.scores.get(name)
        if score is None:
            continue
        rank = NONE if score.rank is None else _RANKS.text(score.rank)
        p = NONE if score.p is None else p_text(score.p).removeprefix("p = ").removeprefix("p ")
        cells = (
            mean_cell(found, name, digits, notes, reasons),
            MetricCell(rank),
            MetricCell(letters.get(name, NONE)),
            MetricCell(p),
        )
        rows.append(MetricRow(Link(method_path(name), titles[name]), cells))
    own = measure_column(card, digits)
    return MetricTable(
        caption=f"{card.title}: means with 95 % intervals over images, average ranks and tests",
        columns=(
            MeasureColumn(Link("", "Mean"), own.arrow, own.better, own.unit, own.scale),
            MeasureColumn(Link("", "Average rank"), "", "lower", "1 is best"),
            MeasureColumn(Link("", "Group"), unit="same letter: ranks not told apart"),
            MeasureColumn(Link("", "p"), unit="mean against the best mean"),
        ),
        rows=tuple(rows),
        notes=notes.listed,
        left_out="; ".join(
            f"{title} ({reasons[name, card.name]})"
            for name, title in titles.items()
            if name not in found.scores and (name, card.name) in reasons
        ),
    )
