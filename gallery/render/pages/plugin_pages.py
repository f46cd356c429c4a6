"""The pages of single heatmap methods, searches and measures."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from gallery.records import MeasureCard, MethodCard
from gallery.render.pages import contexts, wording
from gallery.render.pages.digits import Digits, digits_for
from gallery.render.pages.excerpt import MOST, rest_of
from gallery.render.pages.exports import csv_link, metric_tex, write_csv
from gallery.render.pages.image_page import colour_filters
from gallery.render.pages.maths import document_html
from gallery.render.pages.metrics import Notes, Reasons, best_of, known, mean_cell, value_cell
from gallery.render.pages.output import Output
from gallery.render.pages.parts import Card, Link, MeasureColumn, MetricCell, MetricRow, MetricTable, Term
from gallery.render.pages.paths import classifier_path, measure_path, method_path, search_path
from gallery.render.pages.published_view import published_views
from gallery.render.pages.rankings import best_text, images_text, rank_figure, score_table
from gallery.render.pages.sections import option_value
from gallery.render.pages.set_charts import NONE
from gallery.render.pages.set_parts import MeasureResults
from gallery.render.pages.summary import SetSummary, Summary
from gallery.survey.comparison import Comparison
from gallery.survey.comparison_tables import value_table
from gallery.survey.published import tables_about

TILE_VALUES = 3
"""Numbers on a tile of a method's page."""


def method_page(found: SetSummary, card: MethodCard, output: Output) -> contexts.MethodPage:
    """Return the page of one heatmap method."""
    shown = [index for index, summary in enumerate(found.summaries) if card.name in summary.card.heats]
    tiles = [_tile(found, found.summaries[index], card) for index in shown[:MOST]]
    everywhere = Link(f"index.html#method={card.name}", "Its maps of all images")
    text = f"{card.title} on every image of the set, with its idea, formula and numbers."
    return contexts.MethodPage(
        head=found.head(method_path(card.name), card.name, card.title, text, hide=("toc",)),
        root="../",
        title=card.title,
        reference=card.reference,
        document=document_html(card.doc),
        options=tuple(Term(name, option_value(card.defaults[name])) for name in sorted(card.defaults)),
        means=_means(found, card, output),
        published=published_views(tables_about(method=card.name), found, output),
        cards=tuple(tiles),
        rest=rest_of(len(shown), everywhere),
        filters=colour_filters(),
    )


def _tile(found: SetSummary, summary: Summary, card: MethodCard) -> Card:
    """Return the tile of one result with the method's map and its first numbers."""
    return replace(
        summary.card,
        link=f"{summary.card.link.partition('#')[0]}#{_prefix(summary)}fig-{card.name}",
        second="",
        heat=summary.card.heats[card.name],
        values=_tile_values(found, summary, card),
    )


def _tile_values(found: SetSummary, summary: Summary, card: MethodCard) -> tuple[Term, ...]:
    """Return the first numbers of one image; all of them would hide the pictures."""
    taken = summary.values.get(card.name, {})
    values = [(measure, known(taken.get(measure.name))) for measure in found.catalogue.measures]
    return tuple(
        Term(measure.title, digits_for([value], whole=True).text(value))
        for measure, value in values
        if value is not None
    )[:TILE_VALUES]


def _means(found: SetSummary, card: MethodCard, output: Output) -> MetricTable:
    """Return the means of one method: measures against classifiers, each with the average rank."""
    cards = [one for one in found.catalogue.classifiers if found.of(one)]
    notes = Notes()
    rows = []
    for measure in found.catalogue.measures:
        compared = [found.comparisons[one.slug].get(measure.name) for one in cards]
        reasons = [found.reasons[one.slug].get((card.name, measure.name)) for one in cards]
        scores = [one.scores.get(card.name) if one else None for one in compared]
        if not any(scores) and not any(one and why for one, why in zip(compared, reasons, strict=True)):
            continue
        digits = digits_for(score.mean.value for score in scores if score)
        cells = [
            cell
            for classifier, one in zip(cards, compared, strict=True)
            for cell in _mean_and_rank(one, card, digits, notes, found.reasons[classifier.slug])
        ]
        about = ", ".join(filter(None, (f"{measure.better} is better", measure.unit, digits.unit)))
        rows.append(MetricRow(Link(measure_path(measure.name), measure.title, about), tuple(cells)))
    columns = [
        column
        for one in cards
        for column in (
            MeasureColumn(Link(classifier_path(one.slug), one.title), unit="mean, 95 % interval"),
            MeasureColumn(Link("", "Average rank"), unit="1 is best"),
        )
    ]
    table = MetricTable("Means over images", tuple(columns), tuple(rows), notes=notes.listed)
    caption = f"{card.title}: means over images with 95 % intervals and average ranks among the methods"
    tex = metric_tex(found, output, f"method-{card.name}", caption, table)
    return replace(table, files=(csv_link("measures"), tex) if rows else ())


def _mean_and_rank(
    found: Comparison | None, card: MethodCard, digits: Digits, notes: Notes, reasons: Reasons
) -> tuple[MetricCell, MetricCell]:
    if found is None:
        return MetricCell(NONE), MetricCell(NONE)
    score, n = found.scores.get(card.name), len(found.ranked)
    rank = NONE if score is None or score.rank is None else f"{score.rank:.1f} of {n}"
    return mean_cell(found, card.name, digits, notes, reasons), MetricCell(rank)


def search_page(found: SetSummary, card: MethodCard) -> contexts.SearchPage:
    """Return the page of the search for minimal sufficient explanations."""
    text = f"{card.title}: how minimal sufficient explanations are found."
    return contexts.SearchPage(
        head=found.head(search_path(card.name), card.name, card.title, text, hide=("toc",)),
        root="../",
        title=card.title,
        reference=card.reference,
        document=document_html(card.doc),
        options=tuple(Term(name, option_value(card.defaults[name])) for name in sorted(card.defaults)),
        rows=tuple(
            (
                Link(summary.card.link, summary.card.title),
                summary.card.classifier_title,
                len(summary.facts.mses),
                "–" if summary.facts.smallest is None else str(summary.facts.smallest),  # noqa: RUF001
                wording.probability(summary.facts.p_full),
                wording.probability(summary.facts.threshold),
            )
            for summary in found.summaries[:MOST]
        ),
        rest=rest_of(len(found.summaries), Link("results/images.csv", "All as CSV")),
    )


def measure_page(found: SetSummary, card: MeasureCard, output: Output) -> contexts.MeasurePage:
    """Return the page of one measure."""
    several = len(found.catalogue.classifiers) > 1
    used = {name for s in found.summaries for name, taken in s.values.items() if card.name in taken}
    methods = [method for method in found.catalogue.methods if method.name in used]
    shown = found.summaries[:MOST]
    table = [[known(s.values.get(m.name, {}).get(card.name)) for m in methods] for s in shown]
    digits, notes, rows = digits_for((value for row in table for value in row), whole=True), Notes(), []
    for summary, values in zip(shown, table, strict=True):
        marked = best_of(values, card, digits)
        reasons = [summary.notes.get(method.name, {}).get(card.name, "") for method in methods]
        cells = (
            value_cell(value, reason, digits, notes, is_best=is_best)
            for value, reason, is_best in zip(values, reasons, marked, strict=True)
        )
        note = summary.card.classifier_title if several else ""
        rows.append(MetricRow(Link(_measures_of(summary), summary.card.title, note), tuple(cells)))
    text = f"{card.title}: definition, protocol and every value of the set."
    return contexts.MeasurePage(
        head=found.head(measure_path(card.name), card.name, card.title, text, hide=("toc",)),
        root="../",
        title=card.title,
        reference=card.reference,
        document=document_html(card.doc),
        unit=card.unit,
        better=card.better,
        results=tuple(_measure_results(found, card, output)),
        several=several,
        methods=tuple(Link(method_path(m.name), m.title) for m in methods),
        scale=digits.unit,
        rows=tuple(rows),
        rest=rest_of(len(found.summaries), Link(f"results/values-{card.name}.csv", "All as CSV")),
        notes=notes.listed,
        files=_value_files(found, card, methods, (rows, digits.unit), output),
        published=published_views(tables_about(measure=card.name), found, output),
    )


def _measure_results(found: SetSummary, card: MeasureCard, output: Output) -> Iterable[MeasureResults]:
    """Yield what a measure says of the methods, one classifier after the other."""
    for classifier in found.catalogue.classifiers:
        compared = found.comparisons[classifier.slug].get(card.name)
        if compared is None:
            continue
        table = score_table(card, compared, found.titles, found.reasons[classifier.slug])
        name = f"measure-{classifier.slug}-{card.name}"
        tex = metric_tex(found, output, name, f"{table.caption}, {classifier.title}", table)
        chart = rank_figure(classifier, card, compared, found.titles)
        yield MeasureResults(
            anchor=f"on-{classifier.slug}",
            title=classifier.title,
            text=f"{images_text(compared)}. {best_text(compared, found.titles)}",
            table=replace(table, files=(csv_link("measures"), tex)),
            chart=replace(chart, title="Average ranks", link="") if chart else None,
        )


def _value_files(
    found: SetSummary,
    card: MeasureCard,
    methods: Sequence[MethodCard],
    printed: tuple[Sequence[MetricRow], str],
    output: Output,
) -> tuple[Link, ...]:
    """Write every value of a measure for download; ``printed`` are rows and the power of ten they are in."""
    if not methods:
        return ()
    rows, scale = printed
    values = ((s.card.classifier, s.card.image_id, s.card.title, s.values) for s in found.summaries)
    name = f"values-{card.name}"
    lines = value_table(card.name, [method.name for method in methods], values)
    about = ", ".join(filter(None, (card.title, f"{card.better} is better", card.unit, scale)))
    first = f"; first {len(rows)} of {len(found.summaries)} rows" if len(rows) < len(found.summaries) else ""
    table = MetricTable(
        f"{about}; the best of each row is set in bold{first}",
        tuple(MeasureColumn(Link("", method.title)) for method in methods),
        tuple(rows),
    )
    return write_csv(output, name, lines), metric_tex(found, output, name, table.caption, table)


def _measures_of(summary: Summary) -> str:
    """Return the address of the measures on the page of a result."""
    return f"{summary.card.link.partition('#')[0]}#{_prefix(summary)}measures"


def _prefix(summary: Summary) -> str:
    """Return what stands before the anchors of this result's classifier."""
    return f"{fragment}-" if (fragment := summary.card.link.partition("#")[2]) else ""
