"""Ids and titles made from file names."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable

_LONGEST = 64  # gallery.config.SLUG
_HASH_CHARS = 8


def slug(text: str) -> str:
    """Return ``text`` as an id: lower-case ASCII letters, digits and hyphens, at most 64 characters.

    A name without any such character, or a longer one, carries a hash of ``text``, so that different names
    stay different and the same name always gives the same id.
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    mark = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_HASH_CHARS]
    if not words:
        return f"image-{mark}"
    if len(words) > _LONGEST:
        return f"{words[: _LONGEST - _HASH_CHARS - 1].rstrip('-')}-{mark}"
    return words


def unique(wanted: str, taken: Iterable[str]) -> str:
    """Return ``wanted``, or ``wanted-2``, ``wanted-3``, ... if it is in ``taken``."""
    used = set(taken)
    candidate, n = wanted, 1
    while candidate in used:
        n += 1
        candidate = f"{wanted[: _LONGEST - len(str(n)) - 1]}-{n}"
    return candidate


def title(text: str) -> str:
    """Return a file name's stem or an id as a title: "grace_hopper" -> "Grace hopper"."""
    words = re.sub(r"[\s_-]+", " ", "".join(c if c.isprintable() else " " for c in text)).strip()
    return words[:1].upper() + words[1:] or "Untitled"


def natural(text: str) -> list[tuple[int, int, str]]:
    """Return a sort key under which "img2" comes before "img10"."""
    tokens = re.split(r"([0-9]+)", text)
    return [(0, int(t), t) if i % 2 else (1, 0, t.casefold()) for i, t in enumerate(tokens)] + [(2, 0, text)]
