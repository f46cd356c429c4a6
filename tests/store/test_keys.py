import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gallery.store.keys import canonical_json, result_key

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=2), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
MADE_BY = {"image": "i", "options": {"n": 1, "p": 0.5}, "overlaps": [0, 1], "target": "cat", "flag": True}


def test_a_key_is_the_documented_hash() -> None:
    text = '{"kind":"heatmap","made_by":{"a":"\N{SNOWMAN}","b":[1,2.5,null]}}'
    wanted = hashlib.sha256(text.encode()).hexdigest()
    assert result_key("heatmap", {"b": [1, 2.5, None], "a": "\N{SNOWMAN}"}) == wanted


@pytest.mark.parametrize(
    "change",
    [
        {"image": "j"},
        {"options": {"n": 2, "p": 0.5}},
        {"options": {"n": 1, "p": 0.5000000001}},
        {"options": {"n": 1}},
        {"overlaps": [1, 0]},
        {"target": 0},
        {"flag": 1},
        {"flag": None},
        {"more": None},
    ],
)
def test_a_key_depends_on_every_part(change: dict[str, object]) -> None:
    assert result_key("k", {**MADE_BY, **change}) != result_key("k", MADE_BY)


def test_a_key_depends_on_the_kind() -> None:
    assert result_key("search", MADE_BY) != result_key("graph", MADE_BY)


@settings(deadline=None)
@given(PLAIN, PLAIN)
def test_different_values_have_different_texts(a: object, b: object) -> None:
    assert (canonical_json(a) == canonical_json(b)) == (repr(_sorted(a)) == repr(_sorted(b)))


def _sorted(value: object) -> object:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value


def test_the_order_of_a_mapping_does_not_matter() -> None:
    assert result_key("k", dict(reversed(MADE_BY.items()))) == result_key("k", MADE_BY)


def test_nan_has_no_key() -> None:
    with pytest.raises(ValueError, match="JSON"):
        result_key("k", {"p": float("nan")})
