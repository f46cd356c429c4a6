"""The majority-vote measure of disentanglement, also known as the FactorVAE metric.

One vote: a factor is drawn and fixed at a drawn value, all others vary over L pictures; the latent whose
variance over these pictures, relative to its variance over the whole set, is smallest votes for the factor.
A table counts votes per latent and factor; every latent is then taken to stand for the factor it votes for
most. ``accuracy`` is the share of further votes that this table foretells, ``training_accuracy`` that of
its own votes, as a rule a little higher. A factor nobody represents, or two in one latent, cost accuracy;
chance is about 1 / number of factors. Latents that hold almost nothing (mean KL divergence up to 1e-5 nats)
do not vote, as in public re-implementations.

Reference: Kim and Mnih, Disentangling by Factorising, arXiv:1802.05983, section 4.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gallery.errors import ConfigError
from gallery.generative.data.dsprites import FACTORS, N_VALUES, N, indices_of

Float = NDArray[np.float64]
Encode = Callable[[NDArray[np.int64]], tuple[Float, Float]]
"""Places of pictures (B,) -> mean of their posterior and its KL divergence from the prior, (B, D) each."""
KL_FLOOR = 1e-5


@dataclass(frozen=True)
class Voting:
    """How votes are taken.

    Attributes:
        n_pictures: L, per vote.
        n_votes: For the table, and as many again for ``accuracy``.
        n_reference: Pictures the variance over the whole set is estimated from.
        seed: Of everything drawn.
    """

    n_pictures: int = 100
    n_votes: int = 800
    n_reference: int = 10_000
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises:
            ConfigError: If one is left.
        """
        if min(self.n_pictures, self.n_reference) < 2 or self.n_votes < 1 or self.seed < 0:
            raise ConfigError(
                "votes: give at least 2 pictures per vote, 2 for reference, 1 vote and a seed from 0."
            )


@dataclass(frozen=True)
class Vote:
    """What came out.

    Attributes:
        accuracy: On votes the table was not made from; 0 if no latent may vote.
        training_accuracy: On those it was made from.
        n_active: Latents that hold enough to vote.
        table: (D, 5) votes of each latent for each factor, by ``FACTORS``.
    """

    accuracy: float
    training_accuracy: float
    n_active: int
    table: NDArray[np.int64]


def majority_vote(encode: Encode, voting: Voting) -> Vote:
    """Measure how well single latents stand for single factors of dSprites.

    Cost:
        n_reference + 2 * n_votes * n_pictures pictures encoded.
    """
    rng = np.random.default_rng(voting.seed)
    means, divergences = encode(rng.integers(0, N, voting.n_reference))
    is_active = divergences.mean(axis=0) > KL_FLOOR
    spread = means.var(axis=0, ddof=1)
    table = np.zeros((2, means.shape[1], len(FACTORS)), dtype=np.int64)
    if not is_active.any():
        return Vote(0.0, 0.0, 0, table[0])
    for part in table:
        for _ in range(voting.n_votes):
            factor, indices = _draw(rng, voting.n_pictures)
            variance = encode(indices)[0].var(axis=0, ddof=1)
            share = np.where(is_active, variance / np.where(is_active, spread, 1), np.inf)
            part[int(np.argmin(share)), factor] += 1
    stands_for = table[0].argmax(axis=1)
    latents = np.arange(len(stands_for))
    training, held_out = (int(part[latents, stands_for].sum()) / voting.n_votes for part in table)
    return Vote(held_out, training, int(is_active.sum()), table[0])


def _draw(rng: np.random.Generator, n: int) -> tuple[int, NDArray[np.int64]]:
    """Return a factor and pictures that share its value, all others drawn."""
    factor = int(rng.integers(len(FACTORS)))
    factors = rng.integers(0, N_VALUES, (n, len(FACTORS)))
    factors[:, factor] = factors[0, factor]
    return factor, indices_of(factors)
