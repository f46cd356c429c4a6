"""The head of a page: what goes into the Markdown file's front matter and from there into ``main.html``."""

import html
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from gallery.render.pages.citation import Citation, citation_tags
from gallery.render.pages.wording import one_line


@dataclass(frozen=True)
class Head:
    """Title and metadata of a page, all plain text.

    Attributes:
        title: Title of the page.
        description: One sentence, for search engines and link previews.
        citation: How the page is cited.
        jsonld: JSON-LD of the page.
        hide: Parts of the theme left out: "toc".
        social: Preview picture relative to the site, or "".
        assets: Style sheets and scripts that only this page loads, relative to the site.
    """

    title: str
    description: str
    citation: Citation
    jsonld: Mapping[str, Any]
    hide: tuple[str, ...] = ()
    social: str = ""
    assets: tuple[str, ...] = ()


def front_matter(head: Head) -> str:
    """Return ``head`` as YAML front matter.

    The theme prints ``title`` and ``description`` without escaping, so they are escaped here; everything
    under ``gallery`` is plain text that ``main.html`` escapes. No ``<`` stands in the text returned, so that
    nothing in it can be taken for a mark of ``aside`` or of ``environment``.
    """
    data = {
        "title": html.escape(one_line(head.title)),
        "description": html.escape(one_line(head.description)),
        "hide": ["navigation", *head.hide],
        "gallery": {
            "title": one_line(head.title),
            "description": one_line(head.description),
            "citation": citation_tags(head.citation),
            "jsonld": dict(head.jsonld),
            # Link previews need an absolute address, so there is none without the set's own.
            "image": head.citation.base_url + head.social if head.social and head.citation.base_url else "",
            "url": head.citation.url,
            "assets": list(head.assets),
        },
    }
    text = yaml.safe_dump(data, allow_unicode=True, width=10**9, sort_keys=True, default_style='"')
    # Every string is in double quotes, where YAML reads the escape as the character.
    return f"---\n{text}---\n".replace("<", "\\x3c")
