"""Citations survive every reader."""

import json
import re

from gallery.render.pages.citation import bibtex, citation_tags, cite, csl_json
from tests.render.pages import synthetic


def test_bibtex_keeps_people_apart_from_groups_and_escapes_everything() -> None:
    citation = cite(
        synthetic.settings(),
        key="gallery:cat",
        title="100 % {cats} & $dogs_ #1",
        path="i/cat.html",
        note="sha 1234",
    )
    assert bibtex(citation) == (
        "@misc{gallery:cat,\n"
        "  author       = {Curie, Ada and {The Gallery Group}},\n"
        "  title        = {{100 \\% \\{cats\\} \\& \\$dogs\\_ \\#1}},\n"
        "  year         = {2026},\n"
        "  howpublished = {What the network saw, version 1.0},\n"
        "  url          = {https://example.org/gallery/i/cat.html},\n"
        "  note         = {sha 1234}\n"
        "}\n"
    )


def test_a_hostile_title_stays_inside_its_braces() -> None:
    entry = bibtex(cite(synthetic.settings(), key="gallery:x", title=synthetic.HOSTILE, path="i/x.html"))
    bare = re.sub(r"\\[{}]", "", entry)
    assert bare.count("{") == bare.count("}")
    assert "`" not in entry
    assert len(entry.splitlines()) == 7


def test_csl_has_date_parts_and_literal_names() -> None:
    item = json.loads(csl_json(cite(synthetic.settings(), key="gallery:x", title="t", path="i/x.html")))[0]
    assert item["issued"] == {"date-parts": [[2026, 11, 20]]}
    assert item["author"] == [{"family": "Curie", "given": "Ada"}, {"literal": "The Gallery Group"}]


def test_without_address_and_date_nothing_is_made_up() -> None:
    citation = cite(
        synthetic.settings(url="", date="", authors=[]), key="gallery:x", title="t", path="i/x.html"
    )
    names = [tag["name"] for tag in citation_tags(citation)]
    assert names == [
        "citation_title",
        "citation_author",
        "citation_technical_report_institution",
        "citation_technical_report_number",
    ]
    assert "year" not in bibtex(citation)
    assert "URL" not in csl_json(citation)
