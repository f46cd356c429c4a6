"""The slide deck of a set: one slide per image, a file of its own outside the theme."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import jinja2

from gallery.config import SetSettings
from gallery.render.figures.colormap import DEFAULT, DIVERGING, svg_filters
from gallery.render.pages.citation import cite
from gallery.render.pages.contexts import ImagePage
from gallery.render.pages.section_parts import FigureView
from gallery.render.pages.wording import count, one_line, probability

DECK = "slides/index.html"
_PIECES = 500
"""Pieces of the template that are handed on together."""
N_MAPS = 3
"""Heatmaps on a slide beside the smallest MSE; one more where there is none."""


@dataclass(frozen=True)
class Slide:
    """One image under its first classifier; paths relative to the site's root.

    Attributes:
        id: Anchor.
        title: Of the photograph.
        photo: Photograph as the classifier sees it.
        photo_size: Its width and height.
        photo_alt: Alternative text.
        said: What the classifier says.
        figures: Heatmaps.
        mse: Picture of the smallest MSE, or "".
        mse_size: Its width and height.
        mse_alt: Alternative text.
        mse_note: Its size and probability.
        credit: Author and licence of the photograph.
        page: The image's page.
    """

    id: str
    title: str
    photo: str
    photo_size: tuple[int, int]
    photo_alt: str
    said: str
    figures: tuple[FigureView, ...]
    mse: str
    mse_size: tuple[int, int]
    mse_alt: str
    mse_note: str
    credit: str
    page: str


def slide_of(image_id: str, page: ImagePage) -> Slide:
    """Return the slide of one image page."""
    section = page.sections[0]
    mse = next(iter(section.mses), None)
    by_anchor = {figure.anchor: figure for figure in section.figures}
    shown = [by_anchor[anchor] for anchor in section.chosen if anchor in by_anchor]
    right = {True: ", right", False: f", wrong: labelled {page.label}", None: ""}[section.is_right]
    top = section.top[0]
    return Slide(
        id=image_id,
        title=page.title,
        photo=section.photo,
        photo_size=section.photo_size,
        photo_alt=section.photo_alt,
        said=f"{section.classifier.title}: {top.name}, p = {probability(top.probability)}{right}",
        figures=tuple(shown[: N_MAPS if mse else N_MAPS + 1]),
        mse=mse.picture if mse else "",
        mse_size=mse.picture_size if mse else (0, 0),
        mse_alt=mse.alt if mse else "",
        mse_note=f"{mse.size}, p = {mse.probability}" if mse else "",
        credit=one_line(f"{page.credit.author}, {page.credit.licence}"),
        page=f"i/{image_id}.html",
    )


def render_deck(
    environment: jinja2.Environment, slides: Sequence[Slide], settings: SetSettings
) -> Iterator[bytes]:
    """Yield the deck as an HTML file, in pieces."""
    citation = cite(settings, key="gallery:slides", title=settings.title, path=DECK)
    year = f" ({citation.date[:4]})" if citation.date else ""
    pieces = environment.get_template("_slides.j2").stream(
        root="../",
        title=citation.title,
        description=one_line(settings.description),
        n_images=count(len(slides), "image"),
        slides=slides,
        filters=svg_filters("cm-"),
        colour_map=DEFAULT,
        diverging=DIVERGING,
        cited=f"{'; '.join(citation.authors)}{year}. {citation.gallery}, version {citation.version}.",
        address=citation.base_url,
    )
    pieces.enable_buffering(_PIECES)
    return _stripped(pieces)


def _stripped(pieces: Iterable[str]) -> Iterator[bytes]:
    """Yield a text without white space around it, and a line end."""
    held = None
    for piece in pieces:
        whole = piece.lstrip() if held is None else held + piece
        text = whole.rstrip()
        held = whole[len(text) :] if text else (None if held is None else whole)
        yield text.encode()
    yield b"\n"
