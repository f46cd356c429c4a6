"""The gallery itself, and one photograph of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from gallery.records import Credit, Quadrant
from gallery.render.pages.contexts.page import Page
from gallery.render.pages.parts import Card, Choice, Link, Term
from gallery.render.pages.section_parts import Section
from gallery.render.pages.set_parts import Facet, Lead


@dataclass(frozen=True)
class IndexPage(Page):
    """``index.md.j2``: the gallery itself.

    Attributes:
        description: The set's paragraph, or "".
        facts: Counts in one line, such as "9 images".
        leads: Results that stand out.
        cards: One per image and classifier; of a large set they are not in memory.
        facets: What the tiles can be filtered by.
        sorts: Orders besides the set's own.
        methods: Choices of what the second picture shows.
        filters: Inline SVG with the colour filters (HTML).
        failures: Image id, stage and reason of what could not be finished.
    """

    description: str
    facts: tuple[str, ...]
    leads: tuple[Lead, ...]
    cards: Sequence[Card]
    facets: tuple[Facet, ...]
    sorts: tuple[Choice, ...]
    methods: tuple[Choice, ...]
    filters: str
    failures: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class ImagePage(Page):
    """``image.md.j2``: one photograph, explained.

    Attributes:
        title: Of the photograph.
        label: Curated ground truth, or None.
        credit: Provenance.
        source: Where it was read from.
        facts: Size and digests.
        quadrants: For composites.
        sections: One per classifier.
        several: Whether there is more than one section, so that each needs its own heading.
        colormaps: Choices of the colour control.
        filters: Inline SVG with the colour filters (HTML).
        bibtex: Entry as text.
        citation_files: Downloads of the citation.
        permalink: Absolute address, or "".
        previous: Page before, or None.
        following: Page after, or None.
    """

    title: str
    label: str | None
    credit: Credit
    source: str
    facts: tuple[Term, ...]
    quadrants: tuple[Quadrant, ...]
    sections: tuple[Section, ...]
    several: bool
    colormaps: tuple[Choice, ...]
    filters: str
    bibtex: str
    citation_files: tuple[Link, ...]
    permalink: str
    previous: Link | None
    following: Link | None
