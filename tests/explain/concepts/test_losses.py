"""Every term of the loss against a slow twin, and its gradient against differences; in float64."""

import math

import pytest
import torch
from torch import Tensor

from gallery.explain.concepts.losses import (
    NOT_ZERO,
    Along,
    Terms,
    Weights,
    prediction_loss,
    pull_away_term,
    selective_reconstruction_loss,
)


def draws(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def slow_reconstruction(decoded: Tensor, inputs: Tensor, q: float) -> float:
    n, d = inputs.shape
    total = 0.0
    for j in range(d):
        error = sum((float(decoded[i, j]) - float(inputs[i, j])) ** 2 for i in range(n)) / n
        total += math.log(1 + q * error)
    return total / d


def slow_pull_away(contributions: Tensor, along: Along) -> float:
    rows = [[float(x) + NOT_ZERO for x in row] for row in contributions]
    if along == "features":
        rows = [list(column) for column in zip(*rows, strict=True)]
    cosines = []
    for i, a in enumerate(rows):
        for j, b in enumerate(rows):
            if i != j:
                dot = sum(x * y for x, y in zip(a, b, strict=True))
                cosines.append((dot / (math.hypot(*a) * math.hypot(*b))) ** 2)
    return sum(cosines) / len(cosines)


def test_the_prediction_loss_is_the_mean_squared_difference() -> None:
    loss = prediction_loss(torch.tensor([1.0, 4.0]), torch.tensor([3.0, 3.0]))
    assert loss.item() == pytest.approx((4 + 1) / 2)


@pytest.mark.parametrize("q", [0.1, 100.0])
def test_the_reconstruction_loss_equals_its_slow_twin(q: float) -> None:
    decoded, inputs = draws(6, 4), draws(6, 4, seed=1)
    found = selective_reconstruction_loss(decoded, inputs, q)
    assert found.item() == pytest.approx(slow_reconstruction(decoded, inputs, q), rel=1e-12)


def test_one_feature_far_off_costs_less_than_two_that_are_off_together() -> None:
    nothing = torch.zeros(2, 2)
    one = selective_reconstruction_loss(torch.tensor([[2.0, 0.0]] * 2), nothing, 100.0)
    both = selective_reconstruction_loss(torch.full((2, 2), math.sqrt(2)), nothing, 100.0)
    assert one < 0.6 * both  # the same squared error in all


@pytest.mark.parametrize("along", ["images", "features"])
def test_the_pull_away_term_equals_its_slow_twin(along: Along) -> None:
    contributions = draws(5, 3)
    found = pull_away_term(contributions, along)
    assert found.item() == pytest.approx(slow_pull_away(contributions, along), rel=1e-12)


def test_the_two_pull_away_terms_compare_different_things() -> None:
    one_each = torch.eye(3, dtype=torch.float64)[[0, 0, 1, 1, 2, 2]]
    assert pull_away_term(one_each, "features").item() == pytest.approx(0, abs=1e-6)
    assert pull_away_term(one_each, "images").item() == pytest.approx(6 / 30, abs=1e-6)


@pytest.mark.parametrize("along", ["images", "features"])
def test_an_x_feature_that_never_answers_leaves_gradients_finite(along: Along) -> None:
    contributions = torch.zeros(4, 3, dtype=torch.float64, requires_grad=True)
    pull_away_term(contributions, along).backward()  # type: ignore[no-untyped-call]
    assert contributions.grad is not None
    assert bool(torch.isfinite(contributions.grad).all())


@pytest.mark.parametrize("along", ["images", "features"])
def test_gradients_agree_with_differences(along: Along) -> None:
    logits, inputs = draws(5, seed=2), draws(5, 4, seed=3)
    weights = Weights(0.7, 1.3, 2.1)

    def total(predicted: Tensor, decoded: Tensor, contributions: Tensor) -> Tensor:
        return Terms(
            prediction_loss(predicted, logits),
            selective_reconstruction_loss(decoded, inputs, 100.0),
            pull_away_term(contributions, along),
        ).total(weights)

    given = tuple(x.requires_grad_() for x in (draws(5, seed=4), draws(5, 4, seed=5), draws(5, 3, seed=6)))
    assert torch.autograd.gradcheck(total, given)


def test_a_retry_reconstructs_more_and_pulls_less() -> None:
    again = Weights().retried().retried()
    assert (again.prediction, again.reconstruction, again.pull_away) == pytest.approx((1, 14.4, 6.4))
