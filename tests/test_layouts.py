"""How a layer's output is read: from what the network is, or not at all."""

import pytest
import timm
import torch
import torchvision
from torch import Tensor, nn

from gallery.errors import ClassifierError
from gallery.layouts import Layout, covers, find_tokens, map_layouts, read_layout
from tests import toy, transformers
from tests.transformers import GRID, SIDE, SIZE

SQUARE = (SIDE, SIDE)


def test_tokens_of_a_vit() -> None:
    tokens = find_tokens(transformers.timm_vit(), SIZE)
    assert tokens is not None
    assert (tokens.path, tokens.blocks, tokens.prefix, tokens.grid) == ("", "blocks", 1, GRID)
    assert (tokens.read, tokens.n) == ((0,), 25)


@pytest.mark.parametrize(
    ("options", "prefix", "read", "pooling", "pools_prefix"),
    [
        ({"distilled": True}, 2, (0, 1), "", False),
        ({"reg_tokens": 3}, 4, (0,), "", False),
        ({"global_pool": "avg"}, 1, (), "avg", False),
        ({"global_pool": "avg", "class_token": False}, 0, (), "avg", False),
        ({"global_pool": "avg", "pool_include_prefix": True}, 1, (), "avg", True),
        ({"global_pool": "map"}, 1, (), "map", False),
    ],
)
def test_what_the_head_reads(
    options: dict[str, object], prefix: int, read: tuple[int, ...], pooling: str, pools_prefix: bool
) -> None:
    tokens = find_tokens(transformers.timm_vit(**options), SIZE)  # type: ignore[arg-type]
    assert tokens is not None
    found = (tokens.prefix, tokens.read, tokens.pooling, tokens.pools_prefix)
    assert found == (prefix, read, pooling, pools_prefix)


def test_tokens_of_torchvisions_vit_and_of_a_wrapped_one() -> None:
    tokens = find_tokens(nn.Sequential(nn.Identity(), transformers.torchvision_vit()), SQUARE)
    assert tokens is not None
    assert (tokens.path, tokens.blocks, tokens.grid) == ("1", "1.encoder.layers", (4, 4))
    assert (tokens.prefix, tokens.read) == (1, (0,))


def test_a_network_for_any_input_size_has_the_grid_of_the_input() -> None:
    tokens = find_tokens(transformers.timm_vit(dynamic_img_size=True), (64, 32))
    assert tokens is not None
    assert tokens.grid == (8, 4)


def test_no_tokens_in_other_networks_nor_in_two_transformers_at_once() -> None:
    assert find_tokens(toy.TwoConv(), SIZE) is None
    assert find_tokens(transformers.timm_swin(), SIZE) is None
    assert find_tokens(nn.ModuleList([transformers.timm_vit(), transformers.timm_vit()]), SIZE) is None


def test_tokens_are_laid_out_row_by_row_behind_the_prefix() -> None:
    output = torch.randn(2, 2 + 3 * 4, 5)
    maps = Layout("tokens", 2, (3, 4)).maps(output)
    assert maps.shape == (2, 5, 3, 4)
    for row in range(3):
        for col in range(4):
            assert torch.equal(maps[:, :, row, col], output[:, 2 + row * 4 + col])


def test_channels_last_maps_are_turned() -> None:
    output = torch.randn(2, 3, 4, 5)
    assert Layout("channels last").maps(output)[1, 4, 2, 3] == output[1, 2, 3, 4]
    assert Layout("maps").maps(output) is output


class Mixed(nn.Module):
    """Works along the last dimension at times, as ConvNeXt does; 16 channels over 16 x 16 positions."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 16, 1)
        self.act = nn.GELU()
        self.norm = nn.LayerNorm(16)
        self.drop = nn.Dropout()
        self.fc = nn.Linear(16, 2)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (B, 2)."""
        x = self.drop(self.norm(self.act(self.conv(x)).permute(0, 2, 3, 1)))
        logits: Tensor = self.fc(x.mean(dim=(1, 2)))
        return logits


@pytest.mark.parametrize(
    ("layer", "kinds"),
    [("conv", ("maps",)), ("norm", ("channels last",)), ("act", ("maps", "channels last")), ("drop", ())],
)
def test_where_shapes_leave_both_open_the_module_decides(layer: str, kinds: tuple[str, ...]) -> None:
    assert map_layouts(Mixed(), layer, (1, 16, 16, 16), (16, 16)) == kinds


def test_what_stays_open_is_an_error() -> None:
    with pytest.raises(ClassifierError, match=r"layer 'act': its output \(1, 16, 16, 16\) could be maps"):
        read_layout(Mixed(), "act", torch.zeros(1, 16, 16, 16), 1, (16, 16))
    assert read_layout(Mixed(), "act", torch.zeros(1, 9, 16, 16), 1, (16, 16)).kind == "maps"
    assert read_layout(Mixed(), "act", torch.zeros(1, 16, 16, 9), 1, (16, 16)).kind == "channels last"


def test_a_network_that_knows_channels_first_only_needs_no_guess() -> None:
    layout = read_layout(toy.TwoConv(), "bend", torch.zeros(1, 16, 16, 16), 1, (16, 16))
    assert layout.kind == "maps"


@pytest.mark.parametrize(
    ("shape", "layer"),
    [
        ((1, 3, 25, 25), "blocks.0.attn.attn_drop"),  # weights look like maps over a square input
        ((1, 3, 25, 8), "blocks.0.attn.q_norm"),
        ((1, 25, 3, 8), "blocks.0.attn.k_norm"),
    ],
)
def test_the_inside_of_attention_is_no_map(shape: tuple[int, ...], layer: str) -> None:
    network = transformers.timm_vit(qk_norm=True, img_size=(40, 40))
    with pytest.raises(ClassifierError, match="which does not lie over an input of"):
        read_layout(network, layer, torch.zeros(shape), 1, (40, 40))


def test_windows_are_no_images() -> None:
    with pytest.raises(ClassifierError, match=r"of 1 image\(s\), got \(6, 16, 12\). .* windowed attention"):
        read_layout(transformers.timm_swin(), "layers.0.blocks.0.attn", torch.zeros(6, 16, 12), 1, SIZE)


def test_a_wrong_number_of_tokens_is_named() -> None:
    with pytest.raises(ClassifierError, match=r"23 tokens, not the 4 x 6 patches .* its 1 other token"):
        read_layout(transformers.timm_vit(), "blocks.0", torch.zeros(1, 23, 24), 1, SIZE)


def test_tokens_in_an_unknown_order_are_refused() -> None:
    network = timm.create_model("mixer_s32_224", img_size=64, num_classes=5)
    with pytest.raises(ClassifierError, match="whose order of tokens is not known"):
        read_layout(network, "blocks.0", torch.zeros(1, 4, 512), 1, (64, 64))
    wrapped = nn.ModuleDict({"vit": transformers.timm_vit(), "beside": nn.Identity()})
    with pytest.raises(ClassifierError, match="whose order of tokens is not known"):
        read_layout(wrapped, "beside", torch.zeros(1, 25, 24), 1, SIZE)


def test_covers_allows_a_cell_of_rounding() -> None:
    assert covers((7, 7), (224, 224))
    assert covers((9, 11), (17, 22))
    assert not covers((7, 768), (224, 224))
    assert not covers((300, 300), (224, 224))


def test_convnext_is_channels_first_although_its_blocks_are_mixed() -> None:
    network = torchvision.models.convnext_tiny(weights=None, num_classes=3)
    assert map_layouts(network, "features", (1, 768, 2, 3), (64, 96)) == ("maps",)
    assert map_layouts(network, "features.7.2.block.2", (1, 2, 3, 768), (64, 96)) == ("channels last",)
