"""The page of one photograph."""

import dataclasses
from collections.abc import Mapping, Sequence
from math import isfinite

from gallery.config import SetSettings
from gallery.records import Catalogue, ImageResult
from gallery.render.figures.colormap import COLORMAPS, colour_bar_css, svg_filters
from gallery.render.pages import drawing, wording
from gallery.render.pages.archive import write_archive
from gallery.render.pages.citation import (
    Citation,
    bibtex,
    bibtex_key,
    cite,
    csl_json,
    image_objects,
    page_jsonld,
)
from gallery.render.pages.contexts import ImagePage
from gallery.render.pages.drawing import Subject
from gallery.render.pages.head import Head
from gallery.render.pages.origin import origin_of
from gallery.render.pages.output import Output
from gallery.render.pages.parts import Card, Choice, Heat, Link, Term
from gallery.render.pages.preview import draw_preview
from gallery.render.pages.section_parts import Section
from gallery.render.pages.sections import build_section, is_right
from gallery.render.pages.takeaway import chosen_maps, draw_take_away

FILTER_PREFIX = "cm-"  # the theme's style sheet and script use it too
ASSETS = (
    "assets/figures.css",
    "assets/image.css",
    "assets/compare.js",
    "assets/explore.js",
)


def image_path(image_id: str) -> str:
    """Return the path of an image's page."""
    return f"i/{image_id}.html"


def colour_filters() -> str:
    """Return the hidden SVG with every colour filter (HTML)."""
    return svg_filters(FILTER_PREFIX)


def build_image_page(
    results: Sequence[ImageResult], *, catalogue: Catalogue, settings: SetSettings, output: Output
) -> tuple[ImagePage, list[Card]]:
    """Draw all figures of one image and return its page and one tile per classifier.

    Args:
        results: Of this image, one per classifier.
        catalogue: What belongs to no single image.
        settings: Of the set.
        output: Where the figures go.
    """
    image = results[0].image
    cards = {card.slug: card for card in catalogue.classifiers}
    citation = _citation(results, settings, cards={slug: card.id for slug, card in cards.items()})
    origin = origin_of(citation, settings)
    drawn = []
    for i, result in enumerate(results):
        slug = result.classifier
        subject = Subject(
            result, cards[slug], f"i/{image.id}/{slug}", prefix=f"{slug}-" if i else "", origin=origin
        )
        drawn.append(_draw(subject, catalogue, output))
    first = Subject(results[0], cards[results[0].classifier], f"i/{image.id}", prefix="", origin=origin)
    social = draw_preview(first, catalogue.methods, output)
    citation_files = _write_citation(image.id, citation, output)  # which the archive takes in
    archive = write_archive(results, citation, output)
    sections = [dataclasses.replace(section, archive=archive) for section, _ in drawn]
    page = ImagePage(
        head=_head(results[0], sections, citation, social),
        root="../",
        title=wording.one_line(image.title),
        label=image.label,
        credit=image.credit,
        source=image.source,
        facts=(
            Term("Size", f"{image.size[1]} × {image.size[0]} pixels"),  # noqa: RUF001
            Term("SHA-256 of the source", image.source_sha256),
            Term("SHA-256 of the pixels", image.digest),
        ),
        quadrants=image.quadrants,
        sections=tuple(sections),
        several=len(sections) > 1,
        colormaps=_colormaps(),
        filters=colour_filters(),
        bibtex=bibtex(citation),
        citation_files=citation_files,
        permalink=citation.url,
        previous=None,
        following=None,
    )
    return page, [tile for _, tile in drawn]


def linked(page: ImagePage, previous: Link | None, following: Link | None) -> ImagePage:
    """Return ``page`` with links to its neighbours."""
    return dataclasses.replace(page, previous=previous, following=following)


def _draw(subject: Subject, catalogue: Catalogue, output: Output) -> tuple[Section, Card]:
    """Draw what one classifier says about the image; return its section of the page and its tile."""
    result = subject.result
    heats = {
        method.name: drawing.draw_heat(subject, result.heatmaps[method.name], method, output)
        for method in catalogue.methods
        if method.name in result.heatmaps
    }
    chosen = chosen_maps(result, catalogue)
    section = dataclasses.replace(
        build_section(subject, catalogue, heats, output),
        chosen=tuple(f"{subject.prefix}fig-{method.name}" for method in chosen),
        takeaway=draw_take_away(subject, chosen, output),
    )
    return section, _tile(subject, section, heats, catalogue, output)


def _colormaps() -> tuple[Choice, ...]:
    return tuple(
        Choice(name, colormap.title, colour_bar_css(name), colormap.note)
        for name, colormap in COLORMAPS.items()
        if not colormap.diverging
    )


def _write_citation(image_id: str, citation: Citation, output: Output) -> tuple[Link, ...]:
    files = {
        Link(f"i/{image_id}/cite.bib", "BibTeX"): bibtex(citation),
        Link(f"i/{image_id}/cite.csl.json", "CSL-JSON"): csl_json(citation),
    }
    for link, text in files.items():
        output.write(link.path, text.encode())
    return tuple(files)


def _citation(results: Sequence[ImageResult], settings: SetSettings, *, cards: Mapping[str, str]) -> Citation:
    image = results[0].image
    names = ", ".join(cards[result.classifier] for result in results)
    return cite(
        settings,
        key=bibtex_key(image.id),
        title=f"{wording.one_line(image.title)}: explanations compared",
        path=image_path(image.id),
        note=f"image SHA-256 {image.source_sha256[:12]}; {names}",
    )


def _head(result: ImageResult, sections: Sequence[Section], citation: Citation, social: str) -> Head:
    image, prediction = result.image, result.prediction
    title = wording.one_line(image.title)
    names = ", ".join(figure.title for figure in sections[0].figures)
    n_mses = wording.count(len(result.search.mses), "minimal sufficient explanation")
    description = (
        f"{title}, classified as {wording.one_line(prediction.class_name)} "
        f"(p = {wording.probability(prediction.p_full)}): {names}, "
        f"{n_mses} and their attention graph."
    )
    figures = {section.photo_jpeg: section.photo_alt for section in sections}
    figures |= {figure.files[0].path: figure.heat.alt for section in sections for figure in section.figures}
    credit = wording.one_line(f"{image.credit.author}, {image.credit.licence}")
    return Head(
        title=title,
        description=description,
        citation=citation,
        jsonld=page_jsonld(
            citation, "WebPage", description=description, hasPart=image_objects(figures, citation, credit)
        ),
        social=social,
        assets=ASSETS,
    )


def _tile(
    subject: Subject, section: Section, heats: Mapping[str, Heat], catalogue: Catalogue, output: Output
) -> Card:
    """Return the tile of one result: the photograph beside its smallest MSE, else a heatmap."""
    result = subject.result
    first = next(iter(section.mses), None)
    shown = best_method(result, catalogue) if first is None else None
    titles = {method.name: method.title for method in catalogue.methods}
    if first is not None:
        caption = f"smallest sufficient set found: {first.size}"
    else:
        caption = f"no sufficient set found; {titles[shown]}" if shown else "no sufficient set found"
    top = result.prediction.top[0]
    height, width = result.inputs.view.shape[:2]
    ratio = drawing.THUMBNAIL_PX / max(height, width)
    return Card(
        link=f"{image_path(result.image.id)}{'#' + subject.prefix.rstrip('-') if subject.prefix else ''}",
        image_id=result.image.id,
        title=subject.title,
        photo=drawing.draw_thumbnail(subject, output),
        photo_size=(round(width * ratio), round(height * ratio)),
        second=first.picture if first else "",
        second_alt=first.alt if first else "",
        second_size=first.picture_size if first else (0, 0),
        heat=heats[shown] if shown else None,
        caption=caption,
        predicted=top.name,
        p_predicted=top.probability,
        classifier=subject.card.slug,
        classifier_title=subject.card.title,
        n_mses=len(result.search.mses),
        label=result.image.label,
        is_right=is_right(result),
        is_composite=bool(result.image.quadrants),
        heats=heats,
    )


def best_method(result: ImageResult, catalogue: Catalogue) -> str | None:
    """Return the heatmap method best by the first measure; the first method if none is measured."""
    methods = [method.name for method in catalogue.methods if method.name in result.heatmaps]
    for card in catalogue.measures:
        values = {
            name: value
            for name in methods
            if (taken := result.measurements.get(name, {}).get(card.name)) is not None
            and (value := taken.value) is not None
            and isfinite(value)
        }
        if values:
            return (max if card.better == "higher" else min)(values, key=lambda name: values[name])
    return methods[0] if methods else None
