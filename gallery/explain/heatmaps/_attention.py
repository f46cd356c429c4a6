"""Attention weights of a vision transformer, block by block, as they are in a plain forward pass.

Libraries compute attention in one fused call that never forms the weights. timm's modules are told for one
pass to do it step by step, and the weights are seen where they enter the attention's dropout; torchvision's
are asked to return the weights. Both are put back as they were, also after an error.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from gallery.errors import ClassifierError
from gallery.layouts import Tokens, find_tokens
from gallery.tensors import left_as_found

SUM_TOLERANCE = 1e-3
"""How far from 1 a row of attention weights may sum: float32 rounding, far from any other quantity."""


def attention_reason(network: nn.Module, size: tuple[int, int]) -> str:
    """Return "" if the attention between all tokens of the image can be had, else why not.

    Args:
        network: The classifier's network.
        size: (H, W) of its input, pixels.
    """
    tokens = find_tokens(network, size)
    if tokens is None:
        names = {type(part).__name__.lower() for part in network.modules()}
        if any(("window" in name and "attention" in name) or "swin" in name for name in names):
            return "its attention stays inside shifted windows, so no token sees the whole image in a block"
        return "it is not a vision transformer whose tokens are known to attend to the whole image"
    if any(_attention(block) is None for block in network.get_submodule(tokens.blocks).children()):
        return "a block of it does not have exactly one plain self-attention"
    return ""


def attention_weights(
    network: nn.Module, tokens: Tokens, image: Tensor, fuse: Callable[[Tensor], Tensor]
) -> list[Tensor]:
    """Return what ``fuse`` makes of the attention weights of every block, in order.

    Args:
        network: The classifier's network; left as found, also after an error.
        tokens: What its tokens are.
        image: (1, 3, H, W) float32, normalised.
        fuse: Called with (heads, N, N) float32, rows summing to 1, in the pass: weights of all heads and
            blocks need not be in memory together.

    Raises:
        ClassifierError: If what a block's attention uses are not such weights.

    Cost:
        One image forward, with attention that is not fused.
    """
    found: list[Tensor] = []

    def keep(weights: object) -> None:
        shape = (1, tokens.n, tokens.n)
        if (
            not isinstance(weights, Tensor)
            or (len(weights), *weights.shape[-2:]) != shape
            or weights.ndim != 4
        ):
            raise ClassifierError(f"attention weights: expected (1, heads, {tokens.n}, {tokens.n}).")
        if float((weights.sum(dim=-1) - 1).abs().max()) > SUM_TOLERANCE:
            raise ClassifierError("attention weights: the rows do not sum to 1.")
        found.append(fuse(weights[0]))

    blocks = list(network.get_submodule(tokens.blocks).children())
    with ExitStack() as stack:
        stack.enter_context(left_as_found(network))
        stack.enter_context(torch.no_grad())
        network.eval()
        for block in blocks:
            attention = _attention(block)
            if attention is None:
                raise ClassifierError("attention weights: a block has no plain self-attention.")
            stack.enter_context(_shown(attention, keep))
        network(image)
    if len(found) != len(blocks):
        raise ClassifierError(f"attention weights: {len(found)} found in {len(blocks)} blocks.")
    return found


def _attention(block: nn.Module) -> nn.Module | None:
    """Return the one self-attention of ``block``, or None if there is none, or several, or another kind."""
    found = [part for part in block.modules() if isinstance(part, nn.MultiheadAttention) or _is_timm(part)]
    # Differential attention subtracts two sets of weights behind the dropout.
    is_plain = len(found) == 1 and not any("Diff" in type(part).__name__ for part in block.modules())
    return found[0] if is_plain else None


def _is_timm(part: nn.Module) -> bool:
    """Whether ``part`` is one of timm's attention modules: fused by a flag, else with dropout of weights."""
    return isinstance(getattr(part, "fused_attn", None), bool) and isinstance(
        getattr(part, "attn_drop", None), nn.Dropout
    )


@contextmanager
def _shown(attention: nn.Module, keep: Callable[[object], None]) -> Iterator[None]:
    """Have ``attention`` pass its weights to ``keep`` whenever it runs."""
    if isinstance(attention, nn.MultiheadAttention):
        handles = [
            attention.register_forward_pre_hook(_ask_for_weights, with_kwargs=True),
            attention.register_forward_hook(lambda _, __, output: keep(output[1])),
        ]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()
        return
    dropout = attention.get_submodule("attn_drop")
    before = attention.__dict__["fused_attn"]
    handle = dropout.register_forward_pre_hook(lambda _, args: keep(args[0]))
    attention.__dict__["fused_attn"] = False
    try:
        yield
    finally:
        attention.__dict__["fused_attn"] = before
        handle.remove()


def _ask_for_weights(
    _: nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    return args, {**kwargs, "need_weights": True, "average_attn_weights": False}
