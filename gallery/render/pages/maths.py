"""Documentation text (Markdown with LaTeX between dollar signs) to HTML with MathML, at build time.

Browsers draw MathML themselves, so formulas need neither JavaScript nor fonts from elsewhere. Raw HTML in the
text is escaped, not passed through.
"""

import re

import latex2mathml.converter
import markdown

_MATHS = re.compile(
    r"(?P<code>(`+).+?\2)|\$\$(?P<block>.+?)\$\$|\$(?P<inline>[^$\n]+(?:\n[^$\n]+)*?)\$", re.DOTALL
)
_UPRIGHT = re.compile(r"\\(?:operatorname|mathrm)\{([A-Za-z0-9 .-]{2,})\}")


def mathml(latex: str, *, block: bool = False) -> str:
    """Return ``latex`` as a ``<math>`` element that carries its source as alternative text."""
    source = " ".join(latex.split())
    # A run of upright letters is one word, not a product of variables.
    converted: str = latex2mathml.converter.convert(
        _UPRIGHT.sub(r"\\text{\1}", source), display="block" if block else "inline"
    )
    escaped = source.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    return converted.replace("<math ", f'<math aria-label="{escaped}" ', 1)


def document_html(text: str) -> str:
    """Return Markdown with ``$...$`` and ``$$...$$`` formulas as HTML.

    Formulas are taken out before Markdown sees them (it would read their underscores and asterisks) and put
    back afterwards. Code spans are left alone.
    """
    formulas: list[str] = []

    def stash(match: re.Match[str]) -> str:
        if match["code"]:
            return match[0]
        block = match["block"] is not None
        formulas.append(mathml(match["block"] if block else match["inline"], block=block))
        return f"EGFORMULA{len(formulas) - 1}END"

    converter = markdown.Markdown(extensions=["tables", "sane_lists", "fenced_code"])
    converter.preprocessors.deregister("html_block")
    converter.inlinePatterns.deregister("html")
    html = converter.convert(_MATHS.sub(stash, text))
    return re.sub(r"EGFORMULA(\d+)END", lambda match: formulas[int(match[1])], html)
