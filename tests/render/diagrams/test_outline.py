from gallery.records import AttentionGraph, MaskModel
from gallery.render.diagrams.outline import OutlineNode, drop_text, outline_of, percent

GRID = MaskModel(3, 3)


def flatten(entries: tuple[OutlineNode, ...]) -> list[OutlineNode]:
    return [e for entry in entries for e in (entry, *flatten(entry.children))]


def test_every_set_is_spelled_out_once_and_every_first_deletion_is_listed(deep_graph: AttentionGraph) -> None:
    roots = outline_of(deep_graph, GRID)
    assert len(roots) == 1
    entries = flatten(roots)
    assert {e.node_id for e in entries} == {node.id for node in deep_graph.nodes}
    assert sum(bool(e.removed) for e in entries) == len(deep_graph.links)
    assert any(e.repeated for e in entries)
    assert all(not e.children for e in entries if e.repeated)


def test_entries_say_patches_confidence_and_what_was_removed(graph: AttentionGraph) -> None:
    root = outline_of(graph, GRID)[0]
    assert root.text == "patches (0, 0), (0, 1), (1, 1): 85.5 %, 95 % of the whole image"
    assert root.removed == ""
    assert root.children[0].removed == "without (0, 0), \u221229 pp"


def test_numbers_have_their_signs() -> None:
    assert percent(0.94149) == "94.1 %"
    assert [drop_text(d) for d in (0.312, -0.02, 0.001)] == ["\u221231 pp", "+2 pp", "0 pp"]
