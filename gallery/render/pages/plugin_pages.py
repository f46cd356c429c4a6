"""The pages of single heatmap methods, searches, measures and classifiers."""

from collections.abc import Iterable
from dataclasses import replace

from gallery.records import ClassifierCard, MeasureCard, MethodCard
from gallery.render.pages import contexts, wording
from gallery.render.pages.image_page import colour_filters
from gallery.render.pages.maths import document_html
from gallery.render.pages.parts import Link, MetricRow, Term
from gallery.render.pages.sections import (
    classifier_path,
    measure_columns,
    measure_path,
    method_path,
    metric_rows,
    option_value,
    search_path,
)
from gallery.render.pages.summary import SetSummary, Summary


def method_page(found: SetSummary, card: MethodCard) -> contexts.MethodPage:
    """Return the page of one heatmap method."""
    tiles = [
        replace(
            summary.card,
            link=f"{summary.card.link.partition('#')[0]}#{_prefix(summary)}fig-{card.name}",
            second="",
            heat=summary.card.heats[card.name],
            values=tuple(
                Term(m.title, wording.measure(summary.values[card.name][m.name]))
                for m in found.catalogue.measures
                if m.name in summary.values.get(card.name, {})
            ),
        )
        for summary in found.summaries
        if card.name in summary.card.heats
    ]
    rows = metric_rows(
        [
            (Link(classifier_path(c.slug), c.title), found.means(found.of(c), card))
            for c in found.catalogue.classifiers
        ],
        found.catalogue.measures,
    )
    text = f"{card.title} on every image of the set, with its idea, formula and numbers."
    return contexts.MethodPage(
        head=found.head(method_path(card.name), card.name, card.title, text, hide=("toc",)),
        root="../",
        title=card.title,
        reference=card.reference,
        document=document_html(card.doc),
        options=tuple(Term(name, option_value(card.defaults[name])) for name in sorted(card.defaults)),
        columns=measure_columns(found.catalogue.measures),
        rows=tuple(MetricRow(row.link, tuple((text, False) for text, _ in row.cells)) for row in rows),
        cards=tuple(tiles),
        filters=colour_filters(),
    )


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
            for summary in found.summaries
        ),
    )


def measure_page(found: SetSummary, card: MeasureCard) -> contexts.MeasurePage:
    """Return the page of one measure."""
    several = len(found.catalogue.classifiers) > 1
    rows = []
    for summary in found.summaries:
        # The best method of each row: one measure over methods is one column of the transposed table.
        values = [summary.values.get(m.name, {}) for m in found.catalogue.methods]
        ranked = metric_rows([(Link("", ""), taken) for taken in values], [card])
        note = summary.card.classifier_title if several else ""
        rows.append(
            MetricRow(
                Link(summary.card.link, summary.card.title, note), tuple(row.cells[0] for row in ranked)
            )
        )
    text = f"{card.title}: definition, protocol and every value of the set."
    return contexts.MeasurePage(
        head=found.head(measure_path(card.name), card.name, card.title, text, hide=("toc",)),
        root="../",
        title=card.title,
        reference=card.reference,
        document=document_html(card.doc),
        unit=card.unit,
        better=card.better,
        methods=tuple(Link(method_path(m.name), m.title) for m in found.catalogue.methods),
        rows=tuple(rows),
    )


def classifier_page(found: SetSummary, card: ClassifierCard) -> contexts.ClassifierPage:
    """Return the page of one classifier."""
    chosen = found.of(card)
    labelled = [summary for summary in chosen if summary.card.is_right is not None]
    right = sum(summary.card.is_right is True for summary in labelled)
    prep = card.preprocessing
    resize = f"shorter side to {prep.resize}, centre crop" if prep.resize else "stretched to the input size"
    facts = {
        "Name": card.id,
        "Architecture": card.architecture,
        "Parameters": f"{card.n_parameters:,}".replace(",", "\N{NARROW NO-BREAK SPACE}"),
        "Classes": str(len(card.class_names)),
        "Input": f"{prep.size[0]} × {prep.size[1]}; {resize}, {prep.interpolation}",  # noqa: RUF001
        "Normalisation": f"mean {_numbers(prep.mean)}; standard deviation {_numbers(prep.std)}",
        "Layer of the CAM methods": card.cam_layer,
        "Licence of the weights": card.licence,
        "Paper": card.paper,
        "SHA-256": card.digest,
    }
    text = f"{card.title}: facts, weights and what it says about every image."
    return contexts.ClassifierPage(
        head=found.head(classifier_path(card.slug), card.slug, card.title, text, hide=("toc",)),
        root="../",
        title=card.title,
        facts=tuple(Term(name, value) for name, value in facts.items() if value),
        url=card.url,
        accuracy=f"{right} of {wording.count(len(labelled), 'labelled image')}" if labelled else "",
        cards=tuple(replace(summary.card, classifier_title="") for summary in chosen),
        filters=colour_filters(),
    )


def _prefix(summary: Summary) -> str:
    """Return what stands before the anchors of this result's classifier."""
    return f"{fragment}-" if (fragment := summary.card.link.partition("#")[2]) else ""


def _numbers(values: Iterable[float]) -> str:
    return ", ".join(f"{value:.3f}" for value in values)
