"""What one measure says of all methods, in words."""

import numpy as np
import pytest

from gallery.render.pages.rankings import best_text, group_letters, images_text, p_text, rank_text
from gallery.survey.comparison import Comparison, compare

TITLES = {"a": "Method A", "b": "Method B", "c": "Method C"}


def compared(n: int, shifts: dict[str, float], gaps: int = 0) -> Comparison:
    """Return the comparison of methods whose values differ by about these shifts."""
    rng = np.random.default_rng(0)
    images = [
        {
            name: {"m": None if name == "a" and i < gaps else shift + 0.1 * rng.normal()}
            for name, shift in shifts.items()
        }
        for i in range(n)
    ]
    return compare(images, tuple(shifts), "m", "higher")


@pytest.mark.parametrize(
    ("p", "text"), [(0.0004, "p < 0.001"), (0.0006, "p = 0.001"), (0.0499, "p = 0.050"), (1.0, "p = 1.000")]
)
def test_p_values(p: float, text: str) -> None:
    assert p_text(p) == text


def test_which_methods_are_best_is_said_in_a_sentence() -> None:
    assert best_text(compared(20, {"a": 5.0, "b": 1.0, "c": 0.0}), TITLES) == (
        "Method A is significantly better than every other method."
    )
    assert best_text(compared(20, {"a": 5.0, "b": 5.0, "c": 0.0}), TITLES) == (
        "The best, or not significantly worse than it: Method A, Method B."
    )
    assert best_text(compared(20, {"a": 0.0, "b": 0.0, "c": 0.0}), TITLES) == (
        "No method is significantly worse than the best."
    )
    assert best_text(compared(4, {"a": 5.0, "b": 0.0}), TITLES) == (
        "4 images: too few to tell 2 methods apart (at least 6 are needed), so none is marked as best."
    )
    assert best_text(compared(20, {"a": 5.0}), TITLES).startswith("Nothing is compared")


def test_images_left_out_are_counted() -> None:
    assert (
        images_text(compared(20, {"a": 1.0, "b": 0.0})) == "20 images with a value of every compared method"
    )
    assert images_text(compared(20, {"a": 1.0, "b": 0.0}, gaps=3)) == (
        "17 images with a value of every compared method, of 20 measured"
    )


def test_ranks_in_words_and_letters() -> None:
    apart, alike, few = (
        compared(20, {"a": 5.0, "b": 1.0, "c": 0.0}),
        compared(20, {"a": 0.0, "b": 0.0, "c": 0.0}),
        compared(3, {"a": 1.0, "b": 0.0}),
    )
    assert rank_text(apart) == "Friedman\N{RIGHT SINGLE QUOTATION MARK}s test: p < 0.001."
    assert group_letters(apart) == {}
    assert "sees no difference" in rank_text(alike)
    assert group_letters(alike) == {"a": "a", "b": "a", "c": "a"}
    assert (rank_text(few), group_letters(few)) == ("", {})
