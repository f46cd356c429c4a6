"""Formulas become MathML, and nothing else is let through."""

from gallery.render.pages.maths import document_html, mathml


def test_a_formula_becomes_mathml_with_its_source_as_label() -> None:
    html = document_html(r"The score $\alpha_k \geq 0.5$ of a channel.")
    assert "<math " in html
    assert r'aria-label="\alpha_k \geq 0.5"' in html
    assert "$" not in html


def test_markdown_does_not_read_the_inside_of_a_formula() -> None:
    html = document_html("$a_i * b_i$ and $c_i * d_i$")
    assert "<em>" not in html
    assert html.count("<math ") == 2


def test_a_display_formula_is_a_block() -> None:
    assert 'display="block"' in document_html("$$x = 1$$")


def test_dollars_in_code_are_left_alone() -> None:
    html = document_html("`$x$` and ``a`$y$`b``")
    assert "<math" not in html
    assert "<code>$x$</code>" in html


def test_raw_html_is_escaped() -> None:
    html = document_html("<script>alert(1)</script>\n\n<div onclick=x>*hi*</div>")
    assert "<script" not in html
    assert "<div" not in html


def test_an_upright_word_is_one_word() -> None:
    assert "<mtext>ReLU</mtext>" in mathml(r"\operatorname{ReLU}(x)")


def test_a_label_is_escaped() -> None:
    assert 'aria-label="a &lt; b"' in mathml("a < b")
