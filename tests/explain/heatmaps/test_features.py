"""Capturing one layer: what is returned, what is refused."""

import pytest
import torch
from torch import Tensor, nn

from gallery.errors import ClassifierError
from gallery.explain.heatmaps._features import capture
from tests import toy
from tests.explain.heatmaps import oracle


class Odd(nn.Module):
    """Modules that cannot be explained: unused, idle, called twice, of rank 3, not a tensor."""

    def __init__(self) -> None:
        super().__init__()
        self.twice = nn.Conv2d(3, 3, 1)
        self.idle = nn.Conv2d(3, 3, 1)
        self.ignored = nn.Conv2d(3, 3, 1)
        self.tokens = nn.Flatten(2)
        self.pair = nn.MaxPool2d(2, return_indices=True)
        self.head = nn.Linear(3, 2)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (B, 2)."""
        self.ignored(x)
        x = self.twice(self.twice(x))
        x, _ = self.pair(x)
        logits: Tensor = self.head(self.tokens(x).mean(dim=2))
        return logits


def test_features_are_float64_and_equal_a_double_pass() -> None:
    module = toy.toy(toy.TwoConv()).module
    x = torch.cat([toy.image_of((16, 16), seed) for seed in range(3)])
    maps = capture(module, "second", x, 2)
    a, g = oracle.features(module, "second", x, 2)
    assert maps.activations.dtype == maps.gradients.dtype == torch.float64
    torch.testing.assert_close(maps.activations, a, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(maps.gradients, g, rtol=1e-4, atol=1e-8)


def test_an_activation_in_place_behind_the_layer_changes_nothing() -> None:
    module = toy.toy(toy.TwoConv()).module
    maps = capture(module, "second", toy.image_of((16, 16)), 0)
    assert float(maps.activations.min()) < 0, "the ReLU behind the layer must not show in what was captured"
    assert float(capture(module, "bend", toy.image_of((16, 16)), 0).activations.min()) == 0


@pytest.mark.parametrize("frozen", [True, False])
@pytest.mark.parametrize(
    ("layer", "message"),
    [
        ("nowhere.0", r"layer 'nowhere.0' is not in the network; its top level is: \['twice', 'idle', "),
        ("tokens", r"layer 'tokens': expected a feature map \(B, C, h, w\), got \(1, 3, 64\)"),
        ("pair", "layer 'pair': expected a feature map .* got tuple"),
        ("twice", "layer 'twice' ran 2 times in one pass"),
        ("idle", "layer 'idle' ran 0 times in one pass"),
        ("ignored", "layer 'ignored': the target's logit does not depend on it"),
    ],
)
def test_layers_that_cannot_be_explained(layer: str, message: str, frozen: bool) -> None:
    module = Odd().eval().requires_grad_(not frozen)
    with pytest.raises(ClassifierError, match=message):
        capture(module, layer, torch.randn(1, 3, 16, 16), 0)
    assert not any(part._forward_hooks for part in module.modules())


def test_gradients_are_taken_even_where_the_caller_has_them_off() -> None:
    with torch.no_grad():
        maps = capture(toy.toy(toy.TwoConv()).module, "second", toy.image_of((16, 16)), 0)
    assert bool(maps.gradients.any())
