"""The page that compares the heatmap methods over the set."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from operator import attrgetter
from statistics import fmean

from gallery.records import ClassifierCard
from gallery.render.figures.matrix import triangle
from gallery.render.pages import contexts, wording
from gallery.render.pages.digits import digits_for
from gallery.render.pages.exports import csv_link, data_tex, metric_tex, write_csv
from gallery.render.pages.families import families
from gallery.render.pages.generative.pages import generative_links
from gallery.render.pages.metrics import interval_cell, means_table
from gallery.render.pages.output import Output
from gallery.render.pages.parts import Link, MeasureColumn, MetricCell, MetricRow, MetricTable
from gallery.render.pages.paths import method_path
from gallery.render.pages.published_view import published_views
from gallery.render.pages.rankings import rank_figure
from gallery.render.pages.set_charts import NONE, interval_text
from gallery.render.pages.set_parts import Chart, DataTable, FamilyResults, MethodResults
from gallery.render.pages.summary import SetSummary
from gallery.survey import comparison_tables as tables
from gallery.survey.agreement import Agreement
from gallery.survey.comparison import FEWEST, Comparison
from gallery.survey.orderings import Ordering, check_order
from gallery.survey.published import TABLES, claims_within, table_of

_PX_PER_PT = 1.4
"""Scale at which the numbers in the cells of a triangle are easy to read."""
_MARK = "bold: the best mean or not significantly worse (paired randomisation test, Holm, level 0.05)"


def results_page(found: SetSummary, output: Output) -> contexts.ResultsPage:
    """Return the comparison of methods over the set, and write the tables behind it."""
    cards = [card for card in found.catalogue.classifiers if found.of(card)]
    orderings = {card.slug: _orderings(found, card) for card in cards}
    files = (
        _note(
            write_csv(output, "measures", tables.score_table(found.comparisons)), "means, intervals, tests"
        ),
        _note(
            write_csv(output, "ranks", tables.ranking_table(found.comparisons)), "Friedman and Nemenyi tests"
        ),
        _note(
            write_csv(output, "agreement", tables.agreement_table(found.agreements)), "every pair of methods"
        ),
        _note(write_csv(output, "orders", tables.ordering_table(orderings)), "published orders"),
        _note(write_csv(output, "cost", _costs(found, cards)), "passes of every map"),
    )
    text = "Every heatmap method against every measure over the set: means, tests, ranks and agreement."
    return contexts.ResultsPage(
        head=found.head("results.html", "results", "Results over the set", text),
        root="",
        results=tuple(_results(found, card, orderings[card.slug], output) for card in cards),
        several=len(cards) > 1,
        explanations=tuple(_explanations(found, card) for card in found.catalogue.classifiers),
        published=published_views(TABLES, found, output),
        files=files,
        generative=tuple(generative_links(found.generative)),
    )


def _note(link: Link, note: str) -> Link:
    return Link(link.path, link.path.rpartition("/")[2], note)


def _results(
    found: SetSummary, card: ClassifierCard, orderings: Sequence[Ordering], output: Output
) -> MethodResults:
    comparisons = found.comparisons[card.slug]
    parts = []
    for family in families(found.catalogue.measures):
        table = means_table(_methods(found, card), family, comparisons, found.reasons[card.slug])
        files: tuple[Link, ...] = ()
        if table.columns:
            name = f"measures-{card.slug}-{family.slug}"
            caption = f"{table.title}, {card.title}: {table.caption.lower()}; {_MARK}"
            files = csv_link("measures"), metric_tex(found, output, name, caption, table)
        figures = (
            rank_figure(card, measure, comparisons[measure.name], found.titles)
            for measure in family.measures
            if measure.name in comparisons
        )
        table = replace(table, anchor=f"{family.slug}-{card.slug}", files=files)
        parts.append(FamilyResults(table, tuple(figure for figure in figures if figure)))
    orders = _order_table(found, orderings) if orderings else None
    return MethodResults(
        anchor=f"on-{card.slug}",
        title=card.title,
        facts=_facts(found, card, comparisons),
        families=tuple(parts),
        cost=_cost_table(found, card, output),
        agreement=_agreement(found, card, output),
        orderings=orders,
        orderings_files=(csv_link("orders"), data_tex(found, output, f"orders-{card.slug}", orders))
        if orders
        else (),
    )


def _methods(found: SetSummary, card: ClassifierCard) -> list[tuple[Link, str]]:
    """Return link and name of the methods with a map of any image."""
    used = found.used[card.slug]
    return [(Link(method_path(m.name), m.title), m.name) for m in found.catalogue.methods if m.name in used]


def _facts(found: SetSummary, card: ClassifierCard, comparisons: Mapping[str, Comparison]) -> str:
    n = len(found.of(card))
    text = f"{wording.count(n, 'image')} and {wording.count(len(_methods(found, card)), 'method')}."
    needed = max((one.needed for one in comparisons.values()), default=0)
    if needed:
        text += (
            f" Where fewer than {needed} images have values, the test cannot tell so many methods apart, and "
            "no method is marked as best."
        )
    if any(one.ranking is None for one in comparisons.values()):
        text += f" Measures with values on fewer than {FEWEST} images are not ranked."
    return text


def _cost_table(found: SetSummary, card: ClassifierCard, output: Output) -> MetricTable:
    sums: dict[str, list[int]] = {}
    for summary in found.of(card):
        for name, passes in summary.costs.items():
            sums[name] = [a + b for a, b in zip(sums.get(name, (0, 0, 0)), (*passes, 1), strict=True)]
    rows = []
    for link, name in _methods(found, card):
        *totals, n = sums[name]
        rows.append(MetricRow(link, tuple(MetricCell(_count_text(total / n)) for total in totals)))
    table = MetricTable(
        caption="Images passed through the classifier for one heatmap, means over images",
        columns=(
            MeasureColumn(Link("", "Forward passes"), "", "lower"),
            MeasureColumn(Link("", "Backward passes"), "", "lower"),
        ),
        rows=tuple(rows),
        title="Cost",
        anchor=f"cost-{card.slug}",
    )
    tex = metric_tex(found, output, f"cost-{card.slug}", f"{table.caption}, {card.title}", table)
    return replace(table, files=(csv_link("cost"), tex))


def _count_text(mean: float) -> str:
    text = f"{mean:,.0f}" if mean == round(mean) else f"{mean:,.1f}"
    return text.replace(",", "\N{NARROW NO-BREAK SPACE}")


def _costs(found: SetSummary, cards: Sequence[ClassifierCard]) -> Iterator[str]:
    return tables.cost_table(
        (card.slug, summary.card.image_id, method, *passes)
        for card in cards
        for summary in found.of(card)
        for method, passes in summary.costs.items()
    )


def _agreement(found: SetSummary, card: ClassifierCard, output: Output) -> Chart | None:
    names = {name for _, name in _methods(found, card)}
    whole = found.agreements[card.slug]
    kept = [i for i, name in enumerate(whole.methods) if name in names]
    if len(kept) < 2:
        return None
    titles = [found.titles[whole.methods[i]] for i in kept]
    values = {(a, b): whole.of(i, j).value for b, j in enumerate(kept) for a, i in enumerate(kept) if a < b}
    title = f"Rank correlation of heatmaps with {card.title}"
    svg, width = triangle(titles, values, prefix=f"agreement-{card.slug}-", title=title)
    text = f"Mean over all pairs and {wording.count(whole.n_images, 'image')}: {interval_text(whole.mean)}."
    constant = [
        f"{whole.n_constant[i]} of {found.titles[whole.methods[i]]}" for i in kept if whole.n_constant[i]
    ]
    if constant:
        text += f" Constant maps have no order and are left out: {', '.join(constant)}."
    return Chart(
        title="Rank correlation between the maps of two methods",
        text=text,
        svg=svg,
        table=_neighbours(whole, kept, titles),
        width=round(width * _PX_PER_PT),
        files=(
            csv_link("agreement"),
            data_tex(found, output, f"agreement-{card.slug}", _triangle_table(title, values, titles)),
        ),
    )


def _neighbours(whole: Agreement, kept: Sequence[int], titles: Sequence[str]) -> DataTable:
    """Return for every method its mean correlation with the others, and which are most and least alike."""
    rows: list[tuple[str, ...]] = []
    for a, i in enumerate(kept):
        others = {
            titles[b]: value
            for b, j in enumerate(kept)
            if b != a and (value := whole.of(i, j).value) is not None
        }
        if not others:
            rows.append((titles[a], NONE, NONE, NONE))
            continue
        near, far = (pick(others, key=lambda name: others[name]) for pick in (max, min))
        ends = (f"{name} ({_signed(others[name])})" for name in (near, far))
        rows.append((titles[a], _signed(fmean(others.values())), *ends))
    return DataTable(
        "Each method and the others",
        ("Method", "Mean with the others", "Most alike", "Least alike"),
        tuple(rows),
    )


def _signed(value: float) -> str:
    return f"{round(value, 2) + 0.0:.2f}".replace("-", "\N{MINUS SIGN}")


def _triangle_table(
    title: str, values: Mapping[tuple[int, int], float | None], titles: Sequence[str]
) -> DataTable:
    """Return the pairs as a table whose columns are the numbers of the rows."""
    rows = []
    for b, name in enumerate(titles):
        pairs = [values[a, b] for a in range(b)]
        numbers = [NONE if value is None else _signed(value) for value in pairs]
        rows.append((f"{b + 1} {name}", *numbers, *[""] * (len(titles) - b)))
    header = ("", *(str(a + 1) for a in range(len(titles))))
    return DataTable(f"{title}, means over images", header, tuple(rows))


def _orderings(found: SetSummary, card: ClassifierCard) -> list[Ordering]:
    measures = {measure.name: measure for measure in found.catalogue.measures}
    images = found.of(card).map(attrgetter("values"))
    comparisons = found.comparisons[card.slug]
    return [
        check_order(images, claim, name, measures[name].better, found.resampling)
        for claim, name in claims_within([name for _, name in _methods(found, card)], list(measures))
        if name in comparisons
    ]


def _order_table(found: SetSummary, orderings: Sequence[Ordering]) -> DataTable:
    measures = {measure.name: measure for measure in found.catalogue.measures}
    rows = []
    for one in orderings:
        interval = one.difference
        digits = digits_for((interval.value, interval.low, interval.high))
        cell = interval_cell(interval, digits, signed=True)
        claim, measure = one.claim, measures[one.measure]
        rows.append(
            (
                f"{found.titles[claim.first]} better than {found.titles[claim.second]}",
                f"{table_of(claim).title}, {claim.where}",
                f"{measure.title}, {measure.better} is better",
                " ".join(filter(None, (cell.text, cell.spread and f"({cell.spread})", digits.unit))),
                str(one.difference.n),
                one.verdict,
            )
        )
    return DataTable(
        "Mean difference, first minus second, over the same images, with 95 % intervals",
        ("Reported", "Where", "Looked for with", "Difference", "Images", "Here"),
        tuple(rows),
    )


def _explanations(found: SetSummary, card: ClassifierCard) -> tuple[str, str, str, str]:
    chosen = found.of(card)
    sizes = [s.facts.smallest for s in chosen if s.facts.smallest is not None]
    return (
        card.title,
        f"{len(sizes)} of {len(chosen)}",
        f"{fmean(len(s.facts.mses) for s in chosen):.1f}" if chosen else NONE,
        f"{fmean(sizes):.1f}" if sizes else NONE,
    )
