"""A tiny classifier with one query per class, over features that keep their places."""

import torch
from torch import Tensor, nn

from gallery.classifier._class_queries import ClassQueries, ClassQueryNet, QueryShape


class Places(nn.Module):
    """A backbone that hands out an (B, 6, h / 4, w / 4) map."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 6, 4, stride=4)

    def forward_features(self, x: Tensor) -> Tensor:
        """Return the map."""
        features: Tensor = self.stem(x).tanh()
        return features


def queried(*, heads: int = 2, layers: int = 2, n_classes: int = 3, seed: int = 0) -> ClassQueryNet:
    """Return the classifier, in evaluation mode."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        shape = QueryShape(n_classes, 6, width=8, heads=heads, layers=layers)
        return ClassQueryNet(Places(), ClassQueries(shape)).eval()
