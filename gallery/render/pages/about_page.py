"""The page on how the site was built: passes through the classifiers, settings, versions, digests."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from gallery.render.documents.concepts import concepts_forwards
from gallery.render.pages import contexts
from gallery.render.pages.dependencies import dependencies
from gallery.render.pages.excerpt import MOST, rest_of
from gallery.render.pages.exports import write_csv
from gallery.render.pages.output import Output
from gallery.render.pages.parts import Term
from gallery.render.pages.sections import option_text, option_value
from gallery.render.pages.set_parts import DataTable
from gallery.render.pages.summary import SetSummary
from gallery.survey.tables import csv_lines


def about_page(found: SetSummary, output: Output) -> contexts.AboutPage:
    """Return the page on how the site was built, and write the table of all digests."""
    table = write_csv(output, "digests", csv_lines(("name", "of_its", "sha256"), _digests(found)))
    file = replace(table, title="All as CSV")
    versions = found.catalogue.versions
    text = "Versions, seed, settings and cost of this gallery."
    return contexts.AboutPage(
        head=found.head("about.html", "about", "How this was built", text),
        root="",
        passes=tuple(_passes(found)),
        settings=_settings(found),
        versions=tuple(Term(name, versions[name]) for name in sorted(versions)),
        software=_software(),
        digests=DataTable(
            "SHA-256 of what went in", ("Name", "Of its", "SHA-256"), tuple(islice(_digests(found), MOST))
        ),
        rest=rest_of(sum(1 for _ in _digests(found)), file),
        files=(file,),
        seed=found.settings.seed,
        device=found.catalogue.device,
    )


def _settings(found: SetSummary) -> Mapping[str, tuple[Term, ...]]:
    settings = found.settings
    groups: dict[str, dict[str, Any]] = {
        "Perturbation": settings.perturbation.model_dump(),
        "Search": settings.search.model_dump(),
        "Attention graph": settings.graph.model_dump(),
        "Necessity": settings.necessity.model_dump(),
        "Robustness": settings.robustness.model_dump(),
        "Held-out questions": settings.questions.model_dump(),
        "Sets to try": settings.what_if.model_dump(),
        "Measures": settings.measures.model_dump(exclude_none=True),
    }
    if settings.has_regions:
        groups["Needed and precluded regions"] = settings.prompts.model_dump()
    if settings.concepts is not None:
        groups["Learned concepts"] = settings.concepts.model_dump(exclude_none=True)
    if settings.vae is not None:
        groups["Autoencoders"] = settings.vae.model_dump(exclude={"trained", "data", "results"})
    tables = {
        title: tuple(Term(n, option_value(v)) for n, v in sorted(values.items()))
        for title, values in groups.items()
    }
    given = settings.methods if isinstance(settings.methods, dict) else {}
    tables["Heatmap methods"] = tuple(
        Term(m.title, option_text({**m.defaults, **given.get(m.name, {})})) for m in found.catalogue.methods
    )
    return tables


def _passes(found: SetSummary) -> Iterable[DataTable]:
    """Yield how many images went through the classifiers: by stage, by method, by measure."""
    n = len(found.summaries)
    if not n:
        return
    stages: dict[str, int] = {}
    measures: dict[str, int] = {}
    methods: dict[str, tuple[int, int]] = {}
    for summary in found.summaries:
        _add(stages, summary.passes)
        _add(measures, summary.measure_passes)
        for name, (forwards, backwards) in summary.costs.items():
            before = methods.get(name, (0, 0))
            methods[name] = before[0] + forwards, before[1] + backwards
    heatmaps = [sum(column) for column in zip(*methods.values(), strict=True)] or [0, 0]
    rows = [("Heatmaps", heatmaps[0], heatmaps[1]), ("Measures", sum(measures.values()), 0)]
    rows += [(stage, forwards, 0) for stage, forwards in stages.items()]
    rows += _of_concepts(found)
    rows.append(("Together", sum(row[1] for row in rows), sum(row[2] for row in rows)))
    yield _table("By stage, all images and classifiers", "Stage", rows, n)
    titles = found.titles
    yield _table(
        "By heatmap method", "Method", [(titles.get(name, name), a, b) for name, (a, b) in methods.items()], n
    )
    names = {card.name: card.title for card in found.catalogue.measures}
    yield _table(
        "By measure", "Measure", [(names.get(name, name), some, 0) for name, some in measures.items()], n
    )


def _of_concepts(found: SetSummary) -> list[tuple[str, int, int]]:
    """Return what learning concepts and showing them took; [] without any."""
    if not found.concepts:
        return []
    learnt, shown = (sum(column) for column in zip(*map(concepts_forwards, found.concepts), strict=True))
    backwards = sum(one.heatmap.backwards for result in found.concepts for one in result.maps)
    return [("Learning concepts", learnt, 0), ("Concepts in images", shown, backwards)]


def _add(totals: dict[str, int], more: Mapping[str, int]) -> None:
    for name, number in more.items():
        totals[name] = totals.get(name, 0) + number


def _table(caption: str, first: str, rows: Sequence[tuple[str, int, int]], n: int) -> DataTable:
    """Return a table of passes; without backward passes, it has no column of them."""
    both = any(backwards for _, _, backwards in rows)
    header = (first, "Forward passes", *(("Backward passes",) if both else ()), "Per image, forward")
    return DataTable(
        caption,
        header,
        tuple(
            (
                name,
                _grouped(forwards),
                *((_grouped(backwards),) if both else ()),
                _grouped(round(forwards / n)),
            )
            for name, forwards, backwards in rows
        ),
    )


def _grouped(number: int) -> str:
    return f"{number:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def _software() -> DataTable:
    rows = tuple((one.name, one.version, one.licence) for one in dependencies())
    return DataTable("Packages and their licences", ("Package", "Version", "Licence"), rows)


def _digests(found: SetSummary) -> Iterator[tuple[str, str, str]]:
    """Yield the SHA-256 of classifiers and autoencoders, and of every photograph's file and pixels."""
    for card in found.catalogue.classifiers:
        yield card.title, "classifier", card.digest
    for model in (one.model for one in found.generative.models):
        yield model.file, "checkpoint", model.sha256
        yield model.file, "training pictures", model.pictures
    for one in found.generative.disentanglement:
        yield one.file, "results", one.sha256
    before = ""
    for image in (summary.image for summary in found.summaries):
        if image.id != before:  # results of one image follow each other
            yield image.id, "source", image.source_sha256
            yield image.id, "pixels", image.digest
        before = image.id
