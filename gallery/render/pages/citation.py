"""How a page is cited: BibTeX, CSL-JSON, ``citation_*`` tags and JSON-LD, all from one record."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gallery.config import SetSettings
from gallery.render.pages.wording import one_line

_LATEX = {
    **{mark: f"\\{mark}" for mark in "{}$&#_%"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "`": r"\textasciigrave{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    '"': r"\textquotedbl{}",
}


@dataclass(frozen=True)
class Citation:
    """What is needed to cite one page.

    Attributes:
        key: BibTeX key, such as "gallery:espresso".
        title: Title of the page.
        authors: "Family, Given" each; the set's title where no curator is named.
        gallery: Title of the whole set.
        version: Version of the set.
        date: Year or ISO date, or "".
        path: Page relative to the site, such as "i/espresso.html".
        base_url: Where the site will be hosted, ending in "/", or "".
        note: What the page was computed from, one line.
    """

    key: str
    title: str
    authors: tuple[str, ...]
    gallery: str
    version: str
    date: str
    path: str
    base_url: str
    note: str

    @property
    def url(self) -> str:
        """Absolute address of the page, or "" if the set names none."""
        return self.base_url + self.path if self.base_url else ""


def cite(settings: SetSettings, *, key: str, title: str, path: str, note: str = "") -> Citation:
    """Return the citation of one page of the set."""
    return Citation(
        key=key,
        title=one_line(title),
        authors=tuple(one_line(author) for author in settings.authors) or (one_line(settings.title),),
        gallery=one_line(settings.title),
        version=one_line(settings.version),
        date=settings.date,
        path=path,
        base_url=settings.url.rstrip("/") + "/" if settings.url else "",
        note=one_line(note),
    )


def latex(text: str) -> str:
    """Return ``text`` with everything LaTeX would act on escaped."""
    return "".join(_LATEX.get(character, character) for character in one_line(text))


def bibtex(citation: Citation) -> str:
    """Return the page's BibTeX entry, ending in a newline."""
    # Only "Family, Given" is a person; braces keep BibTeX from splitting a title used as author.
    people = [latex(name) if "," in name else "{" + latex(name) + "}" for name in citation.authors]
    fields = {
        "author": " and ".join(people),
        "title": "{" + latex(citation.title) + "}",
        "year": citation.date[:4],
        "howpublished": latex(f"{citation.gallery}, version {citation.version}"),
        "url": citation.url.replace("{", "%7B").replace("}", "%7D"),
        "note": latex(citation.note),
    }
    lines = [f"  {name:<12} = {{{value}}}" for name, value in fields.items() if value]
    return f"@misc{{{citation.key},\n" + ",\n".join(lines) + "\n}\n"


def csl_json(citation: Citation) -> str:
    """Return the page's CSL-JSON (a list with one item), ending in a newline."""
    item: dict[str, Any] = {
        "id": citation.key,
        "type": "webpage",
        "title": citation.title,
        "author": [_csl_name(name) for name in citation.authors],
        "container-title": citation.gallery,
        "version": citation.version,
    }
    if citation.date:
        item["issued"] = {"date-parts": [[int(part) for part in citation.date.split("-")]]}
    item |= {name: value for name, value in (("URL", citation.url), ("note", citation.note)) if value}
    return json.dumps([item], indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def _csl_name(name: str) -> dict[str, str]:
    family, comma, given = name.partition(",")
    return {"family": family.strip(), "given": given.strip()} if comma else {"literal": name}


def citation_tags(citation: Citation) -> list[dict[str, str]]:
    """Return the page's ``citation_*`` tags as name and content, for reference managers.

    The institution makes Zotero file the page as a report; with a title alone it guesses a journal article.
    """
    tags = [("citation_title", citation.title)]
    tags += [("citation_author", author) for author in citation.authors]
    tags += [
        ("citation_technical_report_institution", citation.gallery),
        ("citation_technical_report_number", f"{citation.version}/{citation.key.partition(':')[2]}"),
        ("citation_publication_date", citation.date.replace("-", "/")),
        ("citation_public_url", citation.url),
    ]
    return [{"name": name, "content": content} for name, content in tags if content]


def image_objects(figures: Mapping[str, str], citation: Citation, credit: str) -> list[dict[str, Any]]:
    """Return one JSON-LD ImageObject per figure.

    Args:
        figures: Path of the figure relative to the site -> its description.
        citation: Of the page that shows them.
        credit: Author and licence of the photograph.
    """
    return [
        {
            "@type": "ImageObject",
            "contentUrl": citation.base_url + path,
            "creditText": credit,
            "description": description,
            "isPartOf": citation.url or citation.path,
        }
        for path, description in figures.items()
    ]


def page_jsonld(citation: Citation, kind: str, *, description: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return the JSON-LD of a page of schema.org type ``kind``."""
    data: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": kind,
        "name": citation.title,
        "description": description,
        "version": citation.version,
        "creator": [
            {"@type": "Person" if "," in name else "Organization", "name": name} for name in citation.authors
        ],
        "isPartOf": {"@type": "Dataset", "name": citation.gallery, "version": citation.version},
    }
    if citation.url:
        data["url"] = citation.url
    if citation.date:
        data["datePublished"] = citation.date
    return data | more


def bibtex_key(image_id: str) -> str:
    """Return the BibTeX key of an image page."""
    return "gallery:" + re.sub(r"[^A-Za-z0-9_-]", "-", image_id)
