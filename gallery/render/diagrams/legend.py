"""The legend under a structured attention graph."""

from gallery.records import AttentionGraph, MaskModel
from gallery.render.diagrams.look import CARD_INK, EDGE, REMOVED, colour_of
from gallery.render.figures.canvas import Box, Item, Path, Text

LEGEND_WIDTH_PT = 372.0
_LINE_PT = 15.0
_BAR_PT = 140.0
_STEPS = 25
_TEXT_PT = 8.5
_SMALL_PT = 7.5
_NAMING = {"grid": ("patch", "(row, column) from 0"), "slic": ("segment", "its number")}


def draw_legend(
    graph: AttentionGraph,
    mask_model: MaskModel,
    thresholds: tuple[float, float],
    corner: tuple[float, float],
) -> tuple[list[Item], float]:
    """Return the legend's items with its top left at ``corner``, and its height in points.

    ``thresholds`` are the shares of the full confidence that are marked: taken further above the first,
    sufficient from the second. Marks that do not occur in the graph are not explained.
    """
    left, top = corner
    items = _ramp(left, top, thresholds)
    y = top + 38.0
    rows: list[tuple[list[Item], str]] = []
    arrow: list[Item] = [
        Path((((left + 2, y - 3), (left + 15, y - 3)),), stroke=EDGE, line=1.5),
        Path((((left + 19, y - 3), (left + 14, y - 5.4), (left + 14, y - 0.6)),), closed=True, fill=EDGE),
    ]
    noun, name = _NAMING[mask_model.partition]
    if graph.links:
        rows.append((arrow, f"one {noun} taken away: {name}, change in percentage points"))
    if graph.links:
        at = y + _LINE_PT * len(rows)
        frame: list[Item] = [Box(left + 5.5, at - 8, 9, 9, stroke=REMOVED, line=1.4)]
        rows.append((frame, f"the {noun} just taken away"))
    if len(graph.links) > len({link.target for link in graph.links}):
        at = y + _LINE_PT * len(rows)
        badge: list[Item] = [
            Box(left + 3.5, at - 10, 13, 13, CARD_INK, "#ffffff", 1, 6.5),
            Text(left + 10, at - 0.7, "2", 8, "middle", bold=True, colour="#ffffff"),
        ]
        rows.append((badge, "ring and number: reached from that many larger sets"))
    if any(not node.is_expanded for node in graph.nodes):
        at = y + _LINE_PT * len(rows)
        rows.append(
            ([Box(left + 6, at - 7, 8, 8, stroke=EDGE, line=1.2, radius=1.5)], "small: not taken further")
        )
    if graph.truncated:
        sets = "set is" if graph.truncated == 1 else "sets are"
        rows.append(([], f"{graph.truncated} more patch {sets} not drawn (limit on nodes)"))
    for index, (mark, words) in enumerate(rows):
        items += mark
        items.append(Text(left + 25, y + index * _LINE_PT, words, _TEXT_PT))
    return items, 38.0 + _LINE_PT * len(rows)


def _ramp(left: float, top: float, thresholds: tuple[float, float]) -> list[Item]:
    """Return the colour ramp with its scale and what the two thresholds mean."""
    items: list[Item] = []
    step = _BAR_PT / _STEPS
    for i in range(_STEPS):
        # Neighbours overlap by a hair, so that no seam shows where edges are smoothed.
        width = step + (0.3 if i + 1 < _STEPS else 0)
        items.append(Box(left + i * step, top, width, 8, fill=colour_of((i + 0.5) / _STEPS)))
    for share in (0.0, *thresholds, 1.0):
        x = left + share * _BAR_PT
        items.append(Path((((x, top + 8), (x, top + 10.5)),), stroke=EDGE, line=0.8))
    low, high = (f"{share * 100:.0f}" for share in thresholds)
    low_x, high_x = (left + share * _BAR_PT for share in thresholds)
    if thresholds[0] > 0.1:
        items.append(Text(left, top + 18.5, "0", _SMALL_PT))
    items.append(Text(low_x, top + 18.5, low, _SMALL_PT, "middle"))
    items.append(Text(high_x, top + 18.5, high, _SMALL_PT, "end"))
    items.append(Text(left + _BAR_PT, top + 18.5, "100 %", _SMALL_PT))
    items.append(Text(left + _BAR_PT + 28, top + 7, "confidence relative to the whole image:", _TEXT_PT))
    meaning = f"sufficient from {high} %, taken further above {low} %"
    items.append(Text(left + _BAR_PT + 28, top + 18.5, meaning, _TEXT_PT))
    return items
