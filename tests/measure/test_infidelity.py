"""Infidelity: exact on an additive classifier, and captum's as an oracle."""

from typing import Any

import pytest
import torch
from captum.metrics import infidelity as captums_infidelity
from torch import Tensor

from gallery.errors import ConfigError
from gallery.measure._base import Measured
from gallery.measure.infidelity import best_error, infidelity, square_corners, squares
from tests import toy

SIZE = (12, 17)


def subject(values: Tensor, seed: int = 5) -> Measured:
    scorer = toy.scorer_of(toy.toy(toy.TwoConv(), SIZE), toy.image_of(SIZE), 1)
    p_full = float(scorer._engine.probabilities(scorer.image, exact=True)[0, 1])
    return Measured(values, p_full, scorer, 1, seed=seed)


def additive(values: Tensor) -> Measured:
    """Return a map of a classifier whose probability is the sum of what is kept."""
    weights = torch.rand(SIZE, generator=torch.Generator().manual_seed(3))
    scorer = toy.LinearScorer(torch.ones(1, 3, *SIZE), weights / weights.sum())
    return Measured(values, 1.0, scorer, 1, seed=5)


def worth() -> Tensor:
    return torch.rand(SIZE, generator=torch.Generator().manual_seed(3))


def test_the_perfect_map_of_an_additive_classifier_has_no_error() -> None:
    assert infidelity(additive(worth())).value == pytest.approx(0, abs=1e-12)
    assert infidelity(additive(1e4 * worth())).value == pytest.approx(0, abs=1e-12)


def test_the_wrong_way_round_scores_like_a_map_of_zeros_and_no_map_scores_worse() -> None:
    reverse, zeros = infidelity(additive(-worth())).value, infidelity(additive(torch.zeros(SIZE))).value
    assert reverse is not None
    assert reverse == pytest.approx(zeros)
    generator = torch.Generator().manual_seed(0)
    for _ in range(10):
        value = infidelity(additive(torch.randn(SIZE, generator=generator))).value
        assert value is not None
        assert 0 < value <= reverse + 1e-12


def test_equals_captums_in_the_space_of_masks() -> None:
    values = torch.rand(SIZE, generator=torch.Generator().manual_seed(0))
    mine = subject(values)
    score = infidelity(mine, n_squares=30)
    assert (score.forwards, mine.scorer.forwards) == (30, 30)
    removed = squares(square_corners(SIZE, 3, 30, seed=5), 3, SIZE).double()
    baseline = torch.zeros_like(mine.scorer.image)
    theirs = captums_infidelity(
        lambda keep: mine.scorer.score_soft(keep.float(), exact=True, baseline=baseline).double(),
        lambda keep: (removed, keep - removed),
        torch.ones(1, *SIZE, dtype=torch.float64),
        values[None].double(),
        n_perturb_samples=30,
        normalize=True,
    )
    assert score.value == pytest.approx(float(theirs[0]), rel=1e-4)


def test_best_scale_is_the_least_squares_one() -> None:
    sums = torch.tensor([1.0, 2.0, -1.0], dtype=torch.float64)
    drops = torch.tensor([0.5, 0.2, 0.1], dtype=torch.float64)
    tried = [float((beta * sums - drops).square().mean()) for beta in torch.linspace(0, 1, 10001).tolist()]
    assert best_error(sums, drops) == pytest.approx(min(tried), abs=1e-7)
    assert best_error(-sums, drops) == pytest.approx(float(drops.square().mean()))
    assert best_error(0 * sums, drops) == pytest.approx(float(drops.square().mean()))


def test_squares_lie_inside_everywhere_and_are_the_seeds() -> None:
    corners = square_corners((5, 8), 3, 500, seed=1)
    assert torch.equal(corners, square_corners((5, 8), 3, 500, seed=1))
    assert sorted(set(corners[:, 0].tolist())) == [0, 1, 2]
    assert sorted(set(corners[:, 1].tolist())) == list(range(6))
    masks = squares(corners, 3, (5, 8))
    assert set(masks.sum(dim=(1, 2)).tolist()) == {9.0}
    row, col = corners[0].tolist()
    assert float(masks[0, row : row + 3, col : col + 3].sum()) == 9


def test_a_square_is_at_least_a_pixel_and_at_most_the_shorter_side() -> None:
    for side in (1e-6, 1.0):
        assert infidelity(additive(worth()), side=side).value == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(
    ("options", "said"),
    [({"n_squares": 0}, "n_squares: must be 1 or more"), ({"side": 0.0}, r"side: must lie in \(0, 1\]")],
)
def test_wrong_options_are_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=rf"measures\.options\.infidelity\.{said}"):
        infidelity(subject(torch.rand(SIZE)), **options)
