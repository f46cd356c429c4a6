"""Filters of the page templates, and what texts from outside may not do."""

from dataclasses import replace
from pathlib import Path

from mkdocs.utils.meta import get_data

from gallery.render.pages.environment import linked_reference
from tests.render.pages import comparing, synthetic


def test_references_link_to_arxiv_and_stay_escaped() -> None:
    html = linked_reference("A <b> paper, arXiv:1610.02391, section 3")
    assert html == (
        'A &lt;b&gt; paper, <a href="https://arxiv.org/abs/1610.02391">arXiv:1610.02391</a>, section 3'
    )


def test_texts_cannot_pass_for_marks_of_the_renderer(tmp_path: Path) -> None:
    few = comparing.summary_of(2)
    text = "A <!--tiles--> <!--aside--><script>alert(1)</script><!--/aside--> <!--part 0-->"
    settings = synthetic.settings(
        classifiers=["embedded:net_a"], methods="all", title=text, description=text, authors=[text]
    )
    pages = comparing.write_pages(replace(few, settings=settings), tmp_path)
    for page in pages.rglob("*.md"):
        meta = get_data(page.read_text(encoding="utf-8"))[1]
        assert text in meta["gallery"]["title"] or page.name != "index.md"
        assert not any("<script>alert" in part for part in meta.get("parts", ()))
    index = synthetic.page_text(pages / "index.md")
    assert index.count('<article class="eg-card"') == 2
    assert index.count("<script>alert") == 0
    glossary, plain = (get_data((pages / f"{name}.md").read_text("utf-8")) for name in ("glossary", "cite"))
    assert "parts" not in glossary[1]
    assert text in str(plain[1]["gallery"]["citation"])
