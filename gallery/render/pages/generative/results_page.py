"""The page of what autoencoders come to over a set: anomalies, disentanglement, what others report."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from gallery.records import Disentanglement, VaeMethod, VaeResult, VaeScores
from gallery.render.documents.numbers import json_bytes, number
from gallery.render.pages import contexts
from gallery.render.pages.generative import wording
from gallery.render.pages.generative.anomalies_page import anomalies_path, anomalies_title
from gallery.render.pages.generative.latents_page import latents_path, latents_title
from gallery.render.pages.generative.parts import DisentanglementView, ModelLinks
from gallery.render.pages.generative.published import FINDINGS, PAPER_STEPS, REPORTED
from gallery.render.pages.output import Output
from gallery.render.pages.parts import Link, MeasureColumn, MetricCell, MetricRow, MetricTable
from gallery.render.pages.set_parts import DataTable
from gallery.render.pages.summary import SetSummary
from gallery.render.pages.wording import count, measure, one_line, signed
from gallery.survey.tables import csv_text

PATH = "g/results.html"
ASSETS = ("assets/set.css", "assets/vae.css")
TITLE = "Autoencoders: results"


def generative_results_page(found: SetSummary, output: Output) -> contexts.GenerativeResultsPage:
    """Return the page, and write its numbers."""
    text = "Anomalies found by autoencoders, disentanglement, and what the paper and reproductions report."
    head = found.head(PATH, "autoencoders", TITLE, text)
    models = found.generative.models
    return contexts.GenerativeResultsPage(
        head=replace(head, assets=ASSETS),
        root="../",
        models=tuple(links_of(one) for one in models),
        anomalies=tuple(_tables(models)),
        disentanglement=tuple(
            _view(i, one, output) for i, one in enumerate(found.generative.disentanglement)
        ),
        reported=REPORTED,
        findings=FINDINGS,
    )


def links_of(result: VaeResult) -> ModelLinks:
    """Return the pages of one autoencoder."""
    model = result.model
    has_anomalies = result.anomalies is not None
    facts = (
        f"{wording.family_title(model.family)}, {count(model.steps, 'step')}, seed {model.settings['seed']}"
    )
    return ModelLinks(
        title=one_line(model.title),
        facts=facts,
        anomalies=Link(anomalies_path(model), anomalies_title(model)) if has_anomalies else None,
        latents=Link(latents_path(model), latents_title(model)),
    )


# --- anomalies ---------------------------------------------------------------------------------------------


def _tables(models: Sequence[VaeResult]) -> Iterator[MetricTable]:
    """Yield one table per measure: autoencoders against methods."""
    with_masks = [one for one in models if one.anomalies and one.anomalies.scores[0].pixel_auroc is not None]
    if with_masks:
        yield _table("Pixel AUROC; higher is better", with_masks, lambda one: one.pixel_auroc)
    having = [one for one in models if one.anomalies]
    if having:
        yield _table("Image AUROC; higher is better", having, lambda one: one.image_auroc)


def _table(
    caption: str, models: Sequence[VaeResult], score: Callable[[VaeScores], float | None]
) -> MetricTable:
    rows = []
    methods: Mapping[str, VaeMethod] = {}
    for one in models:
        if one.anomalies is None:
            continue
        methods = {method.name: method for method in one.anomalies.methods}
        values = {scores.method: score(scores) for scores in one.anomalies.scores}
        best = max((value for value in values.values() if value is not None), default=None)
        cells = tuple(
            MetricCell(
                wording.number(values[name]), is_best=values[name] is not None and values[name] == best
            )
            for name in methods
        )
        note = wording.family_title(one.model.family)
        rows.append(MetricRow(Link(anomalies_path(one.model), one_line(one.model.title), note), cells))
    columns = tuple(MeasureColumn(Link("", method.title)) for method in methods.values())
    return MetricTable(caption=caption, columns=columns, rows=tuple(rows))


# --- disentanglement ---------------------------------------------------------------------------------------


def _view(i: int, one: Disentanglement, output: Output) -> DisentanglementView:
    start = f"g/disentanglement-{i + 1}"
    header = ("family", "seed", "accuracy", "training_accuracy", "n_active")
    rows = [(r.family, r.seed, r.accuracy, r.training_accuracy, r.n_active) for r in one.runs]
    output.write(f"{start}.csv", csv_text(header, rows).encode())
    output.write(f"{start}.json", json_bytes(document(one)))
    return DisentanglementView(
        anchor=f"disentanglement-{i + 1}",
        facts=wording.share_of_paper(one),
        summary=_summary(one),
        difference=wording.difference_text(one),
        seeds=_seeds(one),
        made_with=wording.made_with(one),
        files=(Link(f"{start}.csv", "Runs (CSV)"), Link(f"{start}.json", "Runs (JSON)")),
    )


def _summary(one: Disentanglement) -> DataTable:
    rows = []
    for family in one.families:
        found, runs = one.accuracy[family], one.of(family)
        active = [run.n_active for run in runs]
        rows.append(
            (
                wording.family_title(family),
                measure(found.mean),
                wording.limits(found),
                str(len(runs)),
                str(active[0]) if min(active) == max(active) else f"{min(active)} to {max(active)}",
            )
        )
    header = ("Model", "Accuracy, mean", "95 % interval", "Seeds", "Active latents")
    return DataTable("Majority-vote accuracy on further votes; higher is better", header, tuple(rows))


def _seeds(one: Disentanglement) -> DataTable:
    first, second = (one.of(family) for family in one.families)
    rows = tuple(
        (f"Seed {a.seed}", measure(a.accuracy), measure(b.accuracy), signed(b.accuracy - a.accuracy))
        for a, b in zip(first, second, strict=True)
    )
    header = ("Run", *(wording.family_title(family) for family in one.families), "Difference")
    return DataTable("Seed for seed: the same first weights and pictures", header, rows)


def document(one: Disentanglement) -> dict[str, object]:
    """Return results measured elsewhere, for download."""
    return {
        "file": one.file,
        "sha256": one.sha256,
        "steps": one.steps,
        "share_of_the_papers_steps": number(one.steps / PAPER_STEPS),
        "families": list(one.families),
        "accuracy": {name: vars(found) for name, found in one.accuracy.items()},
        "difference": vars(one.difference),
        "runs": [vars(run) for run in one.runs],
        "settings": {name: dict(values) for name, values in one.settings.items()},
        "n_votes": one.n_votes,
        "torch": one.torch,
        "device": one.device,
    }
