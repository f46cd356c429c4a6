"""The guide: what is scored, and that the ranking recovers an additive truth."""

import random

from gallery.explain.search._base import Verdicts
from gallery.explain.search._guide import pick_different, probe, rank
from tests.explain.search.twin import Log
from tests.toy import mask, sigmoid


def additive(values: list[float], offset: float) -> "Log":
    return Log(
        lambda masks: [sigmoid(sum(v for i, v in enumerate(values) if m >> i & 1) + offset) for m in masks]
    )


def test_probe_scores_each_patch_alone_each_removed_and_random_halves() -> None:
    verdicts = Verdicts(0.5)
    log = additive([1.0] * 9, 0.0)
    log.drive(probe(9, 20, 3, verdicts))
    full = (1 << 9) - 1
    structured = {0, full, *(1 << i for i in range(9)), *(full & ~(1 << i) for i in range(9))}
    assert structured <= verdicts.scores.keys()
    assert 10 < len(verdicts.scores) - len(structured) <= 20
    assert len(log.requests) == 1, "all in one batch"
    again = Verdicts(0.5)
    additive([1.0] * 9, 0.0).drive(probe(9, 20, 3, again))
    assert list(again.scores) == list(verdicts.scores)


def test_ranking_recovers_an_additive_truth() -> None:
    draw = random.Random(1)
    values = [draw.uniform(-1, 2) for _ in range(25)]
    verdicts = Verdicts(0.5)
    additive(values, -4.0).drive(probe(25, 60, 0, verdicts))
    truth = sorted(range(25), key=lambda i: -values[i])
    assert rank(verdicts.scores, 25)[:3] == truth[:3]
    assert set(rank(verdicts.scores, 25)[:8]) == set(truth[:8])


def test_equal_patches_are_ranked_by_id() -> None:
    verdicts = Verdicts(0.5)
    additive([0.0, 1.0, 1.0, 0.0], 0.0).drive(probe(4, 0, 0, verdicts))
    assert rank(verdicts.scores, 4) == [1, 2, 0, 3]


def test_ranking_does_not_depend_on_the_order_of_scores() -> None:
    verdicts = Verdicts(0.5)
    additive([0.3, -0.2, 0.9, 0.4, 0.1, 0.0], 0.0).drive(probe(6, 10, 0, verdicts))
    shuffled = dict(random.Random(0).sample(list(verdicts.scores.items()), len(verdicts.scores)))
    assert rank(shuffled, 6) == rank(verdicts.scores, 6)


def test_saturated_scores_are_ranked() -> None:
    assert rank({0: 0.0, 1: 1.0, 2: 0.0, 3: 1.0}, 2) == [0, 1]


def test_picks_differ_most_from_what_is_known_and_from_each_other() -> None:
    a, b, c, d = mask(0, 1, 2), mask(0, 1, 3), mask(4, 5, 6), mask(4, 5, 0)
    scores = {a: 0.9, b: 0.8, c: 0.7, d: 0.95}
    assert pick_different([a, b, c, d], [], scores, 3) == [d, a, b]  # a and b share one patch with d, c two
    assert pick_different([a, b, c, d], [mask(0, 1)], scores, 2) == [c, d]
    assert pick_different([a, b], [], scores, 5) == [a, b]
