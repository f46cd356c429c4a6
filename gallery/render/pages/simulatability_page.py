"""The page on whether explanations predict the classifier."""

import inspect
from collections.abc import Mapping
from operator import attrgetter

from gallery.records import ClassifierCard
from gallery.render.figures.dots import DotGroup, Mark, dot_chart
from gallery.render.pages import contexts, wording
from gallery.render.pages.maths import document_html
from gallery.render.pages.output import Output
from gallery.render.pages.set_charts import (
    as_dot,
    interval_text,
    resampling,
    signed_ticks,
    write_tables,
)
from gallery.render.pages.set_parts import Chart, DataTable, PredictorResults
from gallery.render.pages.spill import View
from gallery.render.pages.summary import SetSummary
from gallery.survey import simulatability, tables
from gallery.survey.simulatability import KINDS, MSES, RANDOM, SAG, AccuracyTable, Kind, accuracy

_SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
_ANSWERERS = {SAG: "Attention graph (SAG)", MSES: "List of MSEs", RANDOM: "A guess"}
_KINDS: Mapping[Kind, str] = {
    "remove": "Which removal hurts more?",
    "keep": "Which, kept alone, leaves less?",
    "all": "All questions",
}
_COLUMNS: Mapping[Kind, str] = {"keep": "keep", "remove": "remove", "all": "all questions"}


def simulatability_page(found: SetSummary, output: Output) -> contexts.SimulatabilityPage:
    """Return the page on predicting the classifier, and write the tables behind it."""
    scored = [
        (card, accuracy(found.of(card).map(attrgetter("answers")), resampling(found)))
        for card in found.catalogue.classifiers
        if any(summary.answers.questions for summary in found.of(card))
    ]
    titles = {method.name: method.title for method in found.catalogue.methods} | _ANSWERERS
    files = {
        "accuracy": (tables.accuracy_table(table for _, table in scored), "the tables on this page"),
        "questions": (
            tables.question_table(View(found.summaries, attrgetter("answers"))),
            "every question: patches, probabilities, points",
        ),
    }
    text = "Heatmaps and attention graphs answer held-out questions about the classifier. Not a human study."
    title = "Do structured attention graphs help to predict the classifier?"
    return contexts.SimulatabilityPage(
        head=found.head("simulatability.html", "simulatability", title, text),
        root="",
        document=document_html(protocol()),
        results=tuple(_predictors(card, table, titles) for card, table in scored),
        several=len(scored) > 1,
        files=write_tables(output, files),
    )


def protocol() -> str:
    """Return the protocol of the benchmark as Markdown: its documentation without the title line."""
    return (inspect.getdoc(simulatability) or "").partition("\n")[2].strip()


def _predictors(card: ClassifierCard, table: AccuracyTable, titles: Mapping[str, str]) -> PredictorResults:
    questions = table.row(SAG, "all").n_questions
    facts = f"{wording.count(questions, 'question')} about {wording.count(table.n_images, 'image')}"
    if table.n_without_graph:
        facts += f", {table.n_without_graph} of them without an attention graph"
    charts = [_accuracies(card, table, titles)]
    if any(name not in (SAG, RANDOM) for name in table.answerers):
        charts.append(_leads(card, table, titles))
    return PredictorResults(
        anchor=f"on-{card.slug}",
        title=card.title,
        facts=facts,
        table=_table(table, titles),
        charts=tuple(charts),
    )


def _table(table: AccuracyTable, titles: Mapping[str, str]) -> DataTable:
    order = [SAG, *(name for name in table.answerers if name != SAG)]
    rows = tuple(
        (
            titles[name],
            *(interval_text(table.row(name, kind).accuracy) for kind in KINDS),
            str(table.row(name, "all").n_questions),
            str(table.row(name, "all").n_undecided),
        )
        for name in order
    )
    header = ("Answered from", *(_COLUMNS[kind] for kind in KINDS), "questions", "without an answer")
    return DataTable("Share of right answers, with 95 % intervals over images", header, rows)


def _accuracies(card: ClassifierCard, table: AccuracyTable, titles: Mapping[str, str]) -> Chart:
    order = [SAG, *(name for name in table.answerers if name not in (SAG, RANDOM))]
    groups = [
        DotGroup(
            text,
            tuple(as_dot(titles[name], table.row(name, kind).accuracy, i) for i, name in enumerate(order)),
        )
        for kind, text in _KINDS.items()
    ]
    return Chart(
        title="Accuracy",
        text=(
            "Share of right answers; lines are 95 % intervals over images. A guess is right half of the time."
        ),
        svg=dot_chart(
            groups,
            prefix=f"accuracy-{card.slug}-",
            title=f"Accuracy with {card.title}",
            x_label="accuracy",
            ticks=_SHARES,
            mark=Mark(0.5, "a guess"),
        ),
        table=None,
    )


def _leads(card: ClassifierCard, table: AccuracyTable, titles: Mapping[str, str]) -> Chart:
    names = [name for name in table.answerers if name not in (SAG, RANDOM)]
    leads = {(name, kind): table.row(name, kind).sag_lead for name in names for kind in KINDS}
    known = {key: lead for key, lead in leads.items() if lead is not None}
    dots = [
        as_dot(titles[name], known[name, "all"], i + 1, signed=True)
        for i, name in enumerate(names)
        if (name, "all") in known
    ]
    ends = [abs(end) for dot in dots for end in (dot.value, dot.low, dot.high) if end is not None]
    rows = tuple(
        (
            titles[name],
            *(interval_text(known[name, kind], signed=True) for kind in KINDS if (name, kind) in known),
        )
        for name in names
    )
    return Chart(
        title="Lead of the attention graph",
        text=(
            "Accuracy of the attention graph minus that of each other, over the same questions. Right of the "
            "dashed line the graph is ahead; where a line crosses it, neither is better on this evidence."
        ),
        svg=dot_chart(
            [DotGroup("Attention graph minus …", tuple(dots))],
            prefix=f"leads-{card.slug}-",
            title=f"Lead of the attention graph with {card.title}",
            x_label="difference in accuracy, all questions",
            ticks=signed_ticks(max(ends, default=0.0)),
            mark=Mark(0.0, "no difference"),
        ),
        table=DataTable(
            "Attention graph minus each other, with 95 % intervals",
            ("Other", *(_COLUMNS[kind] for kind in KINDS)),
            rows,
        ),
    )
