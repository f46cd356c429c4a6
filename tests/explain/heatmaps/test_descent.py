"""Descent on masks: what a line search accepts, how it goes on, and Nesterov's steps."""

import pytest
import torch
from torch import Tensor

from gallery.explain.heatmaps import _descent
from gallery.explain.heatmaps._descent import (
    DECAY,
    LONGEST,
    _Search,
    descend_by_line_search,
    descend_with_momentum,
)
from gallery.explain.heatmaps._integrated import Objective, Run, losses
from gallery.explain.heatmaps._passes import passes_of
from tests.explain.heatmaps.masked import informative, random_masks, run_of

REGION = (slice(4, 12), slice(10, 20))
BARE = Objective(lambda m: [m[0]], (False,), 1.0, lambda m: 0.1 * (1 - m).mean())


def new_run(step: float = 100.0) -> Run:
    run = run_of(informative(REGION), BARE, torch.ones(1, 4, 4), n=4)
    run.step = step
    return run


def test_every_accepted_step_lowers_the_loss_under_the_same_noise(monkeypatch: pytest.MonkeyPatch) -> None:
    run = new_run()
    falls: list[float] = []
    plain = _Search.accepts

    def watched(search: _Search, masks: Tensor, loss: float) -> bool:
        before, noise = search.run.masks, search.run.noise
        moved = plain(search, masks, loss)
        if moved:
            then, now = losses(passes, [search.run] * 2, [before, search.run.masks])
            assert then == pytest.approx(search.loss, rel=1e-6)
            assert search.run.noise is noise
            falls.append(then - now)
        return moved

    monkeypatch.setattr(_descent._Search, "accepts", watched)
    with passes_of([run.subject]) as passes:
        descend_by_line_search(passes, [run], 5)
    assert falls
    assert min(falls) >= 0
    assert falls[0] > 0.01


def test_a_length_accepted_at_once_makes_the_next_one_longer_and_a_failure_shorter() -> None:
    run = new_run(step=2.0)
    gradient = torch.full((1, 4, 4), 0.1)
    search = _Search(run, 1.0, gradient)
    masks = search.trial()
    assert masks is not None
    assert torch.allclose(masks, torch.full((1, 4, 4), 0.8))
    assert not search.accepts(masks, 1.0), "an equal loss is not low enough"
    assert run.step == pytest.approx(0.4)
    assert torch.equal(run.masks, torch.ones(1, 4, 4))
    shorter = search.trial()
    assert shorter is not None
    assert search.accepts(shorter, 0.9)
    assert run.step == pytest.approx(0.4), "not at once: the next search starts here"
    at_once = _Search(run, 0.9, gradient)
    again = at_once.trial()
    assert again is not None
    assert at_once.accepts(again, 0.5)
    assert run.step == pytest.approx(0.4 / DECAY)


def test_armijo_asks_for_a_share_of_the_linear_fall() -> None:
    run = new_run(step=10.0)
    gradient = torch.full((1, 4, 4), 0.1)  # |g|^2 = 0.16, so the loss must fall by 1e-4 * 10 * 0.16
    assert not _Search(run, 1.0, gradient).accepts(run.masks, 1 - 1.5e-4)
    run.step = 10.0
    assert _Search(run, 1.0, gradient).accepts(run.masks, 1 - 1.7e-4)


def test_a_search_ends_where_no_cell_would_change() -> None:
    run = new_run(step=1.0)
    assert _Search(run, 1.0, torch.full((1, 4, 4), 5e-4)).trial() is None
    assert run.step == pytest.approx(25.0), "the next search starts from longer steps"
    blocked = _Search(run, 1.0, torch.full((1, 4, 4), -1.0))  # every cell is at its bound already
    for _ in range(100):
        assert blocked.trial() is None
    assert run.step == LONGEST


def test_runs_end_their_searches_independently() -> None:
    runs = [new_run(step) for step in (1e-2, 1e5)]
    with passes_of([run.subject for run in runs]) as passes:
        descend_by_line_search(passes, runs, 3)
    for run, step in zip(runs, (1e-2, 1e5), strict=True):
        alone = new_run(step)
        with passes_of([alone.subject]) as passes:
            descend_by_line_search(passes, [alone], 3)
        assert torch.equal(run.masks, alone.masks)
        assert run.forwards == alone.forwards
    assert runs[0].forwards != runs[1].forwards


def test_momentum_follows_nesterov(monkeypatch: pytest.MonkeyPatch) -> None:
    gradients = [0.02 * random_masks(1, 4, seed=seed) for seed in range(4)]
    given = iter(gradients)
    monkeypatch.setattr(_descent, "losses_and_gradients", lambda *_: [(0.0, next(given))])
    run = new_run(step=2.0)
    with passes_of([run.subject]) as passes:
        descend_with_momentum(passes, [run], 4)
    mask, theta = torch.ones(1, 4, 4, dtype=torch.float64), None
    for t, gradient in enumerate(gradients):
        following = mask - 2.0 * gradient.double()
        before = following if theta is None else theta
        mask = (following + t / (t + 3) * (following - before)).clamp(0, 1)
        theta = following
    assert torch.allclose(run.masks.double(), mask, atol=1e-6)
    assert 0 < float(mask.min()) < float(mask.max()) < 1
