"""Folding batch normalisation: the same function, and hands off where it would not be."""

import copy
from collections.abc import Callable

import pytest
import timm
import torch
import torchvision
from timm.layers.std_conv import StdConv2d
from torch import Tensor, nn

from gallery.scoring.folding import fold_batch_norm
from gallery.scoring.tuning import Precision, screening_copy
from tests import toy


def lively(module: nn.Module) -> nn.Module:
    """Give every batch normalisation statistics and weights of its own; evaluation mode, frozen."""
    draw = torch.Generator().manual_seed(3)
    for norm in module.modules():
        if isinstance(norm, nn.BatchNorm2d):
            assert norm.running_mean is not None
            assert norm.running_var is not None
            norm.running_mean.copy_(torch.randn(norm.num_features, generator=draw) / 10)
            norm.running_var.copy_(torch.rand(norm.num_features, generator=draw) + 0.5)
            norm.weight.data.copy_(torch.rand(norm.num_features, generator=draw) + 0.5)
            norm.bias.data.copy_(torch.randn(norm.num_features, generator=draw) / 10)
    return module.eval().requires_grad_(requires_grad=False)


def made(factory: Callable[[], nn.Module]) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return lively(factory())


class Net(nn.Module):
    """A convolution, batch normalisation and a linear head."""

    def __init__(self, conv: type[nn.Conv2d] = nn.Conv2d) -> None:
        super().__init__()
        self.conv = conv(3, 4, 3)
        self.norm = nn.BatchNorm2d(4)
        self.head = nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits."""
        logits: Tensor = self.head(self.norm(self.conv(x)).mean(dim=(2, 3)))
        return logits


class Shared(Net):
    """Runs the convolution twice, once without normalisation."""

    def forward(self, x: Tensor) -> Tensor:
        """Return logits."""
        logits: Tensor = super().forward(x) + self.head(self.conv(x).mean(dim=(2, 3)))
        return logits


class Reused(Net):
    """Uses the convolution's output beside the normalised one."""

    def forward(self, x: Tensor) -> Tensor:
        """Return logits."""
        y = self.conv(x)
        logits: Tensor = self.head((self.norm(y) + y).mean(dim=(2, 3)))
        return logits


class Read(Net):
    """Reads the convolution's weights."""

    def forward(self, x: Tensor) -> Tensor:
        """Return logits."""
        return super().forward(x) * self.conv.weight.abs().mean()


class Branching(Net):
    """Branches on values, so that it cannot be traced."""

    def forward(self, x: Tensor) -> Tensor:
        """Return logits."""
        return super().forward(x if x.sum() > 0 else -x)


class Standardised(Net):
    """Standardises the convolution's weights at every pass."""

    def __init__(self) -> None:
        super().__init__(StdConv2d)


@pytest.mark.parametrize(
    ("factory", "n"),
    [
        (lambda: torchvision.models.resnet18(weights=None), 20),
        (lambda: torchvision.models.mobilenet_v2(weights=None), 52),
        (lambda: timm.create_model("tf_efficientnet_lite0"), 49),
        (Net, 1),
    ],
)
def test_folded_network_is_the_same_function(factory: Callable[[], nn.Module], n: int) -> None:
    module = made(factory)
    folded = copy.deepcopy(module)
    assert fold_batch_norm(folded) == n
    x = toy.image_of((64, 64))
    plain = module(x)
    torch.testing.assert_close(folded(x), plain, rtol=1e-3, atol=1e-4 * float(plain.abs().max()))
    assert not any(p.requires_grad for p in folded.parameters())


@pytest.mark.parametrize("factory", [Shared, Reused, Read, Branching, Standardised])
def test_networks_that_folding_would_change_are_left_alone(factory: Callable[[], nn.Module]) -> None:
    module = made(factory)
    folded = copy.deepcopy(module)
    assert fold_batch_norm(folded) == 0
    x = toy.image_of((16, 16))
    assert torch.equal(folded(x), module(x))


def test_a_convolution_with_a_hook_is_left_alone() -> None:
    module = made(Net)
    module.conv.register_forward_hook(lambda _, __, output: output.abs())  # type: ignore[union-attr]
    assert fold_batch_norm(module) == 0


@pytest.mark.parametrize("precision", ["bfloat16", "float32"])
def test_copies_are_folded_and_the_original_is_left_alone(precision: Precision) -> None:
    module = made(Net)
    before = {name: value.clone() for name, value in module.state_dict().items()}
    assert isinstance(screening_copy(module, precision).norm, nn.Identity)
    assert isinstance(module.norm, nn.BatchNorm2d)
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())
