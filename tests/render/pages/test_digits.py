"""How many digits a column is printed with."""

import pytest

from gallery.render.pages.digits import Digits, digits_for

MINUS = "\N{MINUS SIGN}"


@pytest.mark.parametrize(
    ("values", "texts", "unit"),
    [
        ([0.51234, 0.1], ["0.512", "0.100"], ""),
        ([0.0512, 0.01], ["0.0512", "0.0100"], ""),
        ([1.5, 0.25], ["1.500", "0.250"], ""),
        ([45.27, 3.0], ["45.27", "3.00"], ""),
        ([1234.5], ["1234"], ""),
        ([2.5e-5, 1e-6], ["2.50", "0.10"], "in 10⁻⁵"),
        ([3e7], ["3.00"], "in 10⁷"),
        ([-0.5, None, float("nan")], [f"{MINUS}0.500"], ""),
        ([0.0, 0.0], ["0.000", "0.000"], ""),
        ([], [], ""),
    ],
)
def test_columns_have_three_or_four_digits_of_their_largest_number(
    values: "list[float | None]", texts: list[str], unit: str
) -> None:
    digits = digits_for(values)
    assert [digits.text(v) for v in values if v is not None and v == v] == texts
    assert digits.unit == unit


def test_whole_numbers_are_printed_whole_where_wanted() -> None:
    assert digits_for([4000, 1.0], whole=True).text(4000) == "4000"
    assert digits_for([1.0, 0.0], whole=True).text(0) == "0"
    assert digits_for([1.0, 0.5], whole=True).text(0.5) == "0.500"


def test_signs_are_real_and_zero_has_none() -> None:
    assert Digits(2).text(-0.001) == "0.00"
    assert Digits(2).text(-0.001, signed=True) == "0.00"
    assert Digits(2).text(0.5, signed=True) == "+0.50"
    assert Digits(2).text(-0.5, signed=True) == f"{MINUS}0.50"
    assert Digits(2, -5).text(-2e-5, signed=True) == f"{MINUS}2.00"
