import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gallery.errors import StoreError
from gallery.records import Explanation, Measurement, TopClass
from gallery.store.codec import LATER, decode, encode
from tests.store.records import EXPLANATION, HUGE, KEYS, MEASUREMENT, RECORDS


def same(a: object, b: object) -> bool:
    """Compare values of any depth; arrays by type and content, and types of everything exactly."""
    if isinstance(a, np.ndarray):
        return isinstance(b, np.ndarray) and a.dtype == b.dtype and np.array_equal(a, b)
    if dataclasses.is_dataclass(a) and not isinstance(a, type):
        names = [f.name for f in dataclasses.fields(a)]
        return type(a) is type(b) and all(same(getattr(a, n), getattr(b, n)) for n in names)
    if isinstance(a, Mapping):
        return isinstance(b, Mapping) and list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, tuple):
        return isinstance(b, tuple) and len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and a == b


@pytest.mark.parametrize("record", RECORDS, ids=lambda r: type(r).__name__)
def test_every_record_survives_json(record: object) -> None:
    value, arrays = encode(record)
    assert same(record, decode(type(record), json.loads(json.dumps(value)), arrays))


@settings(deadline=None)
@given(st.integers(min_value=-(2**256), max_value=2**256))
def test_integers_of_any_size_survive_exactly(mask: int) -> None:
    value, arrays = encode(dataclasses.replace(EXPLANATION, mask=mask))
    assert decode(Explanation, json.loads(json.dumps(value)), arrays).mask == mask


@settings(deadline=None)
@given(st.integers(min_value=2**53, max_value=2**256))
def test_integers_that_other_readers_would_round_are_text(mask: int) -> None:
    value, _ = encode(dataclasses.replace(EXPLANATION, mask=mask))
    assert value["mask"] == {"hex": f"{mask:x}"}


@settings(deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False), st.text(st.characters(exclude_categories=["Cs"])))
def test_numbers_and_text_survive_exactly(x: float, text: str) -> None:
    value, _ = encode(TopClass(1, text, x))
    assert decode(TopClass, json.loads(json.dumps(value)), {}) == TopClass(1, text, x)


def test_the_same_record_gives_the_same_text() -> None:
    texts = {json.dumps(encode(record)[0]) for record in (MEASUREMENT, dataclasses.replace(MEASUREMENT))}
    assert len(texts) == 1


def test_arrays_stay_out_of_the_json() -> None:
    value, arrays = encode(MEASUREMENT)
    assert value["x"] == {"array": "/x"}
    assert list(arrays) == ["/x", "/y"]
    assert arrays["/x"] is MEASUREMENT.x


@dataclass(frozen=True)
class Sample:
    """Annotations that records use, in one place."""

    whole: int = 1
    real: float = 1.0
    text: str = ""
    flag: bool = False
    choice: Literal["a", "b"] = "a"
    pair: tuple[int, int] = (1, 2)
    many: tuple[int, ...] = ()
    table: Mapping[int, str] = dataclasses.field(default_factory=dict)
    maybe: str | None = None
    either: str | int = 0
    free: Any = None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("whole", "1"),
        ("whole", True),
        ("whole", 1.5),
        ("real", "1"),
        ("text", 1),
        ("flag", 1),
        ("choice", "c"),
        ("pair", [1]),
        ("pair", "12"),
        ("many", {"array": "/gone"}),
        ("many", 5),
        ("table", [["one", "x"]]),
        ("table", [[1]]),
        ("maybe", 1),
    ],
)
def test_a_field_of_the_wrong_form_is_refused(field: str, value: object) -> None:
    plain, _ = encode(Sample())
    with pytest.raises(StoreError, match="a stored Sample does not match"):
        decode(Sample, {**plain, field: value}, {})


def test_a_missing_field_is_refused() -> None:
    plain, arrays = encode(EXPLANATION)
    del plain["margin"]
    with pytest.raises(StoreError, match="margin"):
        decode(Explanation, plain, arrays)


def test_a_whole_number_may_stand_for_a_real_one() -> None:
    assert decode(Sample, {**encode(Sample())[0], "real": 2}, {}).real == 2


def test_two_arrays_of_one_name_are_refused() -> None:
    one = np.zeros(1)
    with pytest.raises(StoreError, match="both called"):
        encode({"a/b": one, "a": {"b": one}})


def test_array_and_hex_are_fields_like_any_other() -> None:
    @dataclass(frozen=True)
    class Odd:
        array: int
        hex: str

    assert decode(Odd, encode(Odd(HUGE, "x"))[0], {}) == Odd(HUGE, "x")


def test_curves_that_are_not_there_stay_none() -> None:
    record = dataclasses.replace(MEASUREMENT, x=None, y=None)
    value, arrays = encode(record)
    assert not arrays
    assert decode(Measurement, value, arrays).x is None


@dataclass(frozen=True)
class Grown:
    """A record that got a field later."""

    first: int
    second: str = dataclasses.field(default="", metadata=LATER)


def test_a_field_that_came_later_is_left_out_while_it_says_nothing() -> None:
    assert encode(Grown(1))[0] == {"first": 1}
    assert encode(Grown(1, "x"))[0] == {"first": 1, "second": "x"}
    assert decode(Grown, {"first": 1}, {}) == Grown(1)
    assert decode(Grown, {"first": 1, "second": "x"}, {}) == Grown(1, "x")
    with pytest.raises(StoreError, match="first"):
        decode(Grown, {"second": "x"}, {})


def test_entries_without_regions_are_written_as_before_there_were_any() -> None:
    assert "prompted" not in encode(KEYS)[0]
