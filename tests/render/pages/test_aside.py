"""Parts set aside arrive in the finished page exactly as they were, and nothing else reads them."""

import jinja2
import pytest
from markupsafe import Markup
from mkdocs.utils.meta import get_data

from gallery.render.pages.aside import aside, place, set_aside
from gallery.templates import templates_folder


def _marked(part: str) -> str:
    return str(aside(lambda: Markup(part)))


def _put_back(text: str) -> str:
    """Read a page as MkDocs does and let the theme's partial put the parts back."""
    body, meta = get_data(text)
    page = {"meta": meta, "content": body}
    folder = templates_folder() / "theme"
    return (
        jinja2.Environment(loader=jinja2.FileSystemLoader(folder))
        .get_template("partials/content.html")
        .render(page=page)
    )


HOSTILE = (
    "<b>plain</b>",
    "  two spaces first\n\n\n and blank lines  ",
    "--- a\n---\n...\n- list: [a, {b: c}] # 'quote' \"double\" \\n & | > % @ `",
    "tab\there, \u200fright to left, emoji \U0001f431, e\u0301",
    "{{ page.title }} {% raw %}",
)


@pytest.mark.parametrize("part", HOSTILE)
def test_a_part_arrives_as_it_was(part: str) -> None:
    text = set_aside(f"---\ntitle: x\n---\n# Head\n\n<div>\n{_marked(part)}\n</div>\n{_marked('<i>2</i>')}")
    assert part.strip() not in get_data(text)[0]
    assert [text.count(place(i)) for i in range(3)] == [1, 1, 0]
    whole = _put_back(text)
    assert f"<div>\n{part}\n</div>\n<i>2</i>" in whole
    assert "# Head" in whole
    assert place(0) not in whole


def test_what_yaml_refuses_becomes_a_character_reference() -> None:
    text = set_aside("---\n---\n" + _marked("<p>a\x7fb\x85c\u2028d\ufeffe</p>"))
    assert "<p>a&#127;b&#133;c&#8232;d&#65279;e</p>" in _put_back(text)


def test_a_page_without_parts_is_left_alone() -> None:
    text = "---\ntitle: x\n---\n# Head\n\n<p>text</p>"
    assert set_aside(text) == text
    assert _put_back(text).strip() == "# Head\n\n<p>text</p>"


def test_a_part_within_a_part_is_refused() -> None:
    with pytest.raises(jinja2.TemplateRuntimeError, match="mark only one"):
        aside(lambda: aside(lambda: Markup("x")))
