"""Parts of a page that neither Markdown nor the search has to read.

An image page has more than a thousand elements of finished HTML: figures, the drawing of the graph, tables.
MkDocs would parse them three times (Markdown, headings, search), which is most of the time that publishing
takes. A template sets such a part aside with ``{% call aside() %} ... {% endcall %}``. It then travels in the
front matter, as it is, and the theme's ``partials/content.html`` puts it back where it was.
"""

import re
from collections.abc import Callable

import jinja2
from markupsafe import Markup

_OPEN, _CLOSE = "<!--aside-->", "<!--/aside-->"
_ASIDE = re.compile(f"{_OPEN}\n*(.*?)\n*{_CLOSE}", re.DOTALL)
_UNPRINTABLE = re.compile(
    "[^\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
"""What YAML refuses in plain text, or takes for the end of a line."""


def aside(caller: Callable[[], Markup]) -> Markup:
    """Mark what a template's call block holds as a part to be set aside.

    Raises:
        jinja2.TemplateRuntimeError: If there is such a part in it already.
    """
    inside = caller()
    if _OPEN in inside:
        raise jinja2.TemplateRuntimeError("A part that is set aside holds another one; mark only one.")
    return Markup(_OPEN) + inside + Markup(_CLOSE)


def place(number: int) -> str:
    """Return what stands in the Markdown for a part; text of users cannot hold it, because it is escaped."""
    return f"<!--part {number}-->"


def set_aside(text: str) -> str:
    """Move the marked parts of a Markdown file behind the key ``parts`` of its front matter.

    Args:
        text: Begins with YAML front matter.
    """
    parts = _ASIDE.findall(text)
    if not parts:
        return text
    places = (place(i) for i in range(len(parts)))
    body = _ASIDE.sub(lambda _: next(places), text)
    listed = "".join(f"- |1-\n{indented(part)}\n" for part in parts)
    return body.replace("---\n", f"---\nparts:\n{listed}", 1)


def indented(part: str) -> str:
    """Return a part as it stands in the front matter."""
    printable = _UNPRINTABLE.sub(lambda match: f"&#{ord(match[0])};", part)
    return "\n".join(f" {line}" if line else "" for line in printable.split("\n"))
