import pytest

from gallery.records import GraphNode
from gallery.render.diagrams.look import colour_of, node_size, picture_side


def test_ramp_is_exact_at_its_anchors_and_clipped_outside() -> None:
    assert colour_of(0.9) == "#2171b5"
    assert colour_of(-1.0) == colour_of(0.0) == "#b35806"
    assert colour_of(1.7) == colour_of(1.0) == "#084594"


def test_low_is_orange_and_high_is_blue() -> None:
    low, high = (bytes.fromhex(colour_of(share)[1:]) for share in (0.3, 0.95))
    assert low[0] > low[2]
    assert high[2] > high[0]


def test_roots_are_largest_and_leaves_smallest() -> None:
    sides = [
        picture_side(GraphNode("n", 1, 0.5, 0.5, root, inner))
        for root, inner in ((True, True), (False, True), (False, False))
    ]
    assert sides == sorted(sides, reverse=True)
    assert len(set(sides)) == 3


def test_cards_follow_the_shape_of_the_photograph() -> None:
    node = GraphNode("n", 1, 0.5, 0.5, is_root=False, is_expanded=True)
    wide, square = node_size(node, 0.5), node_size(node, 1.0)
    assert wide[0] == square[0]
    assert square[1] - wide[1] == pytest.approx(picture_side(node) / 2)
