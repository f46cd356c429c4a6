"""The majority vote on representations whose accuracy is known."""

import numpy as np
import pytest
from numpy.typing import NDArray

from gallery.errors import ConfigError
from gallery.generative.data.dsprites import FACTORS, N_VALUES, factors_of
from gallery.generative.votes import Voting, majority_vote

VOTING = Voting(n_pictures=40, n_votes=150, n_reference=2000)
Float = NDArray[np.float64]


def perfect(indices: NDArray[np.int64]) -> tuple[Float, Float]:
    """Return every factor in a latent of its own, in another order, after a copy that is too faint."""
    factors = factors_of(indices)[:, ::-1] * np.array([7.0, -0.01, 3.0, 100.0, 1.0])
    means = np.column_stack([1e-9 * factors[:, 0], factors])
    return means, np.where(np.arange(6) == 0, 1e-7, 1.0) * np.ones_like(means)


def test_a_perfect_representation_gets_every_vote() -> None:
    vote = majority_vote(perfect, VOTING)
    assert (vote.accuracy, vote.training_accuracy, vote.n_active) == (1.0, 1.0, 5)
    assert vote.table.shape == (6, len(FACTORS))
    assert vote.table[0].sum() == 0, "a faint latent has no vote"
    assert [int(row.argmax()) for row in vote.table[1:]] == [4, 3, 2, 1, 0]


def test_factors_that_share_a_latent_cost_votes() -> None:
    def merged(indices: NDArray[np.int64]) -> tuple[Float, Float]:
        shares = factors_of(indices) / np.array(N_VALUES)
        means = np.column_stack([shares[:, :3], shares[:, 3] + shares[:, 4]])
        return means, np.ones_like(means)

    vote = majority_vote(merged, VOTING)
    assert 0.7 < vote.accuracy < 0.9, "the latent of both positions can stand for one of them only"


def test_noise_is_near_chance_and_further_votes_are_no_better() -> None:
    rng = np.random.default_rng(0)

    def noise(indices: NDArray[np.int64]) -> tuple[Float, Float]:
        return rng.normal(size=(len(indices), 8)), np.ones((len(indices), 8))

    vote = majority_vote(noise, VOTING)
    assert 0.1 < vote.accuracy < 0.32
    assert vote.training_accuracy > vote.accuracy


def test_a_collapsed_model_scores_nothing() -> None:
    vote = majority_vote(lambda indices: (np.zeros((len(indices), 4)), np.zeros((len(indices), 4))), VOTING)
    assert (vote.accuracy, vote.n_active) == (0.0, 0)


def test_votes_depend_on_the_seed_only() -> None:
    tables = [majority_vote(perfect, Voting(40, 30, 100, seed)).table for seed in (0, 0, 1)]
    assert np.array_equal(tables[0], tables[1])
    assert not np.array_equal(tables[0], tables[2])
    with pytest.raises(ConfigError, match="at least 2 pictures"):
        Voting(n_pictures=1)
