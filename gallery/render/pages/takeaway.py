"""Figures of an image page ready for papers and talks: comparison strips, and the graph for a column."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from math import inf, isfinite
from pathlib import PurePath

import numpy as np

from gallery.records import Catalogue, Float32, ImageResult, MethodCard
from gallery.render.diagrams.column import column_drawing
from gallery.render.diagrams.layout import dot_version
from gallery.render.figures.canvas import Drawing
from gallery.render.figures.heat import resize_map
from gallery.render.figures.partition import Partition
from gallery.render.figures.pdf import pdf_file
from gallery.render.figures.photo import kept_patches, shrink
from gallery.render.figures.png import png_file
from gallery.render.figures.strip import (
    COLUMN,
    FULL_WIDTH,
    SLIDE,
    SLIDE_DPI,
    Look,
    Panel,
    Words,
    strip_drawing,
)
from gallery.render.figures.svg import svg_file
from gallery.render.pages.drawing import Subject, figure_facts, graph_caption
from gallery.render.pages.output import Output, digest
from gallery.render.pages.parts import Downloads, Link
from gallery.render.pages.wording import one_line, probability

N_MAPS = 6
"""Heatmaps in a strip, at most."""
ALIKE = 0.8
"""Rank correlation from which two maps count as nearly the same."""
_COARSE = 14
_MSE_PX = 448
_DPI = 300
_STRIPS: tuple[tuple[str, str, Look, tuple[str, ...]], ...] = (
    ("strip", "Maps side by side, 6.875 in wide (both columns)", FULL_WIDTH, ("pdf", "svg", "png")),
    ("strip-column", "The same, 3.25 in wide (one column)", COLUMN, ("pdf", "svg", "png")),
    ("slide", "The same as a 16:9 slide, 1920 × 1080 pixels", SLIDE, ("png", "svg")),  # noqa: RUF001
)


def chosen_maps(result: ImageResult, catalogue: Catalogue) -> tuple[MethodCard, ...]:
    """Return the methods a strip shows: good ones first, and none twice in other clothes.

    They are taken in the order of the first measure there is on this image. A map nearly the same as one
    already taken (rank correlation of coarse maps at least ``ALIKE``), or constant, waits until the others
    are in.
    """
    ranks: dict[str, Float32 | None] = {}
    taken: list[MethodCard] = []
    waiting: list[MethodCard] = []
    for method in _best_first(result, catalogue):
        ranks[method.name] = _ranks(result.heatmaps[method.name].values)
        like = max((_likeness(ranks[method.name], ranks[one.name]) for one in taken), default=0.0)
        (waiting if like >= ALIKE or ranks[method.name] is None else taken).append(method)
    return tuple([*taken, *waiting][:N_MAPS])


def _best_first(result: ImageResult, catalogue: Catalogue) -> list[MethodCard]:
    """Return the methods of an image by the first measure with a value; those without one last."""
    methods = [method for method in catalogue.methods if method.name in result.heatmaps]
    for card in catalogue.measures:
        sign = -1 if card.better == "higher" else 1
        values = {
            method.name: sign * value
            for method in methods
            if (found := result.measurements.get(method.name, {}).get(card.name)) is not None
            and (value := found.value) is not None
            and isfinite(value)
        }
        if values:
            return sorted(methods, key=lambda method: values.get(method.name, inf))
    return methods


def _ranks(values: Float32) -> Float32 | None:
    """Return the ranks of a coarse map, with mean 0 and length 1; None for a constant one."""
    if values.min() == values.max():
        return None
    coarse = resize_map(values, (_COARSE, _COARSE)).ravel()
    ranks = np.argsort(np.argsort(coarse, kind="stable"), kind="stable").astype(np.float64)
    centred = ranks - ranks.mean()
    unit: Float32 = (centred / np.linalg.norm(centred)).astype(np.float32)
    return unit


def _likeness(one: Float32 | None, other: Float32 | None) -> float:
    return 0.0 if one is None or other is None else float(one @ other)


@dataclass(frozen=True)
class TakeAway:
    """What the strip of one result shows, drawn only if the cache does not have it.

    Attributes:
        subject: Image and classifier.
        methods: Heatmaps shown, in order.
    """

    subject: Subject
    methods: tuple[MethodCard, ...]

    @property
    def words(self) -> Words:
        """What stands around the panels of a slide."""
        result, card = self.subject.result, self.subject.card
        credit = result.image.credit
        said = f"{one_line(result.prediction.class_name)}, p = {probability(result.prediction.p_full)}"
        parts = (f"Photograph: {credit.author}, {credit.licence}", self.subject.origin.gallery)
        where = self.subject.origin.permalink
        return Words(
            title=self.subject.title,
            subtitle=f"{said} ({one_line(card.title)})",
            foot=". ".join(one_line(part) for part in (*parts, where) if part),
        )

    @property
    def facts(self) -> dict[str, str]:
        """Return the provenance of the strip."""
        return {"methods": ", ".join(method.title for method in self.methods)} | figure_facts(self.subject)

    def panels(self) -> list[Panel]:
        """Return photograph, heatmaps and smallest MSE as panels."""
        result, view = self.subject.result, self.subject.result.inputs.view
        said = f"{one_line(result.prediction.class_name)}, {_p(result.prediction.p_full)}"
        panels = [Panel("Photograph", view, said)]
        panels += [
            Panel(method.title, view, values=result.heatmaps[method.name].values, signed=method.signed)
            for method in self.methods
        ]
        for mse in result.search.mses[:1]:
            kept = kept_patches(shrink(view, _MSE_PX), mse.mask, Partition.of(result))
            said = f"{mse.mask.bit_count()} of {result.mask_model.n_cells}, {_p(mse.probability)}"
            panels.append(Panel("Sufficient patches", kept, said))
        return panels

    def drawing(self, look: Look) -> Drawing:
        """Return the strip in one of its sizes."""
        return strip_drawing(self.panels(), look, self.words, self.facts)

    def stamp(self) -> str:
        """Return a digest of everything the strips depend on."""
        result = self.subject.result
        maps = [(m.title, m.signed, result.heatmaps[m.name].values) for m in self.methods]
        first = result.search.mses[:1]
        return digest(result.inputs.view, maps, first, Partition.of(result), self.words, self.facts)


def _p(value: float) -> str:
    """Return a probability that is not broken over two lines."""
    return f"p = {probability(value)}".replace(" ", "\N{NO-BREAK SPACE}")


def draw_take_away(
    subject: Subject, methods: tuple[MethodCard, ...], output: Output
) -> tuple[Downloads, ...]:
    """Write the strips, and the top of the attention graph for a column; return their links."""
    shown = TakeAway(subject, methods)
    stamp = shown.stamp()
    found = []
    for name, title, look, kinds in _STRIPS:
        make = partial(shown.drawing, look)
        dpi = SLIDE_DPI if look.height else _DPI
        found.append(
            Downloads(title, _figures(f"{subject.folder}/{name}", kinds, (stamp,), (make, dpi), output))
        )
    result = subject.result
    if result.graph.nodes:
        caption = graph_caption(subject)
        make = partial(column_drawing, result.graph, result.inputs, result.mask_model, caption)
        key = ("column", result.graph, result.inputs.view, Partition.of(result), caption, dot_version())
        links = _figures(f"{subject.folder}/sag-column", ("pdf", "svg", "png"), key, (make, _DPI), output)
        found.append(Downloads("Top of the attention graph, 3.25 in wide", links))
    return tuple(found)


def _figures(
    path: str,
    kinds: Sequence[str],
    key: Sequence[object],
    drawn: tuple[Callable[[], Drawing], int],
    output: Output,
) -> tuple[Link, ...]:
    """Write one drawing in several formats; ``drawn`` makes it, at most once, and says how fine a PNG is."""
    drawing, dpi = cache(drawn[0]), drawn[1]
    return tuple(
        Link(
            output.figure(f"{path}.{kind}", (PurePath(path).name, *key), partial(_file, drawing, kind, dpi)),
            kind.upper(),
        )
        for kind in kinds
    )


def _file(drawing: Callable[[], Drawing], kind: str, dpi: int) -> bytes:
    if kind == "png":
        return png_file(drawing(), dpi=dpi)
    return pdf_file(drawing()) if kind == "pdf" else svg_file(drawing())
