"""What is known of an image's patch sets, and which screening scores do not decide."""

import pytest

from gallery.interfaces import ScoreRequest
from gallery.scoring.table import LEAST_DOUBT, ScoreTable
from tests.toy import sigmoid


def test_exact_scores_come_before_screened_ones() -> None:
    table = ScoreTable(screened={1: 0.3, 2: 0.4})
    table.record_exact(1, 0.2, is_top=True)
    assert [table.look_up(mask) for mask in (1, 2)] == [0.2, 0.4]
    assert [table.knows(mask, exact=True) for mask in (1, 2, 3)] == [True, False, False]
    assert [table.knows(mask, exact=False) for mask in (1, 2, 3)] == [True, True, False]
    assert table.top == {1}


def test_the_zone_of_doubt_is_twice_the_errors_seen() -> None:
    table = ScoreTable(screened={mask: sigmoid(mask / 10) for mask in range(20) if mask != 6})
    at_even_odds = ScoreRequest([mask for mask in range(20) if mask != 6], threshold=0.5)
    assert table.doubtful(at_even_odds) == [0, 1, 2]
    assert table.doubt == LEAST_DOUBT
    table.record_exact(4, sigmoid(0.4 - 0.3), is_top=False)
    assert table.doubt == pytest.approx(0.6)
    assert table.doubtful(at_even_odds) == [0, 1, 2, 3, 5]  # 4 is known exactly
    assert table.doubtful(ScoreRequest([0])) == []
    assert table.doubtful(ScoreRequest([0], exact=True, threshold=0.5)) == []
