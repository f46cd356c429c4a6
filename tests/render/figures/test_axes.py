"""Frame, ticks and labels of the charts."""

import pytest

from gallery.render.figures.axes import Frame, colour, dash, shortened, whole_ticks


def test_a_frame_places_its_corners() -> None:
    frame = Frame(40, 10, 200, 100, x=(1, 5), y=(0, 1))
    assert frame.at(1, 1) == (40, 10)
    assert frame.at(5, 0) == (240, 110)
    assert frame.at(3, 0.5) == (140, 60)


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (1, 4, [1, 2, 3, 4]),
        (3, 3, [3]),
        (1, 24, [2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24]),
        (1, 256, [50, 100, 150, 200, 250]),
    ],
)
def test_whole_ticks_are_few_and_round(low: int, high: int, ticks: list[int]) -> None:
    assert whole_ticks(low, high) == ticks


def test_a_long_name_ends_in_an_ellipsis() -> None:
    assert shortened("RISE", 60) == "RISE"
    short = shortened("A classifier with a very long name", 60)
    assert short.endswith("…")
    assert short.startswith("A class")


def test_forty_nine_series_look_different() -> None:
    assert len({(colour(i), dash(i)) for i in range(49)}) == 49
