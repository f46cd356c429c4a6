from collections.abc import Iterator, Sequence

import pytest

from gallery.errors import ClassifierError, StoreError
from gallery.execute.local import chunks, run_isolated


def test_chunks_keep_order_and_remainder() -> None:
    assert list(chunks(range(5), 2)) == [[0, 1], [2, 3], [4]]
    assert list(chunks([], 2)) == []


def test_chunks_read_nothing_ahead() -> None:
    read: list[int] = []

    def items() -> Iterator[int]:
        for i in range(6):
            read.append(i)
            yield i

    parts = chunks(items(), 2)
    assert next(parts) == [0, 1]
    assert read == [0, 1]


class Worker:
    """Does items; fails on some of them."""

    def __init__(self, bad: dict[int, BaseException]) -> None:
        self.bad = bad
        self.done: list[int] = []
        self.groups: list[list[int]] = []
        self.failed: list[tuple[int, str]] = []

    def work(self, items: Sequence[int]) -> None:
        """Do all items or, if one is bad, none."""
        self.groups.append(list(items))
        for item in items:
            if item in self.bad:
                raise self.bad[item]
        self.done += items

    def fail(self, item: int, error: Exception) -> None:
        """Note a failure."""
        self.failed.append((item, str(error)))


def test_all_items_are_done_together() -> None:
    worker = Worker({})
    run_isolated([1, 2, 3], worker.work, worker.fail)
    assert worker.groups == [[1, 2, 3]]


def test_nothing_is_done_without_items() -> None:
    worker = Worker({})
    run_isolated([], worker.work, worker.fail)
    assert worker.groups == []


@pytest.mark.parametrize(
    "error",
    [
        ClassifierError("x"), RuntimeError("x"), ValueError("x"), ZeroDivisionError("x"), IndexError("x"),
        TypeError("x"), MemoryError("x"), OSError("x"), FloatingPointError("x"), NotImplementedError("x"),
    ],
    ids=lambda e: type(e).__name__,
)  # fmt: skip
def test_a_bad_item_loses_itself_only(error: Exception) -> None:
    worker = Worker({2: error})
    run_isolated([1, 2, 3], worker.work, worker.fail)
    assert worker.done == [1, 3]
    assert worker.failed == [(2, "x")]


def test_several_bad_items_are_all_reported() -> None:
    worker = Worker({1: ValueError("a"), 3: ValueError("b")})
    run_isolated([1, 2, 3], worker.work, worker.fail)
    assert worker.done == [2]
    assert worker.failed == [(1, "a"), (3, "b")]


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt(), SystemExit(1), StoreError("full"), AssertionError("bug")]
)
def test_what_is_not_one_item_s_fault_ends_everything(error: BaseException) -> None:
    worker = Worker({2: error})
    with pytest.raises(type(error)):
        run_isolated([1, 2, 3], worker.work, worker.fail)
    assert worker.groups == [[1, 2, 3]]
    assert not worker.failed
