"""The page of the anomalies that an autoencoder finds: scores of every method, examples, how it was made."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from gallery.records import UInt8, VaeAnomalies, VaeExample, VaeMethod, VaeModel, VaeResult, VaeScores
from gallery.render.documents.numbers import json_bytes, number
from gallery.render.figures.anomaly import outline_svg, picture_webp, shared_png, strip_width
from gallery.render.figures.colormap import DEFAULT, colour_bar_css
from gallery.render.figures.scale import format_number
from gallery.render.pages import contexts
from gallery.render.pages.generative import wording
from gallery.render.pages.generative.parts import (
    AnomalyExample,
    AnomalyKind,
    MethodNote,
    Picture,
    ScaledMap,
)
from gallery.render.pages.generative.wording import GOOD, kind_title
from gallery.render.pages.image_page import colour_filters
from gallery.render.pages.output import Output
from gallery.render.pages.parts import Link, MeasureColumn, MetricCell, MetricRow, MetricTable
from gallery.render.pages.summary import SetSummary
from gallery.render.pages.wording import count, one_line
from gallery.survey.tables import Cell, csv_text

ASSETS = ("assets/figures.css", "assets/vae.css")
_HIGHER = "\N{UPWARDS ARROW}"


def anomalies_path(model: VaeModel) -> str:
    """Return the path of the page."""
    return f"g/{model.slug}.html"


def anomalies_title(model: VaeModel) -> str:
    """Return the title of the page."""
    return f"Anomalies: {one_line(model.title)}"


def anomalies_page(
    found: SetSummary, result: VaeResult, anomalies: VaeAnomalies, output: Output
) -> contexts.AnomaliesPage:
    """Return the page, and write its pictures and its numbers."""
    model, path = result.model, anomalies_path(result.model)
    family = wording.family_title(model.family)
    text = f"Where an autoencoder ({family}) finds anomalies: {one_line(model.title)}."
    head = found.head(path, model.slug, anomalies_title(model), text)
    ranked = next(one.title for one in anomalies.methods if one.name == anomalies.ranked_by)
    return contexts.AnomaliesPage(
        head=replace(head, assets=ASSETS),
        root="../",
        title=anomalies_title(model),
        family=family,
        n_latents=int(model.settings["latents"]),
        has_masks=anomalies.scores[0].pixel_auroc is not None,
        verdict=wording.verdict(anomalies),
        scores=_scores_table(path, anomalies),
        kinds=tuple(_kind_tables(path, anomalies)),
        methods=tuple(MethodNote(one.name, one.title, _note(one)) for one in anomalies.methods),
        n_validation=anomalies.n_validation,
        n_test=sum(anomalies.n_of_kind.values()),
        ranked_by=ranked,
        bar=colour_bar_css(DEFAULT),
        examples=tuple(_kind(model, anomalies, kind, output) for kind in anomalies.n_of_kind),
        training=wording.model_terms(model),
        latents=Link(f"g/{model.slug}-latents.html", "What its latents do"),
        results=Link("g/results.html", "Autoencoders: results"),
        files=_files(result, anomalies, output),
        filters=colour_filters(),
    )


def _note(method: VaeMethod) -> str:
    kind = "Baseline: " if method.is_baseline else ""
    text = f"{kind}{method.text}"
    return f"{text[:1].upper()}{text[1:]}. Unit: {method.unit}."


# --- tables ------------------------------------------------------------------------------------------------


def _scores_table(path: str, found: VaeAnomalies) -> MetricTable:
    values: dict[str, list[float | None]] = {
        "Pixel AUROC": [one.pixel_auroc for one in found.scores],
        "IoU": [one.iou for one in found.scores],
        "Optimistic IoU": [one.optimistic_iou for one in found.scores],
        "Image AUROC": [one.image_auroc for one in found.scores],
    }
    known = {name: column for name, column in values.items() if column[0] is not None}
    return _table(path, found, "Scores of every method over the test pictures; higher is better", known)


def _kind_tables(path: str, found: VaeAnomalies) -> Iterator[MetricTable]:
    kinds = [kind for kind in found.n_of_kind if kind != GOOD]
    if found.scores[0].pixel_by_kind is not None:
        yield _table(
            path,
            found,
            "Pixel AUROC over the pictures of one kind of defect; higher is better",
            {kind_title(k): [(one.pixel_by_kind or {}).get(k) for one in found.scores] for k in kinds},
        )
    yield _table(
        path,
        found,
        "Image AUROC of the pictures of one kind against the normal ones; higher is better",
        {kind_title(k): [one.image_by_kind.get(k) for one in found.scores] for k in kinds},
    )


def _table(
    path: str, found: VaeAnomalies, caption: str, columns: Mapping[str, Sequence[float | None]]
) -> MetricTable:
    """Return a table of methods; the highest number of every column is set in bold."""
    best = {
        name: max((value for value in column if value is not None), default=None)
        for name, column in columns.items()
    }
    return MetricTable(
        caption=caption,
        columns=tuple(MeasureColumn(Link("", name), _HIGHER, "higher") for name in columns),
        rows=tuple(
            MetricRow(
                Link(f"{path}#{method.name}", method.title, "baseline" if method.is_baseline else ""),
                tuple(_cell(column[i], best[name]) for name, column in columns.items()),
            )
            for i, method in enumerate(found.methods)
        ),
    )


def _cell(value: float | None, best: float | None) -> MetricCell:
    return MetricCell(wording.number(value), is_best=value is not None and value == best)


# --- examples ----------------------------------------------------------------------------------------------


def _kind(model: VaeModel, found: VaeAnomalies, kind: str, output: Output) -> AnomalyKind:
    n = found.n_of_kind[kind]
    mine = [(i, one) for i, one in enumerate(found.examples) if one.kind == kind]
    return AnomalyKind(
        anchor=f"kind-{list(found.n_of_kind).index(kind)}",
        title=kind_title(kind),
        facts=f"{len(mine)} of {count(n, 'test picture')}",
        examples=tuple(_example(model, found, f"g/{model.slug}/{i}", one, output) for i, one in mine),
    )


def _example(
    model: VaeModel, found: VaeAnomalies, start: str, one: VaeExample, output: Output
) -> AnomalyExample:
    outline = ""
    if one.mask is not None and one.mask.any():
        outline = f"{start}-mask.svg"
        output.write(outline, outline_svg(one.mask))
    return AnomalyExample(
        title=one_line(one.name),
        facts=wording.example_facts(one, found.n_of_kind[one.kind]),
        picture=drawn(f"{start}.webp", (one.picture,), wording.picture_alt(one), output),
        reconstruction=drawn(
            f"{start}-reconstruction.webp",
            (one.reconstruction,),
            wording.reconstruction_alt(one.name, one.picture, one.reconstruction),
            output,
        ),
        outline=outline,
        maps=tuple(
            _map(f"{start}-{method.name}.png", one, method, score.high, output)
            for method, score in zip(found.methods, found.scores, strict=True)
        ),
    )


def drawn(path: str, pictures: Sequence[UInt8], alt: str, output: Output) -> Picture:
    """Write pictures, (C, H, W) uint8 each and of one size, side by side, and return what they became."""
    _, height, width = pictures[0].shape
    output.figure(path, ("pictures", *pictures), lambda: picture_webp(pictures))
    return Picture(path, (strip_width(len(pictures), width), height), alt)


def _map(path: str, one: VaeExample, method: VaeMethod, high: float, output: Output) -> ScaledMap:
    values = one.maps[method.name]
    output.figure(path, ("shared", values, high), lambda: shared_png(values, high))
    shown = Picture(path, (values.shape[1], values.shape[0]), wording.map_alt(method.title, one, values))
    return ScaledMap(shown, method.title, format_number(high), format_number(float(values.max())))


# --- downloads ---------------------------------------------------------------------------------------------


def _files(result: VaeResult, found: VaeAnomalies, output: Output) -> tuple[Link, ...]:
    start = f"g/{result.model.slug}"
    rows = [row for one in found.scores for row in _rows(one)]
    output.write(f"{start}/scores.csv", csv_text(("method", "measure", "kind", "value"), rows).encode())
    output.write(f"{start}/scores.json", json_bytes(document(result, found)))
    return (Link(f"{start}/scores.csv", "Scores (CSV)"), Link(f"{start}/scores.json", "Scores (JSON)"))


def _rows(one: VaeScores) -> Iterator[tuple[Cell, ...]]:
    named = {
        "pixel_auroc": one.pixel_auroc, "iou": one.iou, "threshold": one.threshold,
        "optimistic_iou": one.optimistic_iou, "image_auroc": one.image_auroc,
    }  # fmt: skip
    for name, value in named.items():
        if value is not None:
            yield one.method, name, "", value
    for name, by_kind in (("pixel_auroc", one.pixel_by_kind), ("image_auroc", one.image_by_kind)):
        for kind, value in (by_kind or {}).items():
            yield one.method, name, kind, value


def document(result: VaeResult, found: VaeAnomalies) -> dict[str, object]:
    """Return scores and what they were made with, for download."""
    model = result.model
    return {
        "data": model.title,
        "origin": model.origin,
        "checkpoint_sha256": model.sha256,
        "training_pictures_sha256": model.pictures,
        "settings": dict(model.settings),
        "steps": model.steps,
        "torch": model.torch,
        "n_validation": found.n_validation,
        "n_test": dict(found.n_of_kind),
        "scores": [
            {name: number(value) if isinstance(value, float) else value for name, value in vars(one).items()}
            for one in found.scores
        ],
        "examples": [
            {
                "name": one.name,
                "kind": one.kind,
                "place": one.place,
                "image_scores": {name: number(float(v.max())) for name, v in one.maps.items()},
            }
            for one in found.examples
        ],
    }
