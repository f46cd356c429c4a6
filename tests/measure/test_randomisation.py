"""Randomisation: which layers become random, in which order, and the correlation of what is left."""

import copy
from dataclasses import replace

import pytest
import torch
from scipy.stats import spearmanr  # type: ignore[import-untyped]
from torch import Tensor, nn

from gallery.errors import ClassifierError, ConfigError
from gallery.measure._base import Measured, Remade
from gallery.measure._randomised import cascade, parameterised, stage_ends
from gallery.measure.randomisation import randomisation, rank_correlation
from tests import toy
from tests.measure.remaking import ConstantRemake, GradientRemake

SIZE = (12, 17)
LAYERS = ["head.3", "head.1", "second", "first.0"]


def subject() -> Measured:
    classifier, image = toy.toy(toy.TwoConv(), SIZE), toy.image_of(SIZE)
    values = GradientRemake(classifier.module, image)().values
    return Measured(
        values,
        0.5,
        toy.scorer_of(classifier, image, 1),
        1,
        seed=5,
        passes=2,
        remake=GradientRemake(classifier.module, image),
        module=classifier.module,
    )


def changed(network: nn.Module, original: nn.Module) -> set[str]:
    """Return the parameters that differ."""
    before = dict(original.named_parameters())
    return {name for name, p in network.named_parameters() if not torch.equal(p, before[name])}


def test_layers_go_from_the_logits_to_the_input() -> None:
    network = toy.TwoConv()
    assert parameterised(network) == LAYERS
    stages = list(cascade(network, 4, seed=0))
    assert [share for share, _ in stages] == [0.25, 0.5, 0.75, 1.0]
    for n, (_, random) in enumerate(stages, start=1):
        assert {name.rpartition(".")[0] for name in changed(random, network)} == set(LAYERS[:n])
        assert random.training == network.training


def test_a_layer_stays_as_it_was_drawn() -> None:
    stages = [network for _, network in cascade(toy.TwoConv(), 4, seed=0)]
    assert len({id(network) for network in stages}) == 4  # an engine may keep a copy of each
    for network in stages[1:]:
        assert torch.equal(network.get_parameter("head.3.weight"), stages[0].get_parameter("head.3.weight"))


def test_draws_keep_mean_and_spread_and_are_the_seeds() -> None:
    network = nn.Sequential(nn.Linear(100, 100), nn.BatchNorm1d(100)).requires_grad_(requires_grad=False)
    network.get_parameter("0.weight").mul_(3).add_(0.5)
    network.get_buffer("1.running_mean").fill_(2)
    ((_, first),), ((_, second),), ((_, third),) = (list(cascade(network, 1, seed)) for seed in (0, 0, 1))
    weight, drawn = network.get_parameter("0.weight"), first.get_parameter("0.weight")
    assert float(drawn.mean()) == pytest.approx(float(weight.mean()), abs=0.01)
    assert float(drawn.std()) == pytest.approx(float(weight.std()), rel=0.05)
    assert abs(float(torch.corrcoef(torch.stack([weight.flatten(), drawn.flatten()]))[0, 1])) < 0.05
    assert torch.equal(drawn, second.get_parameter("0.weight"))
    assert not torch.equal(drawn, third.get_parameter("0.weight"))
    assert torch.equal(
        first.get_parameter("1.weight"), network.get_parameter("1.weight")
    )  # ones have no spread
    assert torch.equal(first.get_buffer("1.running_mean"), network.get_buffer("1.running_mean"))


@pytest.mark.parametrize(
    ("layers", "stages", "expected"),
    [
        (4, 4, [1, 2, 3, 4]),
        (81, 5, [1, 21, 41, 61, 81]),
        (3, 5, [1, 2, 3]),
        (1, 5, [1]),
        (7, 1, [7]),
        (7, 2, [1, 7]),
    ],
)
def test_stages_grow_evenly(layers: int, stages: int, expected: list[int]) -> None:
    assert stage_ends(layers, stages) == expected


def test_parameters_outside_of_layers_count_as_the_networks_own() -> None:
    network = nn.Sequential(nn.Linear(2, 2))
    network.register_parameter("token", nn.Parameter(torch.rand(4)))
    assert parameterised(network) == ["0", ""]
    ((_, random),) = cascade(network, 1, seed=0)
    assert "token" in changed(random, network)


def test_equals_spearmans_correlation_stage_by_stage() -> None:
    mine = subject()
    assert mine.module is not None
    score = randomisation(mine, n_stages=4)
    assert score.y is not None
    assert score.x is not None
    expected = []
    for _, network in cascade(mine.module, 4, seed=5):
        values = GradientRemake(network, mine.scorer.image)().values
        expected.append(float(spearmanr(mine.values.flatten(), values.flatten()).statistic))
    assert score.x.tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert score.y.tolist() == pytest.approx([1, *expected], abs=1e-6)
    assert score.value == pytest.approx(sum(expected) / 4, abs=1e-6)
    assert score.forwards == 12
    assert abs(expected[-1]) < 0.5 < 1


def test_a_map_that_ignores_the_network_survives_entirely() -> None:
    mine = subject()
    assert randomisation(replace(mine, remake=ConstantRemake(4 * mine.values))).value == pytest.approx(1)
    assert randomisation(replace(mine, remake=ConstantRemake(-mine.values))).value == pytest.approx(-1)
    assert randomisation(replace(mine, remake=ConstantRemake(torch.ones(SIZE)))).value == 0.0


def test_equal_values_share_their_rank() -> None:
    draw = torch.Generator().manual_seed(0)
    first, second = (torch.randint(0, 4, (6, 7), generator=draw).float() for _ in range(2))
    expected = float(spearmanr(first.flatten(), second.flatten()).statistic)
    assert rank_correlation(first, second) == pytest.approx(expected)
    assert rank_correlation(first, torch.zeros(6, 7)) == 0.0


class _Failing:
    def __call__(self, image: Tensor | None = None, module: nn.Module | None = None) -> Remade:
        raise ClassifierError("toy: NaN.")


def test_maps_that_are_not_made_again() -> None:
    mine = subject()
    assert "structural search" in randomisation(replace(mine, remake=None)).note
    assert randomisation(replace(mine, values=torch.ones(SIZE))).note.startswith("the map is constant")
    assert "no parameters" in randomisation(replace(mine, module=None)).note
    assert "no parameters" in randomisation(replace(mine, module=nn.ReLU())).note
    score = randomisation(replace(mine, remake=_Failing()))
    assert (score.value, score.note) == (None, "with 25% of its layers random: toy: NaN.")
    # Four layers give four stages, however many are asked for.
    assert randomisation(replace(mine, passes=500)).value is not None
    assert "takes 2004 passes" in randomisation(replace(mine, passes=501)).note


def test_the_network_is_left_alone() -> None:
    mine = subject()
    before = copy.deepcopy(mine.module)
    randomisation(mine)
    assert mine.module is not None
    assert before is not None
    assert not changed(mine.module, before)


def test_there_is_at_least_one_stage() -> None:
    with pytest.raises(ConfigError, match=r"measures\.options\.randomisation\.n_stages: must be 1 or more"):
        randomisation(subject(), n_stages=0)
