"""Sequences that lie on disk."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from gallery.render.pages.spill import Spill, View
from gallery.render.pages.summary import Summary
from tests.render.pages import comparing


@dataclass(frozen=True)
class Item:
    """Something with numbers that are hard to write down."""

    number: float
    mask: int
    texts: tuple[str, ...]


def made(i: int) -> Item:
    draw = np.random.default_rng(i)
    return Item(
        float(draw.normal() * 10.0 ** draw.integers(-300, 300)), 1 << (3 * i), ('\u00e9\u2028"\\', str(i))
    )


@contextmanager
def filled(folder: Path, n: int) -> Iterator[Spill[Item]]:
    with closing(Spill(Item, folder)) as spill:
        for i in range(n):
            spill.append(made(i))
            assert spill[i] == made(i)  # reading and writing may alternate
        yield spill


def test_items_come_back_exactly_and_in_order(tmp_path: Path) -> None:
    with filled(tmp_path, 100) as spill:  # masks of up to 300 bits
        assert len(spill) == 100
        assert list(spill) == [made(i) for i in range(100)]
        assert spill[-1] == made(99)
        with pytest.raises(IndexError):
            spill[100]


def test_slices_and_views_fetch_only_what_is_asked_for(tmp_path: Path) -> None:
    asked: list[float] = []

    def text(item: Item) -> str:
        asked.append(item.number)
        return item.texts[1]

    with filled(tmp_path, 10) as spill:
        view = spill[2:8:2].map(text)
        assert (len(view), asked) == (3, [])
        assert view[1] == "4"
        assert list(view[1:]) == ["4", "6"]
        assert len(asked) == 3
        assert list(View(spill, text, (5, 0))) == ["5", "0"]


def test_nothing_of_it_is_ever_seen_in_the_folder(tmp_path: Path) -> None:
    with filled(tmp_path, 3):
        assert list(tmp_path.iterdir()) == []


def test_summaries_of_images_come_back_as_they_were(tmp_path: Path) -> None:
    summaries = list(comparing.summary_of(3).summaries)
    with closing(Spill(Summary, tmp_path)) as spill:
        for summary in summaries:
            spill.append(summary)
        assert list(spill) == summaries
