"""The finished site, looked at as a browser would: links, anchors, pictures, metadata, weight."""

import gzip
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from gallery.errors import Problem

KIB = 1024
BUDGETS = {"index.html": 200 * KIB, "quiz.html": 200 * KIB, "i/": 150 * KIB}
"""What a page may load before scrolling, in bytes: text as gzip sends it, pictures as they are."""

REQUIRED_TAGS = (
    "citation_title",
    "citation_author",
    "citation_technical_report_institution",
    "citation_technical_report_number",
)
_LOADED = {
    "img",
    "script",
    "link",
    "source",
    "iframe",
    "video",
    "audio",
    "embed",
    "object",
    "image",
    "use",
    "input",
}
_PASSIVE_LINKS = {"canonical", "prev", "next", "alternate", "author", "license"}
_UNLINKED = {"404.html"}  # its links are absolute from the host's root, which is not known here


@dataclass
class Document:
    """What the checks need of one HTML file.

    Attributes:
        ids: Every ``id`` (and ``name`` of anchors).
        links: Where the page leads to.
        loads: What it loads, and whether before scrolling.
        images: Attributes of every ``img``.
        tags: Name and content of every ``meta`` with a name.
        jsonld: Text of every JSON-LD script.
        inline: Bytes of pictures inlined as ``data:`` addresses.
    """

    ids: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    loads: list[tuple[str, bool]] = field(default_factory=list)
    images: list[Mapping[str, str]] = field(default_factory=list)
    tags: list[tuple[str, str]] = field(default_factory=list)
    jsonld: list[str] = field(default_factory=list)
    inline: list[str] = field(default_factory=list)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.document = Document()
        self._in_jsonld = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        page = self.document
        page.ids.update(given[name] for name in ("id",) if given.get(name))
        if tag == "a":
            page.links += [given[name] for name in ("href", "xlink:href") if name in given]
        elif tag == "meta" and "name" in given:
            page.tags.append((given["name"], given.get("content", "")))
        elif tag in _LOADED:
            self._loaded(tag, given)
        if "poster" in given:
            page.loads.append((given["poster"], True))
        self._in_jsonld = tag == "script" and given.get("type") == "application/ld+json"
        if self._in_jsonld:
            page.jsonld.append("")

    def _loaded(self, tag: str, given: Mapping[str, str]) -> None:
        page = self.document
        if tag == "img":
            page.images.append(given)
        if tag == "link" and set(given.get("rel", "").split()) & _PASSIVE_LINKS:
            return
        eager = given.get("loading") != "lazy"
        sources = [given[name] for name in ("src", "href", "xlink:href", "data") if given.get(name)]
        sources += [part.split()[0] for part in given.get("srcset", "").split(",") if part.strip()]
        for source in sources:
            if source.startswith("data:"):
                page.inline.append(source)
            else:
                page.loads.append((source, eager))

    def handle_endtag(self, tag: str) -> None:
        if tag == "script":
            self._in_jsonld = False

    def handle_data(self, data: str) -> None:
        if self._in_jsonld:
            self.document.jsonld[-1] += data


def read_document(text: str) -> Document:
    """Return what the checks need of an HTML text."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    return reader.document


def check_site(site: Path) -> list[Problem]:
    """Return everything wrong with the site in ``site``, by page; an empty list if it is sound.

    Checked: every local address leads to a file, and every ``#id`` to an element; every picture has an
    alternative text and its size; nothing is loaded from elsewhere; JSON-LD is JSON; ``citation_*`` tags are
    complete where there are any; pages keep within ``BUDGETS``.
    """
    texts = {
        file.relative_to(site).as_posix(): file.read_text(encoding="utf-8")
        for file in sorted(site.rglob("*.html"))
        if not any(part.startswith(".") for part in file.relative_to(site).parts)
    }
    if "index.html" not in texts:
        return [Problem(str(site), "index.html", "is missing.", "Publish again.")]
    documents = {path: read_document(text) for path, text in texts.items()}
    weights = _Weights(site)
    problems: list[Problem] = []
    for path, page in documents.items():
        if path not in _UNLINKED:
            problems += _broken(site, path, page, documents)
            problems += _overweight(path, texts[path], page, weights)
        problems += _pictures(path, page)
        problems += _metadata(path, page)
    return problems


def _broken(site: Path, path: str, page: Document, documents: Mapping[str, Document]) -> Iterator[Problem]:
    addresses = [(link, False) for link in page.links] + [(source, True) for source, _ in page.loads]
    for address, is_loaded in dict.fromkeys(addresses):
        parts = urlsplit(address)
        if parts.scheme in {"javascript", "vbscript"}:
            yield Problem(path, address, "is a script in an address.", "Use a button.")
        elif parts.scheme or parts.netloc:
            if is_loaded and parts.scheme != "data":
                yield Problem(path, address, "is loaded from elsewhere.", "Put the file into the site.")
        elif parts.path.startswith("/"):
            yield Problem(path, address, "only works on a server's root.", "Make the address relative.")
        else:
            yield from _missing(site, path, address, documents)


def _missing(site: Path, path: str, address: str, documents: Mapping[str, Document]) -> Iterator[Problem]:
    parts = urlsplit(address)
    target = path
    if parts.path:
        file = Path(path).parent / unquote(parts.path)
        target = _normal(file.as_posix())
        if (site / target).is_dir():
            target = f"{target}/index.html".removeprefix("./")
        if target.startswith("../") or not (site / target).is_file():
            yield Problem(path, address, "leads nowhere.", "Correct the address or write the file.")
            return
    anchor = unquote(parts.fragment)
    # "#c=turbo" is a state of the page's controls, not a place in it.
    if anchor and "=" not in anchor and target in documents and anchor not in documents[target].ids:
        yield Problem(path, address, "names a place that is not on the page.", "Correct the part after #.")


def _normal(path: str) -> str:
    kept: list[str] = []
    for part in path.split("/"):
        if part == ".." and kept and kept[-1] != "..":
            kept.pop()
        elif part not in {"", "."}:
            kept.append(part)
    return "/".join(kept) or "."


def _pictures(path: str, page: Document) -> Iterator[Problem]:
    for image in page.images:
        source = image.get("src", "")[:80]
        if "alt" not in image:
            yield Problem(
                path, source, "has no alternative text.", 'Describe it, or say alt="" if it is decoration.'
            )
        if not (image.get("width", "").isdigit() and image.get("height", "").isdigit()):
            yield Problem(
                path, source, "has no size, so the page jumps while it loads.", "Add width and height."
            )


def _metadata(path: str, page: Document) -> Iterator[Problem]:
    for text in page.jsonld:
        try:
            json.loads(text)
        except ValueError as error:
            yield Problem(path, "JSON-LD", f"is not JSON: {error}.", "Write it with tojson.")
    given = {name for name, content in page.tags if content}
    if any(name.startswith("citation_") for name, _ in page.tags):
        for name in REQUIRED_TAGS:
            if name not in given:
                yield Problem(path, name, "is missing or empty.", "Citation tags come all or not at all.")


class _Weights:
    """Bytes a file takes on the way to the browser."""

    def __init__(self, site: Path) -> None:
        self._site = site
        self._known: dict[str, int] = {}

    def of(self, path: str) -> int:
        if path not in self._known:
            file = self._site / path
            content = file.read_bytes() if file.is_file() else b""
            is_text = file.suffix in {".css", ".js", ".json", ".svg"}
            self._known[path] = len(gzip.compress(content, 6, mtime=0)) if is_text else len(content)
        return self._known[path]

    def page(self, path: str, text: str, page: Document) -> int:
        for picture in page.inline:
            text = text.replace(picture, "")
        local = {
            _normal((Path(path).parent / unquote(urlsplit(source).path)).as_posix())
            for source in _eager(page)
        }
        return len(gzip.compress(text.encode(), 6, mtime=0)) + sum(self.of(source) for source in local)


def _eager(page: Document) -> Iterable[str]:
    return (source for source, eager in page.loads if eager and not urlsplit(source).scheme)


def page_weight(site: Path, path: str) -> int:
    """Return the bytes that the page at ``path`` loads before scrolling; inlined pictures are not counted."""
    text = (site / path).read_text(encoding="utf-8")
    return _Weights(site).page(path, text, read_document(text))


def _overweight(path: str, text: str, page: Document, weights: _Weights) -> Iterator[Problem]:
    budget = next((size for start, size in BUDGETS.items() if path.startswith(start)), None)
    if budget is None:
        return
    weight = weights.page(path, text, page)
    if weight > budget:
        reason = f"loads {weight // KIB} KiB before scrolling; at most {budget // KIB} KiB."
        yield Problem(path, "weight", reason, "Load pictures lazily, or split the page.")
