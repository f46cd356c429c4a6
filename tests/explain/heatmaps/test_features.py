"""Capturing one layer: what is returned, what is refused."""

import pytest
import torch
from torch import Tensor, nn

from gallery.errors import ClassifierError
from gallery.explain.heatmaps._features import capture
from tests import toy, transformers
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
        ("tokens", r"layer 'tokens': expected a feature map \(B, C, h, w\), .* got \(1, 3, 64\)"),
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


# --- transformers ----------------------------------------------------------------------------------------


def tokens_by_hand(network: nn.Module, layer: str, x: Tensor, grid: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Return maps of tokens (B, N, C) from a float64 pass, cell by cell; the patches are the last tokens."""
    h, w = grid
    planes = []
    for values in oracle.features(network, layer, x, 2):
        first = values.shape[1] - h * w
        rows = [torch.stack([values[:, first + i * w + j] for j in range(w)], dim=-1) for i in range(h)]
        planes.append(torch.stack(rows, dim=-2))
    return planes[0], planes[1]


@pytest.mark.parametrize(
    ("network", "layer"),
    [
        (transformers.timm_vit(), "blocks.2.norm1"),
        (transformers.timm_vit(), "blocks.1"),
        (transformers.timm_vit(), "blocks.2.attn.qkv"),
        (transformers.timm_vit(), "patch_embed"),
        (transformers.timm_vit(reg_tokens=3), "blocks.2.norm1"),
        (transformers.timm_vit(distilled=True), "blocks.2.norm1"),
        (transformers.timm_vit(global_pool="avg"), "blocks"),
        (transformers.timm_vit(global_pool="avg", class_token=False), "blocks.2"),
    ],
)
def test_tokens_become_maps(network: nn.Module, layer: str) -> None:
    x = torch.cat([toy.image_of(transformers.SIZE, seed) for seed in range(2)])
    maps = capture(network, layer, x, 2)
    a, g = tokens_by_hand(network, layer, x, transformers.GRID)
    assert maps.activations.shape[2:] == transformers.GRID
    torch.testing.assert_close(maps.activations, a, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(maps.gradients, g, rtol=1e-3, atol=1e-5 * float(g.abs().max()))


def test_tokens_of_torchvisions_vit_become_maps() -> None:
    network, x = transformers.torchvision_vit(), toy.image_of((32, 32))
    layer = "encoder.layers.encoder_layer_2.ln_1"
    maps = capture(network, layer, x, 2)
    a, g = tokens_by_hand(network, layer, x, (4, 4))
    torch.testing.assert_close(maps.activations, a, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(maps.gradients, g, rtol=1e-3, atol=1e-5 * float(g.abs().max()))


@pytest.mark.parametrize(
    ("network", "layer"),
    [
        (transformers.timm_swin(), "norm"),
        (transformers.timm_swin(), "layers.0"),
        (transformers.torchvision_swin(), "features"),
    ],
)
def test_channels_last_maps_become_maps(network: nn.Module, layer: str) -> None:
    x = toy.image_of(transformers.SIZE)
    maps = capture(network, layer, x, 2)
    a, g = oracle.features(network, layer, x, 2)
    assert maps.activations.shape[2] * 3 == maps.activations.shape[3] * 2
    torch.testing.assert_close(maps.activations, a.permute(0, 3, 1, 2), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(maps.gradients, g.permute(0, 3, 1, 2), rtol=1e-3, atol=1e-6)


def test_both_ends_of_swins_last_turn_give_the_same_maps() -> None:
    network, x = transformers.torchvision_swin(), toy.image_of(transformers.SIZE)
    before, after = capture(network, "norm", x, 1), capture(network, "permute", x, 1)
    assert torch.equal(before.activations, after.activations)
    torch.testing.assert_close(before.gradients, after.gradients)


@pytest.mark.parametrize("layer", ["blocks.2", "blocks", "norm", "blocks.2.norm2", "blocks.2.attn"])
def test_behind_the_last_attention_only_the_class_token_matters(layer: str) -> None:
    with pytest.raises(ClassifierError, match="every patch token is zero: only the class token matters"):
        capture(transformers.timm_vit(), layer, toy.image_of(transformers.SIZE), 0)


def test_a_head_of_zeros_is_named_too() -> None:
    network = transformers.timm_vit()
    network.get_parameter("head.weight").zero_()
    with pytest.raises(ClassifierError, match="nothing matters to the logit"):
        capture(network, "blocks.2.norm1", toy.image_of(transformers.SIZE), 0)


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        ("blocks.0.attn.q_norm", r"got \(1, 3, 25, 8\), which does not lie over an input"),
        ("fc_norm", r"of 1 image\(s\), got \(1, 24\)"),
    ],
)
def test_layers_of_a_vit_that_hold_no_map(layer: str, message: str) -> None:
    network = transformers.timm_vit(qk_norm=True)
    with pytest.raises(ClassifierError, match=message):
        capture(network, layer, toy.image_of(transformers.SIZE), 0)
    assert not any(part._forward_hooks for part in network.modules())
