"""What pages weigh on the way to a browser, and how much they may."""

import gzip
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from gallery.errors import Problem
from gallery.publish.document import Document, read_document

KIB = 1024
BUDGETS = {"index.html": 200 * KIB, "quiz.html": 200 * KIB, "i/": 150 * KIB, "g/": 150 * KIB}
"""What a page may load before scrolling, in bytes: text as gzip sends it, pictures as they are."""
OWN_JS, OWN_CSS = 20_000, 12_000
"""Bytes of our own scripts and style sheets that a page may name: minified but not packed, as they
lie in the site."""
TILES, PER_TILE = 24, 320
"""The index keeps its budget for so many tiles; each further one may add so many bytes."""


def normal(path: str) -> str:
    """Return a relative path without "." and with ".." only in front."""
    kept: list[str] = []
    for part in path.split("/"):
        if part == ".." and kept and kept[-1] != "..":
            kept.pop()
        elif part not in {"", "."}:
            kept.append(part)
    return "/".join(kept) or "."


def local_paths(path: str, addresses: Iterable[str]) -> list[str]:
    """Return the files in the site that addresses on the page at ``path`` mean, each once."""
    parts = (urlsplit(address) for address in addresses)
    found = [
        normal((Path(path).parent / unquote(part.path)).as_posix())
        for part in parts
        if not part.scheme and not part.netloc and part.path
    ]
    return list(dict.fromkeys(found))


class Weights:
    """Bytes the files of a site take on the way to the browser."""

    def __init__(self, site: Path) -> None:
        """Weigh the files of ``site``, each once."""
        self._site = site
        self._known: dict[str, int] = {}

    def of(self, path: str) -> int:
        """Return the bytes of one file: texts as gzip sends them."""
        if path not in self._known:
            file = self._site / path
            content = file.read_bytes() if file.is_file() else b""
            is_text = file.suffix in {".css", ".js", ".json", ".svg"}
            self._known[path] = len(gzip.compress(content, 6, mtime=0)) if is_text else len(content)
        return self._known[path]

    def page(self, path: str, text: str, page: Document) -> int:
        """Return what the page at ``path`` loads before scrolling; inlined pictures are not counted."""
        for picture in page.inline:
            text = text.replace(picture, "")
        eager = (source for source, is_eager in page.loads if is_eager)
        return len(gzip.compress(text.encode(), 6, mtime=0)) + sum(
            self.of(source) for source in local_paths(path, eager)
        )

    def own(self, path: str, addresses: Iterable[str]) -> int:
        """Return the bytes of our own files among scripts or style sheets of a page, not packed."""
        own = (self._site / source for source in local_paths(path, addresses) if is_own(source))
        return sum(file.stat().st_size for file in own if file.is_file())


def is_own(path: str) -> bool:
    """Return whether a file of the site is ours: the theme keeps its files in folders of ``assets``."""
    return path.startswith("assets/") and path.count("/") == 1


def page_weight(site: Path, path: str) -> int:
    """Return the bytes that the page at ``path`` loads before scrolling; inlined pictures are not counted."""
    text = (site / path).read_text(encoding="utf-8")
    return Weights(site).page(path, text, read_document(text))


def overweight(path: str, text: str, page: Document, weights: Weights) -> Iterator[Problem]:
    """Yield what is too heavy about one page."""
    for what, addresses, most in (("scripts", page.scripts, OWN_JS), ("style sheets", page.styles, OWN_CSS)):
        own = weights.own(path, addresses)
        if own > most:
            reason = f"own {what} are {own} bytes; at most {most}."
            yield Problem(path, what, reason, "Load what only some pages need on those pages only.")
    budget = next((size for start, size in BUDGETS.items() if path.startswith(start)), None)
    if budget is None:
        return
    budget += PER_TILE * max(0, page.n_tiles - TILES)
    weight = weights.page(path, text, page)
    if weight > budget:
        reason = f"loads {weight // KIB} KiB before scrolling; at most {budget // KIB} KiB."
        yield Problem(path, "weight", reason, "Load pictures lazily, or split the page.")
