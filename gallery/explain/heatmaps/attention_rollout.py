r"""Multiply the attention of all blocks: how much of every patch reaches the tokens the head reads.

A vision transformer mixes its tokens block by block. Block $l$ attends with weights $A_l$, whose row $i$ says
from which tokens token $i$ takes; around it runs a residual connection, which keeps the token itself.
Half and half, and multiplied through all $n$ blocks:

$$\bar A_l = \tfrac12 A_l + \tfrac12 I, \qquad R = \bar A_n \bar A_{n-1} \cdots \bar A_1$$

The map is the row of $R$ that belongs to the class token, at the columns of the patches. $A_l$ is the mean
over the heads; `fusion` takes their `max` or `min` instead. `discard` sets that share of each $A_l$, its
smallest weights, to zero before the residual is added, which is common practice against speckle and not in
the paper. Rows are brought back to sum 1 after both.

**The map is the same for every class.** It shows where information may flow from, not what speaks for the
target; values, projections and the layers between the attentions do not enter. A head that does not use what
it attends to counts as much as any other.

Where a network has a class and a distillation token, which are both read, it is the mean of their rows. Where
the head takes the mean over the patches, it is the mean of the rows of all tokens averaged. Networks whose
head pools in another way, and those with attention inside windows (Swin), have no rollout.

Differs from the paper: the paper is on text and reads one token; the means over rows are ours.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from gallery.errors import ClassifierError, ConfigError
from gallery.explain.heatmaps._attention import attention_reason, attention_weights
from gallery.explain.heatmaps._base import HEATMAPS, RawMap, Subject
from gallery.interfaces import Classifier
from gallery.layouts import Tokens, find_tokens

FUSIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "mean": lambda heads: heads.mean(dim=0),
    "max": lambda heads: heads.amax(dim=0),
    "min": lambda heads: heads.amin(dim=0),
}
"""Name -> (heads, N, N) to (N, N)."""


def applies(classifier: Classifier) -> str:
    """Return "" if the rollout is defined for ``classifier``, else why not; no pass is needed."""
    size = classifier.card.preprocessing.size
    reason = attention_reason(classifier.module, size)
    tokens = find_tokens(classifier.module, size)
    if not reason and tokens and not tokens.read and tokens.pooling != "avg":
        return f"its head pools the tokens by {tokens.pooling!r}, which is neither one token nor their mean"
    return reason


@HEATMAPS.register(
    "attention_rollout",
    title="Attention rollout",
    reference="Abnar and Zuidema, Quantifying Attention Flow in Transformers, ACL 2020, arXiv:2005.00928, "
    "section 3, equation 1; rollout of images as in Dosovitskiy et al., ICLR 2021, appendix D.8",
    applies=applies,
)
def attention_rollout(subject: Subject, *, fusion: str = "mean", discard: float = 0.0) -> RawMap:
    """Return the attention rollout, the same for every target class.

    Args:
        subject: What to explain.
        fusion: Of the heads: "mean", "max" or "min".
        discard: Share of each block's fused weights that is set to zero, the smallest first, in [0, 1).

    Returns:
        (h, w) float32, one value for each patch token, >= 0; its sum is at most 1, the rest having come from
        tokens that stand for no patch.

    Raises:
        ConfigError: If an option is out of range.
        ClassifierError: If the method does not apply to the classifier.

    Cost:
        One forward pass; products of N x N matrices for N tokens, in float64.
    """
    if fusion not in FUSIONS:
        known = ", ".join(FUSIONS)
        raise ConfigError(f"methods.attention_rollout.fusion: unknown {fusion!r}. Known: {known}.")
    if not 0 <= discard < 1:
        raise ConfigError(
            f"methods.attention_rollout.discard: {discard} is not a share. Give 0 <= discard < 1."
        )
    classifier = subject.classifier
    tokens = find_tokens(classifier.module, subject.size)
    if (reason := applies(classifier)) or tokens is None:
        raise ClassifierError(f"attention_rollout cannot explain {classifier.card.id}: {reason}.")
    fuse = FUSIONS[fusion]
    blocks = attention_weights(
        classifier.module, tokens, subject.image, lambda heads: _without_least(fuse(heads.double()), discard)
    )
    row = rollout(blocks, _reading(tokens).to(subject.image.device))
    return RawMap(row[tokens.prefix :].reshape(tokens.grid).float(), forwards=1)


def rollout(blocks: Sequence[Tensor], reading: Tensor) -> Tensor:
    """Return ``reading`` carried back through all blocks, (N,).

    Args:
        blocks: Fused weights (N, N) of the first to the last block, non-negative.
        reading: (N,), the share each token has in what the head reads.
    """
    for weights in reversed(blocks):  # a row times each matrix: their product is never formed
        mixed = weights + torch.eye(len(weights), dtype=weights.dtype, device=weights.device)
        reading = reading @ (mixed / mixed.sum(dim=-1, keepdim=True))
    return reading


def _without_least(weights: Tensor, share: float) -> Tensor:
    """Return ``weights`` (N, N) with the smallest ``share`` of them zero; equal ones stay or go together."""
    n = int(share * weights.numel())
    if not n:
        return weights
    least_kept = weights.flatten().kthvalue(n + 1).values
    return torch.where(weights < least_kept, 0.0, weights)


def _reading(tokens: Tokens) -> Tensor:
    """Return the share of each token in what the head reads, (N,) float64, summing to 1."""
    shares = torch.zeros(tokens.n, dtype=torch.float64)
    if tokens.read:
        shares[list(tokens.read)] = 1.0
    else:
        shares[0 if tokens.pools_prefix else tokens.prefix :] = 1.0
    return shares / shares.sum()
