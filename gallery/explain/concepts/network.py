"""The explanation network: a narrow autoencoder beside a classifier, with a linear layer on its waist.

Encoder d -> hidden -> n with ReLU, so every x-feature is 0 or more; a mirrored decoder; and y = v . E + b.
What x-feature k adds to the logit is its contribution E_k * v_k.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn

from gallery.errors import ShapeError
from gallery.records import Float32


@dataclass(frozen=True)
class Shape:
    """Size of an explanation network.

    Attributes:
        n_inputs: d, features of the layer.
        hidden: Widths between the input and the x-features.
        n_features: n, number of x-features.
    """

    n_inputs: int
    hidden: tuple[int, ...]
    n_features: int

    @property
    def widths(self) -> tuple[int, ...]:
        """Widths from the input to the x-features."""
        return (self.n_inputs, *self.hidden, self.n_features)


class ExplanationNetwork(nn.Module):
    """Encoder, last layer and decoder; initialised by torch's own random state."""

    scale: Tensor

    def __init__(
        self, shape: Shape, *, scale: float = 1.0, dropout: float = 0.0, signed: bool = False
    ) -> None:
        """Create a network.

        Args:
            shape: Its size.
            scale: Inputs are divided by it, so that q means the same for every layer.
            dropout: Share of the first hidden layer left out in training.
            signed: Whether inputs may be negative; the decoder then ends without a ReLU.
        """
        super().__init__()
        self.shape = shape
        self.signed = signed
        self.dropout = nn.Dropout(dropout)
        self.encoder = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(shape.widths))
        self.decoder = nn.ModuleList(nn.Linear(b, a) for a, b in reversed(list(pairwise(shape.widths))))
        self.last = nn.Linear(shape.n_features, 1)
        self.register_buffer("scale", torch.tensor(float(scale)))

    def encode(self, scaled: Tensor) -> Tensor:
        """Return the x-features E, (B, n) >= 0, of scaled inputs (B, d)."""
        x = scaled
        for i, layer in enumerate(self.encoder):
            x = layer(x).relu()
            if i == 0 and len(self.encoder) > 1:
                x = self.dropout(x)
        return x

    def decode(self, features: Tensor) -> Tensor:
        """Return the reconstruction of scaled inputs, (B, d)."""
        x = features
        for i, layer in enumerate(self.decoder):
            x = layer(x)
            if not (self.signed and i + 1 == len(self.decoder)):
                x = x.relu()
        return x

    def contributions(self, features: Tensor) -> Tensor:
        """Return what every x-feature adds to the logit, (B, n)."""
        return features * self.last.weight[0]

    def predict(self, features: Tensor) -> Tensor:
        """Return the logit as the sum of contributions and the bias, (B,)."""
        return self.contributions(features).sum(dim=1) + self.last.bias[0]

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the x-features, (B, n), of inputs as the layer hands them on, (B, d)."""
        return self.encode(inputs / self.scale)

    def arrays(self) -> dict[str, Float32]:
        """Return everything that explaining needs, float32: encoder, last layer and scale, no decoder."""
        kept = {name: value for name, value in self.state_dict().items() if not name.startswith("decoder.")}
        return {name: np.asarray(value.detach().cpu().float().numpy()) for name, value in kept.items()}


def restored(arrays: Mapping[str, Float32]) -> ExplanationNetwork:
    """Return a frozen network made of what ``arrays`` returned; its decoder means nothing.

    Raises:
        ShapeError: If arrays are missing or do not fit together.
    """
    weights = [arrays[name] for name in _encoder_names(arrays)]
    if not weights or "last.weight" not in arrays:
        raise ShapeError("an explanation network needs encoder.<i>.weight and last.weight.")
    shape = Shape(weights[0].shape[1], tuple(w.shape[0] for w in weights[:-1]), weights[-1].shape[0])
    network = ExplanationNetwork(shape)
    given = {name: torch.from_numpy(np.array(value)) for name, value in arrays.items()}
    wanted = {name: value for name, value in network.state_dict().items() if not name.startswith("decoder.")}
    wrong = [
        name
        for name in sorted({*given, *wanted})
        if name not in given or name not in wanted or given[name].shape != wanted[name].shape
    ]
    if wrong:
        raise ShapeError(f"explanation network: {wrong[0]} is missing, unknown or of the wrong shape.")
    network.load_state_dict(given, strict=False)
    return network.eval().requires_grad_(requires_grad=False)


def _encoder_names(arrays: Mapping[str, Float32]) -> Sequence[str]:
    names = (f"encoder.{i}.weight" for i in range(len(arrays)))
    return [name for name in names if name in arrays]
