"""ROAD: both orders, bounds by perfect and worst maps, and what is passed to the network."""

import pytest
import torch
from torch import Tensor

from gallery.errors import ConfigError
from gallery.measure._base import Measured
from gallery.measure._imputation import impute
from gallery.measure.road import road
from gallery.tensors import generator
from tests import toy

SIZE = (12, 16)


def square() -> Tensor:
    """Return where the evidence is: a bright square on a dark ground."""
    plane = torch.zeros(SIZE)
    plane[4:8, 5:9] = 1
    return plane


def subject(values: Tensor, seed: int = 3) -> Measured:
    """Return a map of a classifier that counts the bright pixels of the square."""
    image = square().expand(1, 3, *SIZE).clone()
    scorer = toy.scorer_of(toy.toy(toy.Evidence(0.5 * square(), offset=-4.0), SIZE), image)
    p_full = float(scorer._engine.probabilities(scorer.image, exact=True)[0, 0])
    return Measured(values, p_full, scorer, 1, seed=seed)


def test_the_perfect_map_is_above_all_others_and_the_reverse_below() -> None:
    best, worst = road(subject(square())).value, road(subject(-square())).value
    assert best is not None
    assert worst is not None
    assert best > 0.3
    assert worst == pytest.approx(-best, abs=0.02)  # ties are broken the other way round
    draw = torch.Generator().manual_seed(0)
    for _ in range(10):
        value = road(subject(torch.rand(SIZE, generator=draw))).value
        assert value is not None
        assert worst <= value <= best


def test_equals_the_protocol_written_out() -> None:
    values = torch.rand(SIZE, generator=torch.Generator().manual_seed(1))
    mine = subject(values)
    score = road(mine, n_shares=3)
    image, draw = mine.scorer.image, generator(3)
    order = values.flatten().argsort(descending=True)
    halves = []
    for share in (0.25, 0.5, 0.75):
        p = {}
        for name, ranked in (("most", order), ("least", order.flip(0))):
            gone = torch.zeros(values.numel(), dtype=torch.bool)
            gone[ranked[: int(share * values.numel())]] = True
            noise = 0.01 * torch.randn(1, 3, *SIZE, generator=draw)
            filled = impute(image, gone.reshape(SIZE), noise)
            p[name] = float(toy.sigmoid(float((filled.mean(dim=1) * 0.5 * square()).sum()) - 4))
        halves.append((p["least"] - p["most"]) / 2)
    assert score.value == pytest.approx(sum(halves) / 3, abs=1e-6)
    assert score.x is not None
    assert score.y is not None
    assert score.x.tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert score.y.tolist() == pytest.approx([0, *halves, 0], abs=1e-6)
    assert score.forwards == mine.scorer.forwards == 6


def test_the_outline_of_a_removed_patch_does_not_show() -> None:
    # On an even ground nothing is lost: what is filled in is the ground.
    image = torch.ones(1, 3, *SIZE)
    scorer = toy.scorer_of(toy.toy(toy.Evidence(torch.full(SIZE, 0.01)), SIZE), image)
    score = road(Measured(square(), 0.5, scorer, 1))
    assert score.y is not None
    assert float(score.y.abs().max()) < 1e-3


def test_a_constant_map_has_no_order() -> None:
    score = road(subject(torch.ones(SIZE)))
    assert (score.value, score.forwards) == (None, 0)
    assert "constant" in score.note


@pytest.mark.parametrize("n_shares", [0, 100])
def test_shares_are_counted_from_1_to_99(n_shares: int) -> None:
    with pytest.raises(ConfigError, match=r"measures\.options\.road\.n_shares: must lie in 1 to 99"):
        road(subject(square()), n_shares=n_shares)
