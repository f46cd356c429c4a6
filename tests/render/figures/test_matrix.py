"""Pairwise numbers as a triangle."""

from xml.etree import ElementTree as ET

import pytest

from gallery.errors import RenderError
from gallery.render.figures.matrix import fill_of, ink_on, luminance, short, triangle

NS = "{http://www.w3.org/2000/svg}"
LABELS = ("A", "B & <b>", "C")
VALUES = {(0, 1): 0.954, (0, 2): -0.25, (1, 2): None}


def drawn() -> ET.Element:
    return ET.fromstring(triangle(LABELS, VALUES, prefix="x-", title="Maps & pairs")[0])


def texts(root: ET.Element) -> dict[str, tuple[float, float]]:
    return {str(e.text): (float(str(e.get("x"))), float(str(e.get("y")))) for e in root.iter(f"{NS}text")}


def test_every_pair_stands_once_in_the_column_of_one_and_the_row_of_the_other() -> None:
    at = texts(drawn())
    assert set(at) == {*LABELS, ".95", "\N{MINUS SIGN}.25", "\N{EN DASH}"}
    assert at[".95"][1] == pytest.approx(at["B & <b>"][1], abs=1)  # row of B
    assert at["\N{MINUS SIGN}.25"][1] == at["\N{EN DASH}"][1] == pytest.approx(at["C"][1], abs=1)
    assert at[".95"][0] == at["\N{MINUS SIGN}.25"][0] < at["\N{EN DASH}"][0]  # column of A, then of B
    assert at["A"][1] < at["B & <b>"][1] < at["C"][1]


def test_the_drawing_has_a_name_and_says_the_extremes() -> None:
    root = drawn()
    assert root.findtext(f"{NS}title") == "Maps & pairs"
    described = str(root.findtext(f"{NS}desc"))
    assert "Least alike: A and C" in described
    assert "most alike: A and B & <b>, 0.95" in described


def test_a_gap_has_no_colour() -> None:
    squares = "".join(str(p.get("d")) for p in drawn().iter(f"{NS}path"))
    assert squares.upper().count("M") == 2


def test_without_numbers_there_are_only_dashes() -> None:
    svg, width = triangle(("A", "B"), {(0, 1): None}, prefix="x-", title="t")
    assert "No numbers" in svg
    assert width > 0


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1"), (0.997, "1"), (0.994, ".99"), (0.0, ".00"), (-0.001, ".00"), (-0.5, "\N{MINUS SIGN}.50"),
        (-1.0, "\N{MINUS SIGN}1"), (None, "\N{EN DASH}"),
    ],
)  # fmt: skip
def test_numbers_are_short(value: float | None, text: str) -> None:
    assert short(value) == text


@pytest.mark.parametrize("value", [i / 20 for i in range(-20, 21)])
def test_numbers_can_be_read_on_their_colours(value: float) -> None:
    fill = fill_of(value)
    light, dark = sorted((luminance(fill), luminance(ink_on(fill))), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5


def test_opposite_numbers_have_different_colours_and_zero_is_pale() -> None:
    assert luminance(fill_of(0)) > 0.8
    assert len({fill_of(-1.0), fill_of(0.0), fill_of(1.0)}) == 3
    assert luminance("#ffffff") == pytest.approx(1)
    assert luminance("#ff0000") == pytest.approx(0.2126)


@pytest.mark.parametrize(
    ("labels", "values"),
    [(("A",), {}), (("A", "B"), {}), (("A", "B"), {(0, 1): 1.5}), (("A", "B"), {(0, 1): 1.0, (1, 0): 1.0})],
)
def test_every_pair_is_needed_from_minus_one_to_one(
    labels: tuple[str, ...], values: dict[tuple[int, int], float | None]
) -> None:
    with pytest.raises(RenderError, match="every pair"):
        triangle(labels, values, prefix="x-", title="t")
