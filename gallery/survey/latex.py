r"""Tables as LaTeX in the manner of booktabs, to be taken into a paper with ``\input``.

Titles come from outside: every character that means something to TeX is escaped. What LaTeX has no letter
for in its usual set-up (minus sign, arrows, dashes, the multiplication sign, Greek letters) is written as a
command; other letters stay as they are, in UTF-8.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from gallery.errors import SurveyError

_SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%",
    "_": r"\_", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"\textless{}",
    ">": r"\textgreater{}", "|": r"\textbar{}", '"': "''",
    "\N{MINUS SIGN}": "$-$", "\N{EN DASH}": "--", "\N{EM DASH}": "---",
    "\N{MULTIPLICATION SIGN}": r"$\times$",
    "\N{UPWARDS ARROW}": r"$\uparrow$", "\N{DOWNWARDS ARROW}": r"$\downarrow$",
    "\N{RIGHT SINGLE QUOTATION MARK}": "'", "\N{NO-BREAK SPACE}": "~", "\N{NARROW NO-BREAK SPACE}": r"\,",
    "\N{GREEK SMALL LETTER ALPHA}": r"$\alpha$", "\N{GREEK SMALL LETTER RHO}": r"$\rho$",
    "\N{HORIZONTAL ELLIPSIS}": r"\ldots{}",
}  # fmt: skip
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_NUMBER = re.compile(r"[-+<\N{MINUS SIGN}]?\s*\.?\d|[-\N{EN DASH}]?(?: \[\w+\])?$")
"""How a number begins, or a dash in its place with the letter of a note."""


@dataclass(frozen=True)
class TexTable:
    r"""A table to be written as LaTeX; all texts are plain.

    Attributes:
        caption: Below ``\caption``.
        label: Letters, digits, ":" and "-".
        header: Column heads, the first above the row names.
        rows: As many cells each: text, and whether it is set in bold.
    """

    caption: str
    label: str
    header: tuple[str, ...]
    rows: tuple[tuple[tuple[str, bool], ...], ...]


def latex_text(table: TexTable, comment: str = "") -> str:
    """Return a table as LaTeX.

    Args:
        table: What to write.
        comment: Put in front as comment lines, such as where the numbers come from.

    Raises:
        SurveyError: If a row has another length than the header.
    """
    n = len(table.header)
    if any(len(row) != n for row in table.rows):
        raise SurveyError(f"a row of the table {table.label!r} does not have {n} cells.")
    lines = [
        f"% {' '.join(line.split())}" for line in (*comment.splitlines(), r"Needs \usepackage{booktabs}.")
    ]
    lines += [
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{escaped(table.caption)}}}",
        rf"\label{{{re.sub(r'[^A-Za-z0-9:-]', '-', table.label)}}}",
        rf"\begin{{tabular}}{{{_alignment(table)}}}",
        r"\toprule",
        _line([escaped(head) for head in table.header]),
        r"\midrule",
        *(_line([_cell(*cell) for cell in row]) for row in table.rows),
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    """Return plain text as LaTeX text on one line."""
    plain = "".join(c if c.isprintable() or c.isspace() else " " for c in text)
    plain = re.sub(r"[^\S\u00a0\u202f]+", " ", plain).strip(" ")
    raised = re.sub(
        r"[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+",
        lambda match: f"\0{match[0].translate(_SUPERSCRIPTS)}\1",
        plain,
    )
    out = "".join(_SPECIAL.get(c, c) for c in raised)
    return out.replace("\0", "$^{").replace("\1", "}$")


def _alignment(table: TexTable) -> str:
    """Return "l" for the row names and for columns with texts, "r" for columns of numbers."""
    columns = list(zip(*table.rows, strict=True))[1:] if table.rows else [()] * (len(table.header) - 1)
    return "l" + "".join("r" if all(_NUMBER.match(text) for text, _ in one) else "l" for one in columns)


def _line(cells: Sequence[str]) -> str:
    r"""Return a row; what follows ``\\`` or a rule must not look like its option."""
    line = " & ".join(cells) + r" \\"
    return "{}" + line if line.startswith(("[", "*", "(")) else line


def _cell(text: str, is_bold: bool) -> str:
    return rf"\textbf{{{escaped(text)}}}" if is_bold and text else escaped(text)
