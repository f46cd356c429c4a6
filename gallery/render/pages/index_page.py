"""The gallery page: leads, filters and one tile per image and classifier."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from gallery.render.pages import contexts, wording
from gallery.render.pages.facets import SORTS, facets_of, leads, sort_keys, values_of
from gallery.render.pages.image_page import colour_filters
from gallery.render.pages.output import Output
from gallery.render.pages.parts import Card, Choice, Heat
from gallery.render.pages.spill import View
from gallery.render.pages.summary import SetSummary, Summary

ASSETS = ("assets/set.css", "assets/index.js")
HEATS = "heats"
"""Folder of the scripts that hold each method's heatmaps, for the choice of what the tiles show."""


def index_page(found: SetSummary, output: Output) -> contexts.IndexPage:
    """Return the gallery page, and write what its tiles may show besides."""
    cards = View(found.summaries, _card_of(found))
    description = wording.one_line(found.settings.description)
    head = found.head(
        "index.html", "gallery", found.settings.title, description, kind="Dataset", hide=("toc",)
    )
    _write_heats(found, output)
    overlap = found.settings.graph.overlap
    titles = {card.slug: card.title for card in found.catalogue.classifiers}
    return contexts.IndexPage(
        head=replace(head, assets=ASSETS),
        root="",
        description=found.settings.description,
        facts=tuple(_facts(found, cards)),
        leads=leads(found),
        cards=cards,
        facets=tuple(facets_of((values_of(one, overlap) for one in found.summaries), titles, overlap)),
        sorts=SORTS,
        methods=tuple(Choice(method.name, method.title) for method in found.catalogue.methods),
        filters=colour_filters(),
        failures=tuple((failure.image_id, failure.stage, failure.reason) for failure in found.failures),
    )


def _facts(found: SetSummary, cards: Sequence[Card]) -> list[str]:
    facts = [
        wording.count(len({card.image_id for card in cards}), "image"),
        wording.count(len(found.catalogue.methods), "heatmap method"),
        wording.count(sum(card.n_mses for card in cards), "minimal sufficient explanation"),
    ]
    if len(found.catalogue.classifiers) > 1:
        facts.append(wording.count(len(found.catalogue.classifiers), "classifier"))
    return facts


def _card_of(found: SetSummary) -> Callable[[Summary], Card]:
    """Return what makes the tile of a result; it names its classifier only if there is more than one."""
    several = len(found.catalogue.classifiers) > 1
    overlap = found.settings.graph.overlap

    def card_of(one: Summary) -> Card:
        return replace(
            one.card,
            classifier_title=one.card.classifier_title if several else "",
            facets={**values_of(one, overlap), "id": one.card.image_id, "keys": sort_keys(one)},
        )

    return card_of


def _write_heats(found: SetSummary, output: Output) -> None:
    """Write path, alternative text and sign of every heatmap, one script per method, in the tiles' order.

    Scripts, because a page on file:// may load those and nothing else; of all methods together they would
    weigh more than the page.
    """
    for method in found.catalogue.methods:
        drawn = (summary.card.heats.get(method.name) for summary in found.summaries)
        output.write_all(f"{HEATS}/{method.name}.js", map(str.encode, _heat_script(method.name, drawn)))


def _heat_script(method: str, drawn: Iterable[Heat | None]) -> Iterator[str]:
    yield f"(window.galleryHeats??={{}})[{json.dumps(method)}]=["
    for i, heat in enumerate(drawn):
        row = [heat.path, heat.alt, int(heat.signed)] if heat else None
        yield ("," if i else "") + json.dumps(row, separators=(",", ":"))
    yield "]\n"
