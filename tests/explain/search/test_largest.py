"""Both methods give the one answer, and hand over to each other."""

from itertools import combinations
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gallery.errors import ConfigError
from gallery.explain.search import _largest, _packing, _relaxation
from gallery.explain.search._largest import largest_packing


def brute_force(masks: list[int], values: list[int], overlap: int) -> tuple[int, ...]:
    """Return the best of all subsets: most, then greatest sum, then first."""
    fitting = [
        chosen
        for k in range(len(masks) + 1)
        for chosen in combinations(range(len(masks)), k)
        if all((masks[i] & masks[j]).bit_count() <= overlap for i, j in combinations(chosen, 2))
    ]
    return min(fitting, key=lambda chosen: (-len(chosen), -sum(values[i] for i in chosen), chosen))


@pytest.fixture
def programs_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave bit sets no work, so that linear programs decide."""
    monkeypatch.setattr(_largest, "WORK", 8)
    monkeypatch.setattr(_largest, "PROGRAM", 1)
    monkeypatch.setattr(_relaxation, "FINISH", 0)
    best = _packing.Packing.best
    monkeypatch.setattr(
        _packing.Packing, "best", lambda self, allowed, floor, _: best(self, allowed, floor, 0)
    )


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.usefixtures("programs_only")
@given(
    st.lists(st.tuples(st.integers(1, 2**8 - 1), st.sampled_from([0, 1, 500_000, 10**6])), max_size=9),
    st.integers(0, 2),
)
def test_linear_programs_alone_give_the_best_of_all_subsets(
    items: list[tuple[int, int]], overlap: int
) -> None:
    masks, values = [mask for mask, _ in items], [value for _, value in items]
    assert largest_packing(masks, values, overlap) == brute_force(masks, values, overlap)


@pytest.mark.parametrize(("overlap", "n_cells", "size"), [(0, 12, 2), (1, 9, 3)])
@pytest.mark.parametrize("equal", [True, False])
def test_bit_sets_and_linear_programs_agree(
    overlap: int, n_cells: int, size: int, *, equal: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = Random(7)
    masks = [sum(1 << c for c in cells) for cells in combinations(range(n_cells), size)]
    values = [900_000 if equal else random.randrange(10**6) for _ in masks]
    by_bit_sets = largest_packing(masks, values, overlap)
    monkeypatch.setattr(_largest, "WORK", 8)
    monkeypatch.setattr(_largest, "PROGRAM", 1)
    assert largest_packing(masks, values, overlap) == by_bit_sets
    assert len(by_bit_sets) == {2: 6, 3: 12}[size]  # a perfect matching; the Steiner triple system of order 9


def test_pairs_of_equal_worth_are_matched_in_order() -> None:
    masks = [1 << a | 1 << b for a, b in combinations(range(14), 2)]
    chosen = largest_packing(masks, [10**6] * len(masks), 0)
    assert [masks[i] for i in chosen] == [3 << c for c in range(0, 14, 2)]


@pytest.mark.usefixtures("programs_only")
def test_what_cannot_be_proved_is_not_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_largest, "LIMIT", 0)
    masks = [1 << a | 1 << b | 1 << c for a, b, c in combinations(range(7), 3)]
    with pytest.raises(ConfigError, match=r"among 35 patch sets .* search\.max_mses"):
        largest_packing(masks, [10**6] * len(masks), 1)
