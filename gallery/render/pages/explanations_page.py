"""The page on how many explanations an image has."""

from collections.abc import Sequence
from operator import attrgetter

from gallery.render.figures.bars import Bars, bar_panels
from gallery.render.figures.dots import DotGroup, dot_chart
from gallery.render.figures.steps import Steps, step_chart
from gallery.render.pages import contexts, wording
from gallery.render.pages.output import Output
from gallery.render.pages.set_charts import (
    NONE,
    as_dot,
    interval_text,
    resampling,
    round_ticks,
    write_tables,
)
from gallery.render.pages.set_parts import Chart, DataTable
from gallery.render.pages.spill import View
from gallery.render.pages.summary import SetSummary
from gallery.survey import tables
from gallery.survey.bootstrap import Interval
from gallery.survey.explanations import (
    Distribution,
    ExplanationSurvey,
    largest_size,
    survey,
)

Surveys = Sequence[tuple[str, ExplanationSurvey]]
"""Title of the classifier, and its statistics."""


def explanations_page(found: SetSummary, output: Output) -> contexts.ExplanationsPage:
    """Return the page on the number of explanations, and write the tables behind it."""
    facts = View(found.summaries, attrgetter("facts"))
    largest = largest_size(facts)
    surveys = [
        (
            card.title,
            survey(found.of(card).map(attrgetter("facts")), up_to=largest, resampling=resampling(found)),
        )
        for card in found.catalogue.classifiers
        if found.of(card)
    ]
    only = [one for _, one in surveys]
    files = {
        "explanations": (tables.mse_table(facts), "every explanation: patches, probability, minimality"),
        "images": (
            tables.image_table(facts),
            "every image: number, smallest, diverse selections, certificate",
        ),
        "shares": (tables.share_table(only), "the curve: share explained by at most n patches"),
        "counts": (tables.distribution_table(only), "the bars: how often each number occurs"),
        "means": (tables.mean_table(only), "the dots: means with intervals"),
    }
    text = "The share of images explained by few patches, the sizes of explanations, and how many differ."
    return contexts.ExplanationsPage(
        head=found.head(
            "explanations.html", "explanations", "How many explanations does an image have?", text
        ),
        root="",
        p_high=f"{found.settings.search.p_high:g}",
        overview=_overview(surveys),
        exactness=tuple(_exactness(title, one) for title, one in surveys),
        charts=(_shares(surveys), _sizes(surveys), _numbers(surveys)) if surveys else (),
        files=write_tables(output, files),
    )


def _overview(surveys: Surveys) -> DataTable:
    header = (
        "Classifier", "Images", "With an explanation", "Explanations per image", "Patches per explanation",
        "Patches in the smallest",
    )  # fmt: skip
    rows = tuple(
        (
            title,
            str(one.n_images),
            interval_text(one.explained),
            interval_text(one.n_mses.mean, digits=1),
            interval_text(one.sizes.mean, digits=1),
            interval_text(one.smallest.mean, digits=1),
        )
        for title, one in surveys
    )
    return DataTable("Means over images, with 95 % intervals", header, rows)


def _exactness(title: str, one: ExplanationSurvey) -> str:
    exact = max((point.n_patches for point in one.curve if point.is_exact), default=0)
    stopped = (
        f"; the search of {wording.count(one.n_stopped, 'image')} says that it stopped early or found nothing"
        if one.n_stopped
        else ""
    )
    if exact and all(point.is_exact for point in one.curve if point.n_patches <= exact):
        patches = wording.count(exact, "patch", "patches")
        return f"{title}: the curve is exact up to {patches} and a lower bound beyond{stopped}."
    bound = "not every search is exhaustive, so shares and numbers of explanations are lower bounds"
    return f"{title}: {bound}{stopped}."


def _shares(surveys: Surveys) -> Chart:
    series = [
        Steps(
            title,
            [point.n_patches for point in one.curve],
            [point.share.value or 0.0 for point in one.curve],
            [point.share.low for point in one.curve],
            [point.share.high for point in one.curve],
        )
        for title, one in surveys
    ]
    title = "Share of images explained by at most n patches"
    steps = sorted({point.n_patches for _, one in surveys for point in one.curve})
    by_step = [{point.n_patches: point for point in one.curve} for _, one in surveys]
    rows = tuple(
        (str(n), *(interval_text(points[n].share) if n in points else NONE for points in by_step))
        for n in steps
    )
    return Chart(
        title=title,
        text="The band is the 95 % interval over images.",
        svg=step_chart(
            series, prefix="shares-", title=title, x_label="patches (n)", y_label="share of images"
        ),
        table=DataTable(title, ("At most", *(name for name, _ in surveys)), rows),
    )


def _sizes(surveys: Surveys) -> Chart:
    counts = [{one.value: one.count for one in found.sizes.bins if one.count} for _, found in surveys]
    bars = [
        Bars(title, count, found.sizes.mean.value, _mean_note(found.sizes))
        for (title, found), count in zip(surveys, counts, strict=True)
    ]
    title = "Sizes of the explanations"
    sizes = sorted({size for count in counts for size in count})
    rows = tuple((str(size), *(str(count.get(size, 0)) for count in counts)) for size in sizes)
    return Chart(
        title=title,
        text="Over all explanations found; the dashed line is the mean.",
        svg=bar_panels(bars, prefix="sizes-", title=title, x_label="patches", y_label="explanations"),
        table=DataTable(title, ("Patches", *(name for name, _ in surveys)), rows),
    )


def _mean_note(sizes: Distribution) -> str:
    return "" if sizes.mean.value is None else f"mean {sizes.mean.value:.1f}"


def _numbers(surveys: Surveys) -> Chart:
    overlaps = sorted({overlap for _, one in surveys for overlap in one.n_diverse})
    kinds = {"All found": [one.n_mses.mean for _, one in surveys]}
    none = Interval(None, None, None, 0)
    for overlap in reversed(overlaps):
        name = "Sharing no patch" if overlap == 0 else f"Any two share at most {overlap}"
        kinds[name] = [
            one.n_diverse[overlap].mean if overlap in one.n_diverse else none for _, one in surveys
        ]
    groups = [
        DotGroup(
            name,
            tuple(
                as_dot(title, interval, i, digits=1)
                for i, ((title, _), interval) in enumerate(zip(surveys, intervals, strict=True))
            ),
        )
        for name, intervals in kinds.items()
    ]
    title = "Explanations per image"
    highest = max((dot.high or dot.value or 0.0 for group in groups for dot in group.dots), default=0.0)
    rows = tuple(
        (name, *(interval_text(interval, digits=1) for interval in intervals))
        for name, intervals in kinds.items()
    )
    return Chart(
        title=title,
        text="The mean over all images, those without any included; lines are 95 % intervals over images.",
        svg=dot_chart(
            groups,
            prefix="numbers-",
            title=title,
            x_label="explanations per image",
            ticks=round_ticks(highest),
        ),
        table=DataTable(title, ("Counted", *(name for name, _ in surveys)), rows),
    )
