"""The page of what the latents of an autoencoder do: traversals, with the attention of every latent."""

from collections.abc import Iterator
from dataclasses import replace

from gallery.records import VaeLatent, VaeModel, VaeResult, VaeTraversal
from gallery.render.figures.anomaly import shared_png
from gallery.render.figures.colormap import DEFAULT, colour_bar_css
from gallery.render.figures.scale import format_number
from gallery.render.pages import contexts
from gallery.render.pages.generative import wording
from gallery.render.pages.generative.anomalies_page import (
    ASSETS,
    anomalies_path,
    anomalies_title,
    drawn,
)
from gallery.render.pages.generative.parts import LatentRow, Picture, ScaledMap, TraversalView
from gallery.render.pages.image_page import colour_filters
from gallery.render.pages.output import Output
from gallery.render.pages.parts import Link
from gallery.render.pages.summary import SetSummary
from gallery.render.pages.wording import count, measure, one_line, signed
from gallery.survey.tables import Cell, csv_text


def latents_path(model: VaeModel) -> str:
    """Return the path of the page."""
    return f"g/{model.slug}-latents.html"


def latents_title(model: VaeModel) -> str:
    """Return the title of the page."""
    return f"Latents of {wording.family_title(model.family)}: {one_line(model.title)}"


def latents_page(found: SetSummary, result: VaeResult, output: Output) -> contexts.LatentsPage:
    """Return the page, and write its pictures and its numbers."""
    model, title = result.model, latents_title(result.model)
    text = (
        f"What each latent of an autoencoder changes, and where its attention lies: {one_line(model.title)}."
    )
    head = found.head(latents_path(model), f"{model.slug}-latents", title, text)
    values = result.traversals[0].values if result.traversals else ()
    return contexts.LatentsPage(
        head=replace(head, assets=ASSETS),
        root="../",
        title=title,
        n_latents=int(model.settings["latents"]),
        values=tuple(f"{value:g}".replace("-", "\N{MINUS SIGN}") for value in values),
        bar=colour_bar_css(DEFAULT),
        traversals=tuple(_view(model, i, one, output) for i, one in enumerate(result.traversals)),
        training=wording.model_terms(model),
        anomalies=None if result.anomalies is None else Link(anomalies_path(model), anomalies_title(model)),
        results=Link("g/results.html", "Autoencoders: results"),
        files=_files(result, output),
        filters=colour_filters(),
    )


def _view(model: VaeModel, i: int, one: VaeTraversal, output: Output) -> TraversalView:
    start, name = f"g/{model.slug}/latents-{i}", one_line(one.name)
    total = int(model.settings["latents"])
    shown = f"{len(one.latents)} of {count(total, 'latent')}" if len(one.latents) < total else f"all {total}"
    return TraversalView(
        anchor=f"picture-{i}",
        title=name[:1].upper() + name[1:],
        facts=f"{shown}, those that change the picture most first",
        picture=drawn(f"{start}.webp", (one.picture,), f"Picture {name}.", output),
        reconstruction=drawn(
            f"{start}-reconstruction.webp",
            (one.reconstruction,),
            wording.reconstruction_alt(name, one.picture, one.reconstruction),
            output,
        ),
        rows=tuple(_row(f"{start}-{latent.latent}", name, one, latent, output) for latent in one.latents),
    )


def _row(start: str, name: str, one: VaeTraversal, latent: VaeLatent, output: Output) -> LatentRow:
    title = f"Latent {latent.latent}"
    low, high = (f"{value:g}".replace("-", "\N{MINUS SIGN}") for value in (one.values[0], one.values[-1]))
    change = measure(latent.change)
    alt = f"{name} with {title.lower()} from {low} to {high}: a pixel changes by {change} on average."
    return LatentRow(
        title=title,
        strip=drawn(f"{start}.webp", tuple(latent.pictures), alt, output),
        attention=_attention(f"{start}-attention.png", name, latent, output),
        change=change,
        here=signed(latent.here),
        divergence=measure(latent.divergence),
    )


def _attention(path: str, name: str, latent: VaeLatent, output: Output) -> ScaledMap:
    values = latent.attention
    high = float(values.max())
    output.figure(path, ("shared", values, high), lambda: shared_png(values, high))
    rows, cols = divmod(int(values.argmax()), values.shape[1])
    where = f"strongest at row {rows}, column {cols} of {values.shape[0]}" if high > 0 else "zero everywhere"
    alt = f"Attention of latent {latent.latent} in {name}: {where}."
    shown = Picture(path, (values.shape[1], values.shape[0]), alt)
    return ScaledMap(shown, f"Attention of latent {latent.latent}", format_number(high), "")


def _files(result: VaeResult, output: Output) -> tuple[Link, ...]:
    path = f"g/{result.model.slug}/latents.csv"
    header = ("picture", "latent", "change", "posterior_mean", "divergence_nats", "largest_attention")
    output.write(path, csv_text(header, _rows(result)).encode())
    return (Link(path, "Latents (CSV)"),)


def _rows(result: VaeResult) -> Iterator[tuple[Cell, ...]]:
    for one in result.traversals:
        for latent in one.latents:
            yield (
                one.name, latent.latent, latent.change, latent.here, latent.divergence,
                float(latent.attention.max()),
            )  # fmt: skip
