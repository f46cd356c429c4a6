"""Average ranks with the groups they do not tell apart."""

import re
from collections.abc import Sequence
from xml.etree import ElementTree as ET

import pytest

from gallery.errors import RenderError
from gallery.render.figures.axes import WIDTH
from gallery.render.figures.ranks import RankRow, rank_chart

NS = "{http://www.w3.org/2000/svg}"
ROWS = (RankRow("Best", 1.25), RankRow("Second & <b>", 2.0), RankRow("Third", 2.75), RankRow("Last", 4.0))
GROUPS = ((0, 1), (1, 2))


def drawn(
    rows: Sequence[RankRow] = ROWS, groups: Sequence[Sequence[int]] = GROUPS, cd: float = 1.0
) -> ET.Element:
    return ET.fromstring(rank_chart(rows, groups, cd, prefix="r-", title="Ranks"))


def texts(root: ET.Element) -> dict[str, tuple[float, float]]:
    return {str(e.text): (float(str(e.get("x"))), float(str(e.get("y")))) for e in root.iter(f"{NS}text")}


def dots(root: ET.Element) -> list[tuple[float, float]]:
    """Return the centres of the dots, from top to bottom."""
    found = [
        (float(str(e.get("x"))) + float(str(e.get("width"))) / 2,
         float(str(e.get("y"))) + float(str(e.get("height"))) / 2)
        for e in root.iter(f"{NS}rect") if e.get("rx")
    ]  # fmt: skip
    return sorted(found, key=lambda place: place[1])


def test_dots_lie_at_their_ranks_beside_their_names() -> None:
    root = drawn()
    at, centres = texts(root), dots(root)
    scale = (at["4"][0] - at["1"][0]) / 3
    for row, (x, y) in zip(ROWS, centres, strict=True):
        assert x == pytest.approx(at["1"][0] + (row.rank - 1) * scale, abs=0.2)
        assert at[row.label][1] == pytest.approx(y + 3, abs=0.2)
        assert f"{row.rank:.2f}" in at


def _lines(root: ET.Element) -> list[tuple[float, float, float, float]]:
    """Return all straight lines as (x, y, x, y)."""
    found = []
    for path in root.iter(f"{NS}path"):
        for part in re.findall(r"M([^M]*)", str(path.get("d"))):
            move = re.match(r"(-?[\d.]+)[ ,](-?[\d.]+)(.*)", part)
            assert move
            x, y, rest = float(move[1]), float(move[2]), move[3]
            step = re.match(r"([HVL])(-?[\d.]+)(?:[ ,](-?[\d.]+))?$", rest.strip())
            assert step, part
            end = float(step[2])
            found.append((x, y, x if step[1] == "V" else end, end if step[1] == "V" else float(step[3] or y)))
    return found


def test_the_critical_difference_is_drawn_to_scale() -> None:
    root = drawn(cd=1.5)
    at = texts(root)
    scale = (at["4"][0] - at["1"][0]) / 3
    (label,) = [name for name in at if name.startswith("CD")]
    assert label == "CD = 1.50"
    rulers = [
        abs(line[2] - line[0]) for line in _lines(root) if line[1] == line[3] and line[1] < dots(root)[0][1]
    ]
    assert rulers == [pytest.approx(1.5 * scale, abs=0.3)]


def test_a_bar_joins_exactly_the_methods_of_its_group() -> None:
    root = drawn()
    centres = [y for _, y in dots(root)]
    right = max(x for name, (x, _) in texts(root).items() if re.fullmatch(r"\d\.\d\d", name))
    bars = sorted(line for line in _lines(root) if line[0] == line[2] > right)
    joined = [[i for i, y in enumerate(centres) if bar[1] < y < bar[3]] for bar in bars]
    assert joined == [list(group) for group in GROUPS]
    assert bars[0][0] < bars[1][0]  # they share a method, so they stand side by side


def test_bars_that_share_nothing_stand_in_one_column() -> None:
    root = drawn(groups=((0, 1), (2, 3)))
    right = max(x for name, (x, _) in texts(root).items() if re.fullmatch(r"\d\.\d\d", name))
    assert len({line[0] for line in _lines(root) if line[0] == line[2] > right}) == 1


def test_a_difference_longer_than_the_axis_is_only_said() -> None:
    root = drawn(cd=3.5, groups=((0, 1, 2, 3),))
    assert "CD = 3.50, more than the axis is long" in texts(root)


@pytest.mark.parametrize("n", [2, 12, 25, 60])
def test_everything_lies_within_the_drawing_however_many_methods_and_groups(n: int) -> None:
    rows = [RankRow(f"A method with a rather long name {i}", 1 + i * 0.97) for i in range(n)]
    groups = [range(i, min(n, i + max(2, n // 2))) for i in range(0, n - 1)]
    root = drawn(rows, groups, cd=n / 2)
    box = [float(x) for x in str(root.get("viewBox")).split()]
    assert box[2] == WIDTH
    assert all(0 <= x <= WIDTH + 0.1 for line in _lines(root) for x in (line[0], line[2]))
    assert all(0 <= y <= box[3] for line in _lines(root) for y in (line[1], line[3]))
    assert len(dots(root)) == n


def test_the_drawing_is_described() -> None:
    described = str(drawn().findtext(f"{NS}desc"))
    assert "Best 1.25, Second & <b> 2.00, Third 2.75, Last 4.00" in described
    assert "Not told apart: Best to Second & <b>; Second & <b> to Third." in described
    assert str(drawn(groups=()).findtext(f"{NS}desc")).endswith("Not told apart: none.")


@pytest.mark.parametrize(
    ("rows", "groups"),
    [(ROWS[:1], ()), (ROWS[::-1], ()), (ROWS, ((0,),)), (ROWS, ((0, 2),)), (ROWS, ((1, 0),))],
)
def test_rows_are_ascending_and_groups_consecutive(
    rows: Sequence[RankRow], groups: Sequence[Sequence[int]]
) -> None:
    with pytest.raises(RenderError):
        drawn(rows, groups)
