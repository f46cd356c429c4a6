"""Sizes and colours of structured attention graphs."""

from itertools import pairwise

from gallery.records import GraphNode

# Sides of the pictures in points: what matters most is largest, and the leaves, of which a rank may hold
# dozens, stay narrow.
_ROOT_PT, _INNER_PT, _LEAF_PT = 96.0, 76.0, 60.0
FRAME_PT = 3.0
TEXT_PT = 26.0
TAB_PT = 14.0

# Width of the line around the kept patches and around those just taken away: finer for superpixels, of which
# many are small or thin.
BORDER_PT = {"grid": 1.0, "slic": 0.5}
REMOVED_PT = {"grid": 1.2, "slic": 0.9}

CARD, CARD_INK, CARD_SOFT = "#ffffff", "#1b1b1b", "#565656"
EDGE, REMOVED = "#8c8c8c", "#f08e36"

# Share of the full confidence -> colour, from orange (lost) through grey to blue (kept): the two ends
# differ in hue for every kind of colour vision, and every node prints its number as well.
_RAMP = (
    (0.0, (179, 88, 6)),
    (0.4, (224, 130, 20)),
    (0.65, (138, 138, 138)),
    (0.9, (33, 113, 181)),
    (1.0, (8, 69, 148)),
)


def colour_of(relative: float) -> str:
    """Return the colour ``#rrggbb`` of a confidence relative to the whole image's, clipped to [0, 1]."""
    share = min(1.0, max(0.0, relative))
    for (low, first), (high, last) in pairwise(_RAMP):
        if share <= high:
            part = (share - low) / (high - low)
            return "#" + bytes(round(a + (b - a) * part) for a, b in zip(first, last, strict=True)).hex()
    return "#" + bytes(_RAMP[-1][1]).hex()


def picture_side(node: GraphNode) -> float:
    """Return the width of a node's picture in points."""
    if node.is_root:
        return _ROOT_PT
    return _INNER_PT if node.is_expanded else _LEAF_PT


def node_size(node: GraphNode, aspect: float) -> tuple[float, float]:
    """Return (width, height) of a node's card in points, for pictures of height / width ``aspect``."""
    side = picture_side(node)
    tab = TAB_PT if node.is_root else 0.0
    return (side + 2 * FRAME_PT, side * aspect + FRAME_PT + TEXT_PT + tab)
