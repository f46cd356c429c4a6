"""Tables as LaTeX."""

import re

import pytest

from gallery.errors import SurveyError
from gallery.survey.latex import TexTable, escaped, latex_text

HOSTILE = '50 % & more_or_less #1 {a} \\input{/etc/passwd} ~x^2 $y$ <b> | "q"'


def table(*rows: tuple[tuple[str, bool], ...], header: tuple[str, ...] = ("", "mean")) -> TexTable:
    return TexTable("A caption", "tab:x", header, rows)


@pytest.mark.parametrize(
    ("text", "tex"),
    [
        ("50 %", r"50 \%"),
        ("a & b", r"a \& b"),
        ("a_b", r"a\_b"),
        ("#1", r"\#1"),
        ("{}", r"\{\}"),
        ("\\", r"\textbackslash{}"),
        ("\\}", r"\textbackslash{}\}"),
        ("~", r"\textasciitilde{}"),
        ("^", r"\textasciicircum{}"),
        ("$", r"\$"),
        ("<|>", r"\textless{}\textbar{}\textgreater{}"),
        ('"', "''"),
        ("\N{MINUS SIGN}0.5", "$-$0.5"),
        ("0.1 \N{EN DASH} 0.2", "0.1 -- 0.2"),
        ("p \N{MULTIPLICATION SIGN} q", r"p $\times$ q"),
        ("Drop \N{UPWARDS ARROW}", r"Drop $\uparrow$"),
        ("in 10⁻⁵", "in 10$^{-5}$"),
        ("10\N{NARROW NO-BREAK SPACE}000", r"10\,000"),
        ("a\N{NO-BREAK SPACE}b", "a~b"),
        ("two\nlines\tand \x00\x01\u2028 \x1c controls", "two lines and controls"),
        ("  spaces  ", "spaces"),
        ("Demšar", "Demšar"),
        ("", ""),
    ],
)
def test_characters_that_mean_something_are_escaped(text: str, tex: str) -> None:
    assert escaped(text) == tex


def unescaped(tex: str) -> str:
    """Return the text that TeX would set, and fail at anything it would run."""
    commands = {
        r"\textbackslash{}": "\\", r"\textasciitilde{}": "~", r"\textasciicircum{}": "^",
        r"\textless{}": "<", r"\textgreater{}": ">", r"\textbar{}": "|", "''": '"',
        **{"\\" + c: c for c in "%&_#{}$"},
    }  # fmt: skip
    parts = re.split("(" + "|".join(re.escape(c) for c in sorted(commands, key=len, reverse=True)) + ")", tex)
    for part in parts[::2]:
        assert not set(part) & set("\\%&_#{}$~^"), part
    return "".join(commands.get(part, part) for part in parts)


def test_hostile_titles_stay_text_everywhere() -> None:
    assert unescaped(escaped(HOSTILE)) == HOSTILE
    made = TexTable(HOSTILE, HOSTILE, (HOSTILE, HOSTILE), (((HOSTILE, False), (HOSTILE, True)),))
    text = latex_text(made, HOSTILE + "\n\\end{document}")
    safe = escaped(HOSTILE)
    assert rf"\caption{{{safe}}}" in text
    assert rf"{safe} & \textbf{{{safe}}} \\" in text
    assert re.search(r"\\label\{[A-Za-z0-9:-]+\}", text)
    comments = [line for line in text.splitlines() if line.startswith("%")]
    assert len(comments) == 3
    assert r"\input" not in "\n".join(line for line in text.splitlines() if not line.startswith("%"))


def test_a_whole_table() -> None:
    text = latex_text(table((("A", False), ("0.5", True)), (("B", False), ("", True))), "From: here")
    assert text.splitlines() == [
        "% From: here",
        r"% Needs \usepackage{booktabs}.",
        r"\begin{table}",
        r"\centering",
        r"\caption{A caption}",
        r"\label{tab:x}",
        r"\begin{tabular}{lr}",
        r"\toprule",
        r" & mean \\",
        r"\midrule",
        r"A & \textbf{0.5} \\",
        r"B &  \\",
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    ]


@pytest.mark.parametrize("text", ["[2em] wide", "*starred", "(lr) cut"])
def test_a_row_does_not_begin_like_an_option_of_the_row_before(text: str) -> None:
    lines = latex_text(table((("A", False), ("1", False)), ((text, False), ("2", False)))).splitlines()
    assert f"{{}}{text} & 2 \\\\" in lines
    assert f"{{}}{text} & x \\\\" in latex_text(table(header=(text, "x"))).splitlines()


def test_numbers_stand_right_and_texts_left() -> None:
    header = ("", "number", "with sign", "gaps", "p", "text")
    first = ("a", "0.5 (0.4 to 0.6)", "\N{MINUS SIGN}1", "\N{EN DASH}", "< 0.001", "no evidence")
    second = ("b", "1", "+2.0", ".5", "", "12")
    made = TexTable("c", "l", header, tuple(tuple((t, False) for t in row) for row in (first, second)))
    assert r"\begin{tabular}{lrrrrl}" in latex_text(made)


def test_rows_are_as_long_as_the_header() -> None:
    with pytest.raises(SurveyError, match="2 cells"):
        latex_text(table((("A", False),)))
