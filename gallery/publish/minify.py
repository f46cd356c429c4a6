"""Our own scripts and style sheets without their comments and white space: same meaning, fewer bytes."""

import re
from pathlib import Path

import rjsmin

from gallery.templates import templates_folder

_CSS_PIECE = re.compile(r"""("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?:/\*.*?\*/|\s)+""", re.DOTALL)
_CSS_TIGHT = re.compile(r""" ?([{};,]) ?|("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')""")


def minify_css(text: str) -> str:
    """Return a style sheet without comments, and with white space only where it may mean something.

    Spaces beside ``:``, ``>``, ``+`` and brackets stay, because nested rules are allowed in our sheets and
    ``a :is(b)`` is not ``a:is(b)``.
    """
    plain = _CSS_PIECE.sub(lambda found: found[1] or " ", text)
    tight = _CSS_TIGHT.sub(lambda found: found[2] or found[1], plain)
    return tight.replace(";}", "}").strip()


def minify_js(text: str) -> str:
    """Return a script without comments and needless white space; names stay as they are."""
    return str(rjsmin.jsmin(text)).strip() + "\n"


def minify_assets(site: Path) -> None:
    """Minify the theme's own scripts and style sheets in a finished site; other files stay as they are."""
    for source in sorted((templates_folder() / "theme/assets").iterdir()):
        minify = {".css": minify_css, ".js": minify_js}.get(source.suffix)
        file = site / "assets" / source.name
        if minify is not None and file.is_file():
            file.write_text(minify(file.read_text(encoding="utf-8")), encoding="utf-8")
