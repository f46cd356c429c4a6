r"""What an explanation network is trained for.

With $z$ a layer's features, $E \geq 0$ the $n$ x-features, $v, b$ the last layer and $\tilde z$ the
reconstruction:

$$L = \alpha_\text{pred} \, \overline{(y - \hat y)^2}
+ \alpha_\text{rec} \, \frac1d \sum_j \log\big(1 + q \, \overline{(z_j - \tilde z_j)^2}\big)
+ \alpha_\text{pull} \, \overline{\cos^2(u_i, u_j)}_{i \neq j}$$

The logarithm makes the reconstruction selective: a feature that is far off costs little more when it gets
worse, so a few x-features need not carry what has nothing to do with the class. Bars are means over a batch.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

NOT_ZERO = 1e-8
"""Added to contributions, as in the authors' code, so that a row of zeros has a direction."""

Along = Literal["images", "features"]


@dataclass(frozen=True)
class Weights:
    """How much each term counts; the defaults are those of the authors' code for ``along`` = "images".

    Attributes:
        prediction: Of the prediction loss.
        reconstruction: Of the selective reconstruction loss.
        pull_away: Of the pull-away term.
    """

    prediction: float = 1.0
    reconstruction: float = 10.0
    pull_away: float = 10.0

    def retried(self) -> "Weights":
        """Return the weights of the next attempt: 1.2 times the reconstruction, 0.8 times the pull-away."""
        return Weights(self.prediction, 1.2 * self.reconstruction, 0.8 * self.pull_away)


@dataclass(frozen=True)
class Terms:
    """The terms of one batch, each a scalar tensor before weighting."""

    prediction: Tensor
    reconstruction: Tensor
    pull_away: Tensor

    def total(self, weights: Weights) -> Tensor:
        """Return the weighted sum."""
        return (
            weights.prediction * self.prediction
            + weights.reconstruction * self.reconstruction
            + weights.pull_away * self.pull_away
        )


def prediction_loss(predicted: Tensor, logits: Tensor) -> Tensor:
    """Return the mean squared difference of (B,) predicted and true logits, in logits squared."""
    return (predicted - logits).square().mean()


def selective_reconstruction_loss(decoded: Tensor, inputs: Tensor, q: float) -> Tensor:
    """Return the mean over features of log(1 + q * mean squared error over the batch).

    Args:
        decoded: (B, d) reconstruction.
        inputs: (B, d) what is reconstructed.
        q: > 0; the larger, the sooner a feature is given up.
    """
    return torch.log1p(q * (decoded - inputs).square().mean(dim=0)).mean()


def pull_away_term(contributions: Tensor, along: Along) -> Tensor:
    """Return the mean squared cosine of all pairs of rows, or of columns, of the contributions.

    Args:
        contributions: (B, n), what every x-feature adds to the logit of every view: E * v.
        along: "images" compares the views of the batch with each other, as the authors' code does by
            default (PT_inverse = 1); "features" compares the x-features (PT_inverse = 0).

    Returns:
        A scalar in [0, 1]; 0 where there is only one row.
    """
    rows = contributions + NOT_ZERO
    if along == "features":
        rows = rows.T
    n = len(rows)
    if n < 2:
        return contributions.sum() * 0
    unit = rows / rows.norm(dim=1, keepdim=True)
    squared = (unit @ unit.T).square()
    mean: Tensor = (squared.sum() - squared.diagonal().sum()) / (n * (n - 1))
    return mean
