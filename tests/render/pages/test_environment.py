"""Filters of the page templates."""

from gallery.render.pages.environment import linked_reference


def test_references_link_to_arxiv_and_stay_escaped() -> None:
    html = linked_reference("A <b> paper, arXiv:1610.02391, section 3")
    assert html == (
        'A &lt;b&gt; paper, <a href="https://arxiv.org/abs/1610.02391">arXiv:1610.02391</a>, section 3'
    )
