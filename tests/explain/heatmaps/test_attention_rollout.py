"""Attention rollout against weights computed by hand in float64, and where its value is known."""

import copy
from typing import Any

import pytest
import torch
import torchvision
from timm.models.vision_transformer import DiffParallelScalingBlock, ParallelThingsBlock
from torch import Tensor, nn

from gallery.errors import ClassifierError, ConfigError
from gallery.explain.heatmaps._attention import attention_weights
from gallery.explain.heatmaps._base import HEATMAPS, Subject, inapplicable
from gallery.explain.heatmaps.attention_rollout import attention_rollout, rollout
from gallery.layouts import Tokens, find_tokens
from tests import toy, transformers
from tests.transformers import GRID, SIDE, SIZE


def subject_of(
    network: nn.Module, size: tuple[int, int] = SIZE, *, target: int = 0, seed: int = 0
) -> Subject:
    x = toy.image_of(size, seed=seed + 1)
    return toy.subject_of(
        toy.toy(network, size), x, target=target, seed=seed, scorer=toy.LinearScorer(x, x[0, 0])
    )


def tokens_of(network: nn.Module, size: tuple[int, int] = SIZE) -> Tokens:
    tokens = find_tokens(network, size)
    assert tokens is not None
    return tokens


def softmax_by_hand(q: Tensor, k: Tensor, n_heads: int) -> Tensor:
    """Return the attention weights (heads, N, N) of queries and keys (N, C), row by row."""
    width = q.shape[1] // n_heads
    heads = []
    for head in range(n_heads):
        part = slice(head * width, (head + 1) * width)
        rows = []
        for query in q[:, part]:
            powers = torch.tensor([float(query @ key) / width**0.5 for key in k[:, part]]).double().exp()
            rows.append(powers / powers.sum())
        heads.append(torch.stack(rows))
    return torch.stack(heads)


def weights_by_hand(network: nn.Module, x: Tensor) -> list[Tensor]:
    """Return the attention weights of every block, from the weights and a float64 pass."""
    twin: Any = copy.deepcopy(network).double()
    entries: list[Tensor] = []
    is_timm = hasattr(twin, "blocks")
    blocks = list(twin.blocks if is_timm else twin.encoder.layers)
    for block in blocks:
        norm = block.norm1 if is_timm else block.ln_1
        norm.register_forward_hook(lambda _, __, output: entries.append(output[0]))
    twin(x.double())
    found = []
    for block, y in zip(blocks, entries, strict=True):
        if is_timm:
            q, k, _ = (y @ block.attn.qkv.weight.T + block.attn.qkv.bias).chunk(3, dim=1)
        else:
            attention = block.self_attention
            q, k, _ = (y @ attention.in_proj_weight.T + attention.in_proj_bias).chunk(3, dim=1)
        found.append(softmax_by_hand(q, k, 3))
    return found


def rollout_by_hand(blocks: list[Tensor], fusion: str = "mean", discard: float = 0.0) -> Tensor:
    """Return the whole matrix R (N, N), block by block from the first."""
    fuse: Any = {"mean": torch.mean, "max": torch.amax, "min": torch.amin}[fusion]
    n = blocks[0].shape[-1]
    total = torch.eye(n, dtype=torch.float64)
    for heads in blocks:
        fused: Tensor = fuse(heads, dim=0)
        values: list[float] = fused.flatten().tolist()
        for place in sorted(range(n * n), key=values.__getitem__)[: int(discard * n * n)]:
            values[place] = 0.0
        mixed = 0.5 * torch.tensor(values).double().reshape(n, n) + 0.5 * torch.eye(n)
        total = (mixed / mixed.sum(dim=1, keepdim=True)) @ total
    return total


@pytest.mark.parametrize(
    "options", [{}, {"fusion": "max"}, {"fusion": "min"}, {"discard": 0.7}, {"fusion": "max", "discard": 0.9}]
)
def test_equals_weights_computed_by_hand(options: dict[str, Any]) -> None:
    network = transformers.timm_vit()
    subject = subject_of(network)
    expected = rollout_by_hand(weights_by_hand(network, subject.image), **options)[0, 1:].reshape(GRID)
    raw = attention_rollout(subject, **options)
    torch.testing.assert_close(raw.native.double(), expected, rtol=1e-4, atol=1e-7)
    assert float(expected.max()) > 1.2 * float(expected.min()), "the toy must not attend evenly"
    assert (raw.forwards, raw.backwards, raw.layer, raw.seeded) == (1, 0, None, False)


def test_torchvisions_weights_are_seen_too() -> None:
    network = transformers.torchvision_vit()
    subject = subject_of(network, (SIDE, SIDE))
    expected = rollout_by_hand(weights_by_hand(network, subject.image))[0, 1:].reshape(4, 4)
    torch.testing.assert_close(attention_rollout(subject).native.double(), expected, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize(
    ("options", "rows", "prefix"),
    [
        ({"distilled": True}, [0, 1], 2),
        ({"reg_tokens": 2}, [0], 3),
        ({"global_pool": "avg"}, list(range(1, 25)), 1),
        ({"global_pool": "avg", "class_token": False}, list(range(24)), 0),
        ({"global_pool": "avg", "pool_include_prefix": True}, list(range(25)), 1),
    ],
)
def test_the_rows_are_those_the_head_reads(options: dict[str, Any], rows: list[int], prefix: int) -> None:
    network = transformers.timm_vit(**options)
    subject = subject_of(network)
    matrix = rollout_by_hand(weights_by_hand(network, subject.image))
    expected = matrix[rows].mean(dim=0)[prefix:].reshape(GRID)
    torch.testing.assert_close(attention_rollout(subject).native.double(), expected, rtol=1e-4, atol=1e-7)


def test_even_attention_has_a_known_rollout() -> None:
    network = transformers.timm_vit(depth=3)
    for block in network.get_submodule("blocks").children():
        block.get_parameter("attn.qkv.weight").zero_()
        block.get_parameter("attn.qkv.bias").zero_()
    native = attention_rollout(subject_of(network)).native
    # With A = 1/N everywhere, R = 2^-3 I + (1 - 2^-3) / N.
    assert native.flatten().tolist() == pytest.approx([(1 - 2**-3) / 25] * 24, rel=1e-5)


def test_identity_attention_carries_every_token_to_itself() -> None:
    eye = torch.eye(4, dtype=torch.float64)
    assert rollout([eye, eye], eye[2]).tolist() == [0, 0, 1, 0]


def test_the_order_of_blocks_matters_and_is_right() -> None:
    first, second = torch.zeros(3, 3).double(), torch.zeros(3, 3).double()
    first[:, 2] = 1  # every token takes from token 2
    second[:, 1] = 1  # then from token 1, which holds half of token 2
    reading = torch.tensor([1.0, 0, 0], dtype=torch.float64)
    assert rollout([first, second], reading).tolist() == pytest.approx([0.25, 0.25, 0.5])


def test_is_the_same_for_every_class() -> None:
    network = transformers.timm_vit()
    assert attention_rollout(subject_of(network, target=0)).native.equal(
        attention_rollout(subject_of(network, target=3)).native
    )


class Broken(nn.Module):
    """Raises in the middle of a pass."""

    def forward(self, x: Tensor) -> Tensor:
        """Raise."""
        raise RuntimeError("out of order")


@pytest.mark.parametrize("make", [transformers.timm_vit, transformers.torchvision_vit])
@pytest.mark.parametrize("fails", [False, True])
def test_network_is_left_as_found(make: Any, fails: bool) -> None:  # noqa: ANN401
    network = make()
    is_timm = hasattr(network, "blocks")
    subject = subject_of(network, SIZE if is_timm else (SIDE, SIDE))
    network.train()
    attention = network.blocks[1].attn if is_timm else network.encoder.layers[1].self_attention
    if is_timm:
        attention.fused_attn = False  # as somebody may have set it
        (network.blocks[2].mlp if fails else network.blocks[2]).register_module("extra", nn.Identity())
    before = network.state_dict()
    parts = list(network.modules())
    fused = [getattr(part, "fused_attn", None) for part in parts]
    if fails:
        block = network.blocks[2] if is_timm else network.encoder.layers[2]
        block.mlp = Broken()
        parts = list(network.modules())
        fused = [getattr(part, "fused_attn", None) for part in parts]
        with pytest.raises(RuntimeError, match="out of order"):
            attention_rollout(subject)
    else:
        attention_rollout(subject)
    assert [getattr(part, "fused_attn", None) for part in parts] == fused
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in parts)
    assert not any(part._forward_pre_hooks_with_kwargs for part in parts)
    assert all(part.training for part in parts)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


@pytest.mark.parametrize(
    ("network", "reason"),
    [
        (toy.TwoConv(), "not a vision transformer"),
        (transformers.timm_swin(), "stays inside shifted windows"),
        (transformers.torchvision_swin(), "stays inside shifted windows"),
        (transformers.timm_vit(global_pool="map"), "pools the tokens by 'map'"),
        (transformers.timm_vit(global_pool="max"), "pools the tokens by 'max'"),
        (transformers.timm_vit(block_fn=ParallelThingsBlock), "exactly one plain self-attention"),
        (transformers.timm_vit(block_fn=DiffParallelScalingBlock), "exactly one plain self-attention"),
        (torchvision.models.convnext_tiny(weights=None, num_classes=3), "not a vision transformer"),
    ],
)
def test_says_where_it_does_not_apply(network: nn.Module, reason: str) -> None:
    subject = subject_of(network)
    assert reason in inapplicable("attention_rollout", subject.classifier)
    with pytest.raises(ClassifierError, match=f"attention_rollout cannot explain toy:net: .*{reason}"):
        attention_rollout(subject)


def test_applies_to_vision_transformers() -> None:
    for network in (transformers.timm_vit(), transformers.timm_vit(distilled=True)):
        assert inapplicable("attention_rollout", toy.toy(network, SIZE)) == ""
    square = toy.toy(transformers.torchvision_vit(), (SIDE, SIDE))
    assert inapplicable("attention_rollout", square) == ""
    assert HEATMAPS["attention_rollout"].doc.count("$$") == 2


def test_weights_that_are_none_are_refused() -> None:
    network = transformers.timm_vit()
    network.get_submodule("blocks.1.attn.attn_drop").register_forward_pre_hook(lambda _, args: (2 * args[0],))
    with pytest.raises(ClassifierError, match="the rows do not sum to 1"):
        attention_weights(network, tokens_of(network), toy.image_of(SIZE), lambda heads: heads)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"fusion": "median"},
            r"methods\.attention_rollout\.fusion: unknown 'median'. Known: mean, max, min",
        ),
        ({"discard": 1.0}, r"methods\.attention_rollout\.discard: 1.0"),
        ({"discard": -0.1}, r"Give 0 <= discard < 1"),
    ],
)
def test_options_out_of_range(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        attention_rollout(subject_of(transformers.timm_vit()), **options)
