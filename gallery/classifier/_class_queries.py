"""A transformer decoder that asks, for every class, where its evidence is: the head of an INTR classifier.

One learned query per class attends to a backbone's feature map. In every layer the queries attend to each
other, then each to the places of the map, then pass through a small network; a layer's target begins with
zeros, and the queries are added where attention is asked, as in DETR. A single vector, shared by all classes,
turns what each query has gathered into its logit. Keys carry no positions, so that a query can only find its
class by what a place looks like.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class QueryShape:
    """Sizes of the head.

    Attributes:
        n_classes: K, the queries.
        channels: C of the feature map.
        width: Of queries and keys.
        heads: Of the attention; they divide ``width``.
        layers: Of the decoder.
        dropout: Share of values dropped in training.
    """

    n_classes: int
    channels: int
    width: int = 64
    heads: int = 4
    layers: int = 2
    dropout: float = 0.1


class Attention(nn.Module):
    """Attention with several heads that also returns its weights."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value, self.out = (nn.Linear(width, width) for _ in range(4))

    def forward(self, queries: Tensor, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Return (B, K, D) what (B, K, D) queries gather from (B, N, D), and weights (B, heads, K, N)."""
        q, k, v = (
            layer(x).unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for layer, x in ((self.query, queries), (self.key, keys), (self.value, values))
        )
        weights = (q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5).softmax(dim=-1)
        return self.out((weights @ v).transpose(1, 2).flatten(2)), weights


class DecoderLayer(nn.Module):
    """Attention among the classes, attention to the map, a small network; each added and normalised."""

    def __init__(self, shape: QueryShape) -> None:
        super().__init__()
        width = shape.width
        self.among = Attention(width, shape.heads)
        self.cross = Attention(width, shape.heads)
        self.feed = nn.Sequential(
            nn.Linear(width, 2 * width), nn.ReLU(), nn.Dropout(shape.dropout), nn.Linear(2 * width, width)
        )
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(3))
        self.drop = nn.Dropout(shape.dropout)

    def forward(self, x: Tensor, queries: Tensor, places: Tensor) -> Tensor:
        """Return what the classes know after this layer, (B, K, D), of (B, N, D) places."""
        asked = x + queries
        x = self.norms[0](x + self.drop(self.among(asked, asked, x)[0]))
        x = self.norms[1](x + self.drop(self.cross(x + queries, places, places)[0]))
        out: Tensor = self.norms[2](x + self.drop(self.feed(x)))
        return out


class ClassQueries(nn.Module):
    """The head: (B, C, h, w) feature maps -> (B, K) logits."""

    def __init__(self, shape: QueryShape) -> None:
        super().__init__()
        self.shape = shape
        self.project = nn.Linear(shape.channels, shape.width)
        self.queries = nn.Parameter(torch.randn(shape.n_classes, shape.width))
        self.layers = nn.ModuleList(DecoderLayer(shape) for _ in range(shape.layers))
        self.norm = nn.LayerNorm(shape.width)
        self.presence = nn.Linear(shape.width, 1)

    def forward(self, features: Tensor) -> Tensor:
        """Return logits."""
        places = self.project(features.flatten(2).transpose(1, 2))
        queries = self.queries.expand(len(features), -1, -1)
        x = torch.zeros_like(queries)
        for layer in self.layers:
            x = layer(x, queries, places)
        logits: Tensor = self.presence(self.norm(x))[..., 0]
        return logits


class ClassQueryNet(nn.Module):
    """A frozen backbone with ``forward_features`` and a head of class queries: (B, 3, H, W) -> (B, K)."""

    def __init__(self, backbone: nn.Module, queries: ClassQueries) -> None:
        super().__init__()
        self.backbone = backbone
        self.queries = queries

    def forward(self, x: Tensor) -> Tensor:
        """Return logits."""
        logits: Tensor = self.queries(self.backbone.forward_features(x))  # type: ignore[operator]
        return logits

    def class_attention(self, x: Tensor) -> Tensor:
        """Return where every class looks in the last layer, (B, heads, K, h, w); each map sums to 1.

        Cost:
            One forward pass.
        """
        seen: list[Tensor] = []
        last: DecoderLayer = self.queries.layers[-1]  # type: ignore[assignment]
        hooks = (
            self.queries.register_forward_pre_hook(lambda _, given: seen.append(given[0])),
            last.cross.register_forward_hook(lambda _, given, out: seen.append(out[1])),
        )
        try:
            self(x)
        finally:
            for hook in hooks:
                hook.remove()
        features, weights = seen
        return weights.reshape(*weights.shape[:3], *features.shape[-2:])
