"""The Jinja environment of the page templates: strict about names, escaping by default."""

import dataclasses
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from gallery.render.pages import contexts, wording
from gallery.render.pages.aside import aside, indented, set_aside
from gallery.render.pages.contexts import Page
from gallery.render.pages.head import front_matter

_TILES = Markup("<!--tiles-->")
"""Stands for the tiles of the gallery page, of which there may be very many. Texts of users cannot hold it:
they are escaped in the body, and have no "<" in the front matter."""
_EAGER = 6
"""Tiles of the gallery page whose pictures are loaded at once."""
TEMPLATES: Mapping[str, type[Page]] = {
    "index.md.j2": contexts.IndexPage,
    "image.md.j2": contexts.ImagePage,
    "method.md.j2": contexts.MethodPage,
    "search.md.j2": contexts.SearchPage,
    "measure.md.j2": contexts.MeasurePage,
    "classifier.md.j2": contexts.ClassifierPage,
    "results.md.j2": contexts.ResultsPage,
    "explanations.md.j2": contexts.ExplanationsPage,
    "simulatability.md.j2": contexts.SimulatabilityPage,
    "quiz.md.j2": contexts.QuizPage,
    "methods.md.j2": contexts.MethodsPage,
    "concepts.md.j2": contexts.ConceptsPage,
    "vae_anomalies.md.j2": contexts.AnomaliesPage,
    "vae_latents.md.j2": contexts.LatentsPage,
    "vae_results.md.j2": contexts.GenerativeResultsPage,
    "glossary.md.j2": contexts.GlossaryPage,
    "cite.md.j2": contexts.CitePage,
    "about.md.j2": contexts.AboutPage,
}


def markdown_text(text: object) -> Markup:
    """Return text for use in Markdown (headings): every punctuation mark as a character reference."""
    plain = wording.one_line(str(text))
    return Markup(re.sub(r"[^\w\s]|_", lambda match: f"&#{ord(match[0])};", plain))


def linked_reference(text: str) -> Markup:
    """Return a reference as HTML, with its arXiv number as a link."""
    pieces = re.split(r"(arXiv:\d{4}\.\d{4,5})", wording.one_line(text))
    link = '<a href="https://arxiv.org/abs/{}">{}</a>'
    return Markup("").join(
        Markup(link).format(piece.removeprefix("arXiv:"), piece) if i % 2 else piece
        for i, piece in enumerate(pieces)
    )


def make_environment(folder: Path) -> jinja2.Environment:
    """Return the environment that loads templates from ``folder`` (its ``pages`` and ``partials``)."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([folder / "pages", folder / "partials"]),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(
        front_matter=lambda head: Markup(front_matter(head)),
        markdown_text=markdown_text,
        linked_reference=linked_reference,
        probability=wording.probability,
        count=wording.count,
        one_line=wording.one_line,
        capitalize_first=lambda text: text[:1].upper() + text[1:],
    )
    environment.globals.update(aside=aside, tiles_of=lambda _: _TILES)
    return environment


def render_page(environment: jinja2.Environment, page: Page) -> bytes:
    """Return the Markdown file of ``page``; the gallery page without its tiles."""
    name = next(name for name, kind in TEMPLATES.items() if type(page) is kind)
    values: dict[str, Any] = {field.name: getattr(page, field.name) for field in dataclasses.fields(page)}
    text = environment.get_template(name).render(values)
    # A blank line ends a raw HTML block in some Markdown dialects; more than one is only noise.
    return (set_aside(re.sub(r"\n{3,}", "\n\n", text).strip()) + "\n").encode("utf-8")


def render_pieces(environment: jinja2.Environment, page: Page) -> Iterator[bytes]:
    """Yield the Markdown file of ``page`` in pieces: the tiles of the gallery page one after the other."""
    before, tiles, after = render_page(environment, page).partition(_TILES.encode())
    yield before
    if tiles and isinstance(page, contexts.IndexPage):
        macros: Any = environment.get_template("_macros.j2").module
        for i, item in enumerate(page.cards):
            tile = re.sub(r"\n\s*\n+", "\n", macros.card(page.root, item, i < _EAGER).strip())
            yield indented(tile).lstrip().encode() + b"\n "
    yield after
