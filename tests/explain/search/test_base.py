"""The predicate, the driver and the memory of scores."""

from gallery.explain.search._base import Verdicts, drive, is_minimal_sufficient, single_deletions
from gallery.interfaces import ScoreSteps
from tests.explain.search.twin import Log
from tests.toy import dnf, mask


def test_single_deletions() -> None:
    assert single_deletions(mask(1, 4, 70)) == [mask(4, 70), mask(1, 70), mask(1, 4)]
    assert single_deletions(0) == []


def test_minimal_sufficient_sets_are_exactly_the_clauses() -> None:
    game = dnf(mask(0, 1), mask(1, 2, 3))
    minimal = [m for m in range(16) if is_minimal_sufficient(m, game, 1.0)]
    assert minimal == [mask(0, 1), mask(1, 2, 3)]


def test_sufficient_means_at_or_above_the_threshold() -> None:
    game = dnf(mask(0, 1))
    assert is_minimal_sufficient(mask(0, 1), game, 1.0)
    assert is_minimal_sufficient(mask(0), game, 0.5)
    assert not is_minimal_sufficient(mask(0), game, 0.5000001)


def test_driver_sends_scores_in_order_and_returns_the_result() -> None:
    def steps() -> ScoreSteps[list[float]]:
        verdicts = Verdicts(0.5)
        yield from verdicts.ask([3, 1, 2])
        return [verdicts.scores[m] for m in (1, 2, 3)]

    assert drive(steps(), lambda masks: [m / 10 for m in masks]) == [0.1, 0.2, 0.3]


def test_a_search_that_asks_nothing_just_returns() -> None:
    def steps() -> ScoreSteps[str]:
        yield from Verdicts(0.5).ask([])
        return "done"

    assert drive(steps(), lambda _: []) == "done"


def test_nothing_is_asked_twice_and_exact_scores_replace_screening() -> None:
    verdicts = Verdicts(0.5)

    def steps() -> ScoreSteps[None]:
        yield from verdicts.ask([1, 1, 2])
        yield from verdicts.ask([2, 3])
        assert verdicts.is_sufficient(2)
        yield from verdicts.ask([2, 3], exact=True)
        assert not verdicts.is_sufficient(2)
        yield from verdicts.ask([1, 2, 3])
        yield from verdicts.ask([3], exact=True)

    log = Log(lambda masks: [0.4] * len(masks), screen=lambda masks: [0.6] * len(masks))
    log.drive(steps())
    assert log.masks(exact=False) == [1, 2, 3]
    assert log.masks(exact=True) == [2, 3]
    assert all(request.threshold == 0.5 for request in log.requests)
