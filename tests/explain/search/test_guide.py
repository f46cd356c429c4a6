"""The guide: what is scored, and that the ranking recovers an additive truth."""

import random

import pytest

from gallery.errors import ConfigError
from gallery.explain.search._base import Verdicts
from gallery.explain.search._guide import Guide, pick_different
from gallery.explain.search._surrogate import Surrogate
from tests.explain.search.twin import Log
from tests.toy import mask, sigmoid


def additive(values: list[float], offset: float) -> "Log":
    return Log(
        lambda masks: [sigmoid(sum(v for i, v in enumerate(values) if m >> i & 1) + offset) for m in masks]
    )


def test_start_scores_each_patch_alone_and_looking_closer_the_rest() -> None:
    verdicts = Verdicts(0.5)
    log = additive([1.0] * 9, 0.0)
    guide = Guide("surrogate", 9, None, n_random=20, seed=3)
    log.drive(guide.start(verdicts))
    full = (1 << 9) - 1
    assert verdicts.scores.keys() == {0, full, *(1 << i for i in range(9))}
    log.drive(guide.look_closer(verdicts))
    removed = {full & ~(1 << i) for i in range(9)}
    assert removed <= verdicts.scores.keys()
    assert 10 < len(verdicts.scores) - 20 <= 20
    assert len(log.requests) == 3, "the baseline in float32, then each in one batch"


@pytest.mark.parametrize(("kind", "n"), [("none", 2), ("igos", 2), ("cells", 11), ("surrogate", 11)])
def test_only_what_the_ranking_needs_is_scored(kind: str, n: int) -> None:
    log = additive([1.0] * 9, 0.0)
    log.drive(Guide(kind, 9, [0.0] * 9).start(Verdicts(0.5)))
    assert log.distinct == n


@pytest.mark.parametrize("values", [None, [1.0, 2.0], [1.0, float("nan"), 2.0]])
def test_a_guide_without_its_map_says_so(values: list[float] | None) -> None:
    with pytest.raises(ConfigError, match=r"search\.guide: 'igos' needs a map"):
        Guide("igos", 3, values)


def test_rankings_follow_the_guide() -> None:
    verdicts = Verdicts(0.5)
    log = additive([0.1, 0.4, 0.2, 0.3], -1.0)
    cells = Guide("cells", 4, None)
    log.drive(cells.start(verdicts))
    assert cells.ranking(verdicts) == [1, 3, 2, 0]
    assert Guide("none", 4, None).ranking(verdicts) == [0, 1, 2, 3]
    assert Guide("rise", 4, [0.0, 5.0, 5.0, 9.0]).ranking(verdicts) == [3, 1, 2, 0]


def test_extensions_are_distinct_and_limited() -> None:
    verdicts = Verdicts(0.5)
    log = additive([0.1, 0.4, 0.2, 0.3], -1.0)
    fixed, model = Guide("rise", 4, [4.0, 3.0, 2.0, 1.0]), Guide("surrogate", 4, None)
    log.drive(model.start(verdicts))
    everything = lambda mask: True  # noqa: E731
    assert fixed.extensions([1, 2], 1, verdicts, everything) == [mask(0, 1)]
    assert fixed.extensions([1, 2], 2, verdicts, everything) == [mask(0, 1), mask(0, 2), mask(1, 2)]
    assert len(Guide("none", 4, None).extensions([1], 1, verdicts, everything)) == 3
    assert model.extensions([1, 2], 1, verdicts, everything) == [mask(1, 3), mask(1, 2)]
    assert model.extensions([1, 2], 1, verdicts, lambda m: m != mask(1, 3)) == [mask(1, 2), mask(0, 1)]


def fitted(log: Log, n: int, n_random: int) -> Surrogate:
    verdicts = Verdicts(0.5)
    guide = Guide("surrogate", n, None, n_random=n_random)
    log.drive(guide.start(verdicts))
    log.drive(guide.look_closer(verdicts))
    return Surrogate(verdicts, n)


def test_the_model_recovers_an_additive_truth() -> None:
    draw = random.Random(1)
    values = [draw.uniform(-1, 2) for _ in range(25)]
    model = fitted(additive(values, -4.0), 25, 60)
    truth = sorted(range(25), key=lambda i: -values[i])
    assert set(model.order()[:3]) == set(truth[:3])
    assert set(model.order()[:8]) >= set(truth[:6])
    # Inside the range where log-odds are kept apart, predictions are near.
    for cells in ([0, 1, 2], truth[:3], truth[:5]):
        assert model.predict(mask(*cells)) == pytest.approx(sum(values[c] for c in cells) - 4, abs=1.5)


def test_equal_patches_are_ranked_by_id() -> None:
    assert fitted(additive([0.0, 1.0, 1.0, 0.0], 0.0), 4, 0).order() == [1, 2, 0, 3]


def test_the_model_does_not_depend_on_the_order_of_scores() -> None:
    verdicts = Verdicts(0.5)
    additive([0.3, -0.2, 0.9, 0.4, 0.1, 0.0], 0.0).drive(Guide("cells", 6, None).start(verdicts))
    shuffled = dict(random.Random(0).sample(list(verdicts.scores.items()), len(verdicts.scores)))
    one, other = Surrogate(verdicts, 6), Surrogate(Verdicts(0.5, shuffled), 6)
    assert (one.values, one.intercept) == (other.values, other.intercept)


def test_saturated_scores_are_ranked() -> None:
    assert Surrogate(Verdicts(0.5, {0: 0.0, 1: 1.0, 2: 0.0, 3: 1.0}), 2).order() == [0, 1]


def test_picks_differ_most_from_what_is_known_and_from_each_other() -> None:
    a, b, c, d = mask(0, 1, 2), mask(0, 1, 3), mask(4, 5, 6), mask(4, 5, 0)
    scores = {a: 0.9, b: 0.8, c: 0.7, d: 0.95}
    assert pick_different([a, b, c, d], [], scores, 3) == [d, a, b]  # a and b share one patch with d, c two
    assert pick_different([a, b, c, d], [mask(0, 1)], scores, 2) == [c, d]
    assert pick_different([a, b], [], scores, 5) == [a, b]
