"""The terms of the loss: in nats per picture, except the attention disentanglement loss, a share."""

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

GAUSSIAN_SD = 0.1
"""Standard deviation of a pixel under the Gaussian likelihood; pixels are in [0, 1]."""
_EMPTY = 1e-12
"""Sum of two attention maps below which they count as empty."""


def reconstruction(logits: Tensor, pictures: Tensor, likelihood: str) -> Tensor:
    """Return minus the log likelihood of the pixels, summed over a picture, mean over the batch.

    Args:
        logits: (B, C, H, W), as decoded.
        pictures: (B, C, H, W) in [0, 1].
        likelihood: "bernoulli"; or "gaussian", without the constant that does not depend on the picture.
    """
    if likelihood == "bernoulli":
        total = F.binary_cross_entropy_with_logits(logits, pictures, reduction="sum")
    else:
        total = 0.5 * ((torch.sigmoid(logits) - pictures) / GAUSSIAN_SD).square().sum()
    return total / len(pictures)


def kl_per_latent(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Return KL(N(mean, exp(log_variance)) || N(0, 1)) of every latent of every picture, (B, D)."""
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance)


def total_correlation(logits: Tensor) -> Tensor:
    """Return the discriminator's estimate of the total correlation, mean over the batch.

    It is the log ratio of the densities of the aggregate posterior (class 0) and of the product of its
    marginals (class 1), which for an optimal discriminator is the difference of the (B, 2) logits.
    """
    return (logits[:, 0] - logits[:, 1]).mean()


def discriminator_loss(joint: Tensor, shuffled: Tensor) -> Tensor:
    """Return the mean cross-entropy of telling joint (B, 2) from shuffled (B, 2) latents by their logits."""
    zeros = torch.zeros(len(joint), dtype=torch.long, device=joint.device)
    ones = torch.ones(len(shuffled), dtype=torch.long, device=shuffled.device)
    return 0.5 * (F.cross_entropy(joint, zeros) + F.cross_entropy(shuffled, ones))


def shuffle_latents(latents: Tensor, rng: torch.Generator) -> Tensor:
    """Return (B, D) latents with every column permuted over the batch by itself: the product of marginals."""
    orders = torch.rand(latents.shape, generator=rng).argsort(dim=0)
    return latents.gather(0, orders.to(latents.device))


def attention_disentanglement(first: Tensor, second: Tensor) -> Tensor:
    """Return how far the attention of two latents overlaps: 2 sum min(M1, M2) / sum (M1 + M2).

    Args:
        first: (B, h, w), non-negative.
        second: (B, h, w), non-negative.

    Returns:
        Mean over the pictures; 0 without, 1 with complete overlap. A picture for which both maps are empty
        counts 0: the loss does not keep attention from vanishing.
    """
    overlap = torch.minimum(first, second).sum(dim=(1, 2))
    total = (first + second).sum(dim=(1, 2))
    return (2 * overlap / total.clamp_min(_EMPTY)).mean()
