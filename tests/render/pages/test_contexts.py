"""Every template uses exactly the fields of its context."""

import dataclasses

import pytest
from jinja2 import meta

from gallery.render.pages.contexts import Page
from gallery.render.pages.environment import TEMPLATES, make_environment
from gallery.templates import templates_folder


@pytest.mark.parametrize(("name", "kind"), TEMPLATES.items(), ids=TEMPLATES)
def test_a_templates_variables_are_the_fields_of_its_context(name: str, kind: type[Page]) -> None:
    environment = make_environment(templates_folder())
    source = (templates_folder() / "pages" / name).read_text(encoding="utf-8")
    used = meta.find_undeclared_variables(environment.parse(source))
    assert used == {field.name for field in dataclasses.fields(kind)}


def test_every_page_template_has_a_context() -> None:
    assert {file.name for file in (templates_folder() / "pages").iterdir()} == set(TEMPLATES)


@pytest.mark.parametrize("kind", TEMPLATES.values())
def test_every_field_is_documented(kind: type[Page]) -> None:
    documented = (kind.__doc__ or "") + (Page.__doc__ or "")
    for field in dataclasses.fields(kind):
        assert f"        {field.name}: " in documented or f"    {field.name}: " in documented
