"""Words, citations and how the site was built."""

from collections.abc import Mapping
from dataclasses import dataclass

from gallery.render.pages.contexts.page import Page
from gallery.render.pages.excerpt import Rest
from gallery.render.pages.parts import Link, Term
from gallery.render.pages.set_parts import DataTable


@dataclass(frozen=True)
class GlossaryPage(Page):
    """``glossary.md.j2``: the words used.

    Attributes:
        p_high: Share of p(full) a sufficient patch set reaches.
        p_low: Share of p(full) above which a node of the graph is expanded.
        grid: Mask model in words.
    """

    p_high: str
    p_low: str
    grid: str


@dataclass(frozen=True)
class CitePage(Page):
    """``cite.md.j2``: how to cite the set and its pages.

    Attributes:
        bibtex: Entry of the whole set.
        example: Entry of one image page, or "".
        citation_files: Citation files of the whole set.
        version: Of the set.
    """

    bibtex: str
    example: str
    citation_files: tuple[Link, ...]
    version: str


@dataclass(frozen=True)
class AboutPage(Page):
    """``about.md.j2``: how the site was built.

    Attributes:
        passes: Images passed through the classifiers, by stage, method and measure; none in an empty set.
        settings: Section title -> settings.
        versions: Package and version.
        software: Everything this is made with, and its licence.
        digests: SHA-256 of what went in; of a large set, of the first photographs.
        rest: Where the others are; None if there are none.
        files: All digests for download.
        seed: Root of every random draw.
        device: What the explanations were computed on.
    """

    passes: tuple[DataTable, ...]
    settings: Mapping[str, tuple[Term, ...]]
    versions: tuple[Term, ...]
    software: DataTable
    digests: DataTable
    rest: Rest | None
    files: tuple[Link, ...]
    seed: int
    device: str
