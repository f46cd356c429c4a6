"""The finished site, looked at as a browser would: links, anchors, pictures, metadata, weight."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from gallery.errors import Problem
from gallery.publish.document import Document, read_document, style_addresses
from gallery.publish.policy import LIVE_SCRIPT, META, policy
from gallery.publish.weight import Weights, normal, overweight

REQUIRED_TAGS = (
    "citation_title",
    "citation_author",
    "citation_technical_report_institution",
    "citation_technical_report_number",
)
_UNLINKED = {"404.html"}  # its links are absolute from the host's root, which is not known here


@dataclass(frozen=True)
class _Site:
    """The site's folder, and the places of every page."""

    folder: Path
    places: Mapping[str, frozenset[str]]


def check_site(site: Path) -> list[Problem]:
    """Return everything wrong with the site in ``site``, by page; an empty list if it is sound.

    Checked: every local address leads to a file, and every ``#id`` to an element; ids are unique; every
    picture has an alternative text and its size; nothing is loaded from elsewhere; JSON-LD is a typed object;
    ``citation_*`` tags are complete where there are any; pages keep within their weight; the security policy
    stands before any script and knows every script that is in the page.
    """
    texts = {
        file.relative_to(site).as_posix(): file.read_text(encoding="utf-8")
        for file in sorted(site.rglob("*.html"))
        if not any(part.startswith(".") for part in file.relative_to(site).parts)
    }
    if "index.html" not in texts:
        return [Problem(str(site), "index.html", "is missing.", "Publish again.")]
    documents = {path: read_document(text) for path, text in texts.items()}
    known = _Site(site, {path: frozenset(page.ids) for path, page in documents.items()})
    weights = Weights(site)
    problems: list[Problem] = list(_style_sheets(site))
    for path, page in documents.items():
        if path not in _UNLINKED:
            problems += _broken(path, page, known)
            problems += overweight(path, texts[path], page, weights)
        problems += _repeated(path, page)
        problems += _pictures(path, page)
        problems += _metadata(path, page)
        problems += _policy(path, page)
    return problems


def _broken(path: str, page: Document, site: _Site) -> Iterator[Problem]:
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
            yield from _missing(path, address, site)


def _missing(path: str, address: str, site: _Site) -> Iterator[Problem]:
    parts = urlsplit(address)
    target = path
    if parts.path:
        target = normal((Path(path).parent / unquote(parts.path)).as_posix())
        if (site.folder / target).is_dir():
            target = f"{target}/index.html".removeprefix("./")
        if target.startswith("../") or not (site.folder / target).is_file():
            yield Problem(path, address, "leads nowhere.", "Correct the address or write the file.")
            return
    anchor = unquote(parts.fragment)
    # "#c=turbo" is a state of the page's controls, not a place in it.
    if anchor and "=" not in anchor and target in site.places and anchor not in site.places[target]:
        yield Problem(path, address, "names a place that is not on the page.", "Correct the part after #.")


def _style_sheets(site: Path) -> Iterator[Problem]:
    for file in sorted(site.rglob("*.css")):
        path = file.relative_to(site).as_posix()
        for address in style_addresses(file.read_text(encoding="utf-8", errors="replace")):
            parts = urlsplit(address)
            if parts.netloc or parts.scheme not in {"", "data"}:
                yield Problem(path, address, "is loaded from elsewhere.", "Put the file into the site.")


def _repeated(path: str, page: Document) -> Iterator[Problem]:
    for name, count in Counter(page.ids).items():
        if count > 1:
            yield Problem(path, f"#{name}", f"is the id of {count} elements.", "Make every id unique.")


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
    for drawing in page.drawings:
        if not any(drawing.get(name, "").strip() for name in ("aria-label", "aria-labelledby", "title")):
            where = drawing.get("id") or drawing.get("class", "")
            yield Problem(path, where, "is a drawing without a name.", "Add a title or an aria-label.")


def _metadata(path: str, page: Document) -> Iterator[Problem]:
    for text in page.jsonld:
        try:
            data = json.loads(text)
        except ValueError as error:
            yield Problem(path, "JSON-LD", f"is not JSON: {error}.", "Write it with tojson.")
            continue
        if not isinstance(data, dict) or not (data.get("@context") and data.get("@type")):
            yield Problem(path, "JSON-LD", "has no @context or no @type.", "Say what it describes.")
    given = {name for name, content in page.tags if content.strip()}
    if any(name.startswith("citation_") for name, _ in page.tags):
        for name in REQUIRED_TAGS:
            if name not in given:
                yield Problem(path, name, "is missing or empty.", "Citation tags come all or not at all.")


def _policy(path: str, page: Document) -> Iterator[Problem]:
    live = any(source.endswith(LIVE_SCRIPT) for source in page.scripts)
    if page.policies != [policy(page.own_scripts, wasm=live)]:
        reason = "is missing, given twice, or does not name exactly the scripts in the page by their hashes."
        fix = "Put scripts into files; only the theme's own may stand in a page."
        yield Problem(path, META, reason, fix)
    elif page.is_late:
        yield Problem(path, META, "stands behind a script or a style sheet.", "Put it first.")
    for name in dict.fromkeys(page.handlers):
        yield Problem(path, name, "is code in an attribute.", "Add the listener in a script.")
