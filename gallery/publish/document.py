"""One HTML file of the finished site, read for what the checks need."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser

_LOADED = {
    "img", "script", "link", "source", "iframe", "video", "audio", "track", "embed", "object", "image", "use",
    "input", "feimage",
}  # fmt: skip
_PASSIVE_LINKS = {"canonical", "prev", "next", "alternate", "author", "license"}
_STYLE_ADDRESS = re.compile(r"""url\(\s*["']?([^"')]+)|@import\s+["']([^"']+)""")
_FRAGMENT = "#"


@dataclass
class Document:
    """What the checks need of one HTML file.

    Attributes:
        ids: Every ``id``, in order, repeated where it is repeated.
        links: Where the page leads to.
        loads: What it loads, and whether before scrolling.
        scripts: Scripts among them.
        styles: Style sheets among them.
        images: Attributes of every ``img``.
        drawings: Attributes of other elements with the role of a picture; "title" where one follows.
        tags: Name and content of every ``meta`` with a name.
        jsonld: Text of every JSON-LD script.
        inline: Pictures inlined as ``data:`` addresses.
        policies: Content security policies.
        is_late: Whether a script or a style comes before the first policy.
        own_scripts: Text of every script that stands in the page and is code.
        handlers: Attributes that hold code, such as ``onclick``.
        n_tiles: Tiles of the index.
    """

    ids: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    loads: list[tuple[str, bool]] = field(default_factory=list)
    scripts: list[str] = field(default_factory=list)
    styles: list[str] = field(default_factory=list)
    images: list[Mapping[str, str]] = field(default_factory=list)
    drawings: list[dict[str, str]] = field(default_factory=list)
    tags: list[tuple[str, str]] = field(default_factory=list)
    jsonld: list[str] = field(default_factory=list)
    inline: list[str] = field(default_factory=list)
    policies: list[str] = field(default_factory=list)
    is_late: bool = False
    own_scripts: list[str] = field(default_factory=list)
    handlers: list[str] = field(default_factory=list)
    n_tiles: int = 0


def style_addresses(text: str) -> list[str]:
    """Return every address a style sheet (or attribute) loads; places in the same page are left out."""
    found = (one or other for one, other in _STYLE_ADDRESS.findall(text))
    return [address.strip() for address in found if not address.strip().startswith(_FRAGMENT)]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.document = Document()
        self._inside = ""  # "jsonld", "code" or "style" while in such an element
        self._drawing: dict[str, str] | None = None

    def updatepos(self, i: int, j: int) -> int:
        """Skip counting lines, which nobody asks for: a tenth of the time."""
        return j

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        page = self.document
        if given.get("id"):
            page.ids.append(given["id"])
        if tag == "a":
            page.links += [given[name] for name in ("href", "xlink:href") if name in given]
        elif tag == "meta":
            self._meta(given)
        elif tag == "article":
            page.n_tiles += "eg-card" in given.get("class", "").split()
        elif tag in _LOADED:
            self._loaded(tag, given)
        self._more(tag, given)
        self._inside = "style" if tag == "style" else ""
        if tag == "script" and "src" not in given:
            self._script(given.get("type", ""))
        page.is_late |= not page.policies and (tag in {"script", "style"} or bool(page.styles))

    def _script(self, kind: str) -> None:
        """Begin a script that stands in the page: data, or code that the policy must know."""
        if kind == "application/ld+json":
            self._inside = "jsonld"
            self.document.jsonld.append("")
        elif kind != "application/json":
            self._inside = "code"
            self.document.own_scripts.append("")

    def _meta(self, given: Mapping[str, str]) -> None:
        if "name" in given:
            self.document.tags.append((given["name"], given.get("content", "")))
        if given.get("http-equiv", "").lower() == "content-security-policy":
            self.document.policies.append(given.get("content", ""))
        if given.get("http-equiv", "").lower() == "refresh":
            address = given.get("content", "").partition("=")[2]
            self.document.links.append(address.strip("'\" "))

    def _more(self, tag: str, given: Mapping[str, str]) -> None:
        """Look at what any element may have."""
        page = self.document
        page.handlers += [name for name in given if name.startswith("on")]
        if "style" in given and "url(" in given["style"]:
            page.loads += [(address, True) for address in style_addresses(given["style"])]
        for name in ("poster", "action", "formaction"):
            if given.get(name):
                page.loads.append((given[name], True))
        if given.get("role") == "img" and tag != "img":
            self._drawing = dict(given)
            page.drawings.append(self._drawing)
        elif tag == "title" and self._drawing is not None:
            self._drawing["title"] = "given"

    def _loaded(self, tag: str, given: Mapping[str, str]) -> None:
        page = self.document
        if tag == "img":
            page.images.append(given)
        rel = set(given.get("rel", "").split())
        if tag == "link" and rel & _PASSIVE_LINKS:
            return
        if tag == "script" and given.get("src"):
            page.scripts.append(given["src"])
        if tag == "link" and "stylesheet" in rel and given.get("href"):
            page.styles.append(given["href"])
        eager = given.get("loading") != "lazy"
        sources = [given[name] for name in ("src", "href", "xlink:href", "data") if given.get(name)]
        sources += [part.split()[0] for part in given.get("srcset", "").split(",") if part.strip()]
        for source in sources:
            if source.startswith("data:"):
                page.inline.append(source)
            else:
                page.loads.append((source, eager))

    def handle_endtag(self, tag: str) -> None:
        if tag in {"script", "style"}:
            self._inside = ""
        if tag == "svg":
            self._drawing = None

    def handle_data(self, data: str) -> None:
        if self._inside == "jsonld":
            self.document.jsonld[-1] += data
        elif self._inside == "code":
            self.document.own_scripts[-1] += data
        elif self._inside == "style":
            self.document.loads += [(address, True) for address in style_addresses(data)]


def read_document(text: str) -> Document:
    """Return what the checks need of an HTML text."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    return reader.document
