"""Training of an explanation network, as the authors' code does it, but seeded.

Every layer is first trained by itself as an autoencoder of what comes before it, then the last layer as a
linear regression, then everything together. An attempt is accepted if at least two x-features add to the
logit on average, the second at least 0.3 times as much as the first; otherwise the reconstruction counts 1.2
times and the pull-away term 0.8 times as much, and everything starts anew, five times at most.

All of it happens on the CPU in one thread: it takes seconds, and its numbers do not depend on the machine's
number of cores.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from gallery.errors import ClassifierError
from gallery.explain.concepts.losses import (
    Along,
    Terms,
    Weights,
    prediction_loss,
    pull_away_term,
    selective_reconstruction_loss,
)
from gallery.explain.concepts.network import ExplanationNetwork, Shape
from gallery.tensors import derive_seed

ATTEMPTS = 5
LEAST_POSITIVE, LEAST_RATIO = 2, 0.3
DECAY, DECAY_EPOCHS = 0.1, 40
OFFICIAL = Weights()
SMALLEST_SET = 10
"""Views below which nothing can be learnt."""


@dataclass(frozen=True)
class Examples:
    """What is learnt from.

    Attributes:
        inputs: (N, d) float32, a layer's features of every view.
        logits: (N,) float32, the classifier's logit of the class.
    """

    inputs: Tensor
    logits: Tensor

    def part(self, chosen: Tensor) -> "Examples":
        """Return the examples at the indices, or under the mask, ``chosen``."""
        return Examples(self.inputs[chosen], self.logits[chosen])


@dataclass(frozen=True)
class Plan:
    """How a network is trained; defaults as in the authors' code, with ten epochs.

    Attributes:
        hidden: Widths between the input and the x-features.
        n_features: Number of x-features.
        weights: Of the terms in the first attempt.
        along: What the pull-away term compares.
        q: Of the selective reconstruction loss.
        epochs: Passes over the views, in each of the trainings.
        batch: Views per step.
        learning_rate: Of Adam; times 0.1 every 40 epochs.
        weight_decay: Of Adam in the training of the whole.
        dropout: Share of the first hidden layer left out in the training of the whole.
    """

    hidden: tuple[int, ...] = (800, 100)
    n_features: int = 5
    weights: Weights = OFFICIAL
    along: Along = "images"
    q: float = 100.0
    epochs: int = 10
    batch: int = 50
    learning_rate: float = 1e-3
    weight_decay: float = 1e-4
    dropout: float = 0.02


@dataclass(frozen=True)
class Attempt:
    """One training.

    Attributes:
        weights: Of the terms.
        terms: Prediction, reconstruction and pull-away after each epoch: means over its batches.
        contributions: (n,) mean over the training views, in logits.
        is_accepted: Whether the retry rule is content.
    """

    weights: Weights
    terms: tuple[tuple[float, float, float], ...]
    contributions: tuple[float, ...]
    is_accepted: bool


@dataclass(frozen=True)
class Fitted:
    """A trained network, in evaluation mode, and how it came about; the last attempt made it."""

    network: ExplanationNetwork
    attempts: tuple[Attempt, ...]


def fit(examples: Examples, plan: Plan, seed: int) -> Fitted:
    """Train an explanation network.

    Args:
        examples: At least ``SMALLEST_SET`` views.
        plan: How.
        seed: Of initial weights, order of views and dropout.

    Raises:
        ClassifierError: If there are too few views, or the logit is the same in all of them.

    Cost:
        ``epochs`` passes over the views for each of the layers, the last one and the whole, per attempt.
    """
    if len(examples.logits) < SMALLEST_SET or float(examples.logits.std()) == 0:
        raise ClassifierError(
            f"concepts: {len(examples.logits)} views with a logit that differs between them are too few to "
            "learn from. Raise n_views, or give more photographs."
        )
    attempts: list[Attempt] = []
    weights = plan.weights
    with _alone():
        while True:
            torch.manual_seed(derive_seed(seed, f"attempt {len(attempts)}"))
            network, terms = _one(examples, plan, weights)
            means = _mean_contributions(network, examples)
            attempts.append(Attempt(weights, terms, means, is_acceptable(means)))
            if attempts[-1].is_accepted or len(attempts) == ATTEMPTS:
                return Fitted(network, tuple(attempts))
            weights = weights.retried()


def is_acceptable(contributions: tuple[float, ...]) -> bool:
    """Return whether the second x-feature, by mean contribution, adds enough beside the first."""
    first, second, *_ = sorted(contributions, reverse=True)
    return sum(value > 0 for value in contributions) >= LEAST_POSITIVE and second >= LEAST_RATIO * first


def _one(
    examples: Examples, plan: Plan, weights: Weights
) -> tuple[ExplanationNetwork, tuple[tuple[float, float, float], ...]]:
    """Train one network from its first random weights."""
    inputs = examples.inputs
    scale = float(inputs.square().mean().sqrt()) or 1.0
    scaled = Examples(inputs / scale, examples.logits)
    shape = Shape(inputs.shape[1], plan.hidden, plan.n_features)
    signed = bool((inputs < 0).any())
    network = ExplanationNetwork(shape, scale=scale, dropout=plan.dropout, signed=signed)
    _pretrain(network, scaled, plan)
    terms = _train(network, scaled, plan, weights)
    return network.eval().requires_grad_(requires_grad=False), terms


def _pretrain(network: ExplanationNetwork, scaled: Examples, plan: Plan) -> None:
    """Train layer by layer: each reconstructs what the one before hands on; then the last by regression."""
    x = scaled.inputs
    for i, encoder in enumerate(network.encoder):
        decoder = network.decoder[len(network.decoder) - 1 - i]
        is_signed = network.signed and i == 0

        def reconstruction(
            rows: Tensor, x: Tensor = x, e: nn.Module = encoder, d: nn.Module = decoder, s: bool = is_signed
        ) -> Tensor:
            out = d(e(x[rows]).relu())
            loss: Tensor = ((out if s else out.relu()) - x[rows]).square().mean()
            return loss

        _descend([encoder, decoder], reconstruction, len(x), plan)
        with torch.no_grad():
            x = encoder(x).relu()

    def regression(rows: Tensor, x: Tensor = x) -> Tensor:
        return prediction_loss(network.predict(x[rows]), scaled.logits[rows])

    _descend([network.last], regression, len(x), plan)


def _descend(parts: list[nn.Module], loss: Callable[[Tensor], Tensor], n: int, plan: Plan) -> None:
    """Minimise a loss of rows of n views by Adam over the parameters of ``parts``."""
    parameters = [parameter for part in parts for parameter in part.parameters()]
    optimiser = torch.optim.Adam(parameters, lr=plan.learning_rate)
    for _ in range(plan.epochs):
        for rows in _batches(n, plan.batch):
            optimiser.zero_grad()
            loss(rows).backward()  # type: ignore[no-untyped-call]
            optimiser.step()


def _train(
    network: ExplanationNetwork, scaled: Examples, plan: Plan, weights: Weights
) -> tuple[tuple[float, float, float], ...]:
    """Train the whole and return the mean of every term per epoch."""
    network.train()
    optimiser = torch.optim.Adam(network.parameters(), lr=plan.learning_rate, weight_decay=plan.weight_decay)
    schedule = torch.optim.lr_scheduler.StepLR(optimiser, DECAY_EPOCHS, DECAY)
    history = []
    for _ in range(plan.epochs):
        seen = []
        for rows in _batches(len(scaled.logits), plan.batch):
            terms = terms_of(network, scaled.part(rows), plan)
            optimiser.zero_grad()
            terms.total(weights).backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            seen.append([terms.prediction.item(), terms.reconstruction.item(), terms.pull_away.item()])
        schedule.step()
        means = torch.tensor(seen, dtype=torch.float64).mean(dim=0).tolist()
        history.append((means[0], means[1], means[2]))
    return tuple(history)


def terms_of(network: ExplanationNetwork, scaled: Examples, plan: Plan) -> Terms:
    """Return the terms of the loss on some views whose inputs are scaled."""
    features = network.encode(scaled.inputs)
    return Terms(
        prediction_loss(network.predict(features), scaled.logits),
        selective_reconstruction_loss(network.decode(features), scaled.inputs, plan.q),
        pull_away_term(network.contributions(features), plan.along),
    )


def _batches(n: int, size: int) -> Iterator[Tensor]:
    """Yield the indices of n views in random order, ``size`` at a time."""
    order = torch.randperm(n)
    yield from (order[start : start + size] for start in range(0, n, size))


def _mean_contributions(network: ExplanationNetwork, examples: Examples) -> tuple[float, ...]:
    return tuple(network.contributions(network(examples.inputs)).double().mean(dim=0).tolist())


@contextmanager
def _alone() -> Iterator[None]:
    """Use one thread and a random state of its own; both are put back."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(devices=[]), torch.enable_grad():
            yield
    finally:
        torch.set_num_threads(threads)
