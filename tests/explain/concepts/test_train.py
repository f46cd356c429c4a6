"""Training: it learns what can be learnt, the retry rule, seeds, and that it leaves the process as it was."""

import pytest
import torch

from gallery.errors import ClassifierError
from gallery.explain.concepts import train
from gallery.explain.concepts.losses import Weights
from gallery.explain.concepts.network import ExplanationNetwork
from gallery.explain.concepts.quality import r_squared
from gallery.explain.concepts.train import ATTEMPTS, Examples, Plan, fit, is_acceptable

SMALL = Plan(hidden=(16, 8), n_features=3, epochs=15, batch=20, learning_rate=0.01)


def examples(n: int = 200) -> Examples:
    draw = torch.Generator().manual_seed(0)
    inputs = torch.rand(n, 12, generator=draw)
    return Examples(inputs, 8 * inputs[:, 0] + 6 * inputs[:, 1] - 3)


def test_it_learns_to_predict_the_logit() -> None:
    data = examples()
    fitted = fit(data, SMALL, seed=1)
    predicted = fitted.network.predict(fitted.network(data.inputs))
    assert (r_squared(predicted.numpy(), data.logits.numpy()) or 0) > 0.8
    first, *_, last = fitted.attempts[-1].terms
    assert last[0] < first[0]
    assert len(fitted.attempts[-1].terms) == SMALL.epochs


def test_a_seed_gives_the_same_bytes_and_another_seed_does_not() -> None:
    plan = Plan(hidden=(8,), n_features=2, epochs=2)
    first, again, other = (fit(examples(), plan, seed).network.arrays() for seed in (1, 1, 2))
    assert {name: a.tobytes() for name, a in first.items()} == {n: a.tobytes() for n, a in again.items()}
    assert first["encoder.0.weight"].tobytes() != other["encoder.0.weight"].tobytes()


def test_the_random_state_and_the_threads_are_left_as_found() -> None:
    state, threads = torch.get_rng_state(), torch.get_num_threads()
    fit(examples(), Plan(hidden=(8,), n_features=2, epochs=1), seed=1)
    assert torch.equal(state, torch.get_rng_state())
    assert torch.get_num_threads() == threads


@pytest.mark.parametrize(
    ("contributions", "is_accepted"),
    [
        ((2.0, 0.6, -1.0), True),
        ((0.6, -1.0, 2.0), True),
        ((2.0, 0.59, 0.5), False),
        ((2.0, -0.1, -1.0), False),
        ((-1.0, -2.0), False),
        ((0.0, 0.0), False),
    ],
)
def test_an_attempt_needs_a_second_x_feature(contributions: tuple[float, ...], is_accepted: bool) -> None:
    assert is_acceptable(contributions) is is_accepted


def test_rejected_attempts_are_made_anew_with_other_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Weights] = []

    def never(network: ExplanationNetwork, _: Examples) -> tuple[float, ...]:
        return (1.0,) + (0.0,) * (network.shape.n_features - 1)

    monkeypatch.setattr(train, "_mean_contributions", never)
    fitted = fit(examples(), Plan(hidden=(4,), n_features=2, epochs=1), seed=1)
    made = [attempt.weights for attempt in fitted.attempts]
    assert len(made) == ATTEMPTS
    assert not any(attempt.is_accepted for attempt in fitted.attempts)
    assert made[-1].reconstruction == pytest.approx(10 * 1.2**4)
    assert made[-1].pull_away == pytest.approx(10 * 0.8**4)


@pytest.mark.parametrize("n", [9, 50])
def test_too_little_to_learn_from_is_an_error(n: int) -> None:
    data = Examples(torch.rand(n, 4), torch.ones(n))
    with pytest.raises(ClassifierError, match="n_views"):
        fit(data, SMALL, seed=0)
