"""What a figure's file says about itself, so that it can be traced once it has left the page.

The same statements go into every format: as RDF in SVG's ``<metadata>``, as an XMP packet in PDF and PNG, and
as text in the PDF's document information and the PNG's text chunks, which more programs show. Dublin Core
where it has a term, and the names of our own facts besides. No dates: the same drawing gives the same bytes.
"""

import re
from collections.abc import Mapping
from html import escape

from PIL import PngImagePlugin

CREATOR = "Explanation Gallery"
FACTS = "urn:explanation-gallery:figure#"
"""Namespace of our own facts, such as ``eg:classifierDigest``."""
PNG_XMP = "XML:com.adobe.xmp"
_NAMESPACES = {
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "dc": "http://purl.org/dc/elements/1.1/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "eg": FACTS,
}
# Fact -> Dublin Core term and the container XMP wants for it ("" for plain text).
_TERMS = {
    "credit": ("dc:rights", "Alt"),
    "permalink": ("dc:identifier", ""),
    "source": ("dc:source", ""),
    "gallery": ("dc:publisher", "Bag"),
}
_PNG_TERMS = {"authors": "Author", "credit": "Copyright", "permalink": "Source"}


def facts_text(facts: Mapping[str, str]) -> str:
    """Return facts as one line: "image: coffee; method: RISE"."""
    return "; ".join(f"{name}: {text}" for name, text in facts.items())


def rdf(title: str, description: str, facts: Mapping[str, str]) -> str:
    """Return the statements about a figure as an ``rdf:RDF`` element.

    Args:
        title: Of the figure.
        description: What it shows, in words; or "".
        facts: Provenance by name, such as "classifier digest"; ``credit``, ``permalink``, ``source``,
            ``gallery`` and ``authors`` are Dublin Core terms as well.
    """
    spaces = " ".join(f'xmlns:{prefix}="{address}"' for prefix, address in _NAMESPACES.items())
    statements = [
        _statement("dc:title", title, "Alt"),
        _statement("dc:creator", facts.get("authors") or CREATOR, "Seq"),
        _statement("dc:description", description, "Alt") if description else "",
        *(_statement(term, facts[name], kind) for name, (term, kind) in _TERMS.items() if facts.get(name)),
        _statement("xmp:CreatorTool", facts.get("software") or CREATOR, ""),
        *(_statement(f"eg:{_property(name)}", text, "") for name, text in facts.items() if text),
    ]
    about = f'<rdf:Description rdf:about="">{"".join(statements)}</rdf:Description>'
    return f"<rdf:RDF {spaces}>{about}</rdf:RDF>"


def xmp(title: str, description: str, facts: Mapping[str, str]) -> str:
    """Return the same as an XMP packet, read-only and without padding; arguments: see ``rdf``."""
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/">{rdf(title, description, facts)}</x:xmpmeta>'
        '<?xpacket end="r"?>'
    )


def png_info(title: str, description: str, facts: Mapping[str, str]) -> PngImagePlugin.PngInfo:
    """Return the same as the text chunks of a PNG; arguments: see ``rdf``."""
    info = PngImagePlugin.PngInfo()
    info.add_itxt("Title", title)
    info.add_itxt("Software", facts.get("software") or CREATOR)
    info.add_itxt("Description", facts_text(facts))
    if description:
        info.add_itxt("Comment", description)
    for name, keyword in _PNG_TERMS.items():
        if facts.get(name):
            info.add_itxt(keyword, facts[name])
    info.add_itxt(PNG_XMP, xmp(title, description, facts))
    return info


def printable(text: str) -> str:
    """Return ``text`` without control characters, which XML does not allow even when escaped."""
    return "".join(character for character in text if character.isprintable() or character == " ")


def _statement(name: str, text: str, container: str) -> str:
    value = escape(printable(text), quote=False)
    if container:
        language = ' xml:lang="x-default"' if container == "Alt" else ""
        value = f"<rdf:{container}><rdf:li{language}>{value}</rdf:li></rdf:{container}>"
    return f"<{name}>{value}</{name}>"


def _property(name: str) -> str:
    """Return the name of a fact as an XML name: "classifier digest" becomes "classifierDigest"."""
    first, *others = re.sub(r"[^A-Za-z0-9]+", " ", name).split() or ["fact"]
    return first.lower() + "".join(word.capitalize() for word in others)
