import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gallery.errors import RenderError
from gallery.records import Float32
from gallery.render.figures.scale import format_number, range_text, scale


def test_unsigned_maps_span_minimum_to_maximum() -> None:
    scaled = scale(np.array([[2.0, 3.0, 4.0]]))
    assert scaled.values.tolist() == [[0.0, 0.5, 1.0]]
    assert (scaled.low, scaled.high, scaled.rule) == (2.0, 4.0, "minimum to maximum")


def test_signed_maps_have_zero_in_the_middle() -> None:
    scaled = scale(np.array([[-1.0, 0.0, 4.0]]), signed=True)
    assert scaled.values.tolist() == [[0.375, 0.5, 1.0]]
    assert (scaled.low, scaled.high) == (-4.0, 4.0)
    assert (scaled.minimum, scaled.maximum) == (-1.0, 4.0)


@pytest.mark.parametrize(("signed", "expected"), [(False, 0.0), (True, 0.5)])
def test_zero_map_is_flat(*, signed: bool, expected: float) -> None:
    scaled = scale(np.zeros((2, 2)), signed=signed)
    assert (scaled.values == expected).all()
    assert scaled.constant


def test_constant_map_is_named_as_such() -> None:
    assert (scale(np.full((2, 2), 7.0)).values == 0).all()
    assert range_text(scale(np.full((2, 2), 7.0))) == "constant at 7.00"


@pytest.mark.parametrize("bad", [np.array([[np.nan]]), np.array([[np.inf]]), np.zeros((0, 3))])
def test_unusable_maps_are_refused(bad: Float32) -> None:
    with pytest.raises(RenderError, match="not finite"):
        scale(bad)


@given(
    values=arrays(np.float32, (3, 4), elements=st.floats(width=32, allow_nan=False, allow_infinity=False)),
    signed=st.booleans(),
)
def test_any_finite_map_lands_between_0_and_1(values: Float32, *, signed: bool) -> None:
    scaled = scale(values, signed=signed).values
    assert scaled.dtype == np.float32
    assert (scaled >= 0).all()
    assert (scaled <= 1).all()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (3.2049, "3.20"),
        (0.01319, "0.0132"),
        (-120.4, "-120"),
        (1.23e-5, "1.23e-05"),
        (45600.0, "4.56e+04"),
    ],
)
def test_numbers_have_three_significant_digits(value: float, text: str) -> None:
    assert format_number(value) == text


def test_range_text_names_the_rule() -> None:
    assert range_text(scale(np.array([[0.0, 2.0]]))) == "0 to 2.00 (minimum to maximum)"
