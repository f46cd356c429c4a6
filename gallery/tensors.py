"""Small tensor tools shared by the stages that use torch: shape checks, upsampling, seeds, state guard."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from gallery.errors import ShapeError


def check_shape(tensor: Tensor, expected: str, name: str) -> None:
    """Check a tensor against a pattern of sizes and letters, such as ``"1 3 H W"``.

    Args:
        tensor: What to check.
        expected: One token per dimension; a number must match, a letter matches any size of at least 1.
        name: How the message calls the tensor.

    Raises:
        ShapeError: If the number of dimensions or a fixed size differs.
    """
    tokens = expected.split()
    sizes = list(tensor.shape)
    matches = len(tokens) == len(sizes) and all(
        size == int(token) if token.isdigit() else size >= 1
        for token, size in zip(tokens, sizes, strict=True)
    )
    if not matches:
        raise ShapeError(f"{name}: expected shape ({', '.join(tokens)}), got {tuple(sizes)}.")


def upsample(maps: Tensor, size: tuple[int, int]) -> Tensor:
    """Upsample (B, h, w) maps to (B, H, W), bilinear with half-pixel centres.

    Every heatmap method uses this, so that maps of all resolutions sit where the pixels are.
    """
    if maps.shape[-2:] == size:
        return maps
    return F.interpolate(maps[:, None], size=size, mode="bilinear", align_corners=False)[:, 0]


def derive_seed(root: int, *parts: str) -> int:
    """Return a seed in [0, 2**53) that depends on ``root`` and every part, and on nothing else.

    53 bits, so that every JSON reader gets it exactly.
    """
    text = "\x1f".join((str(root), *parts))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 11


def generator(seed: int, device: str = "cpu") -> torch.Generator:
    """Return a generator seeded with ``seed``; drawn on the CPU, so that a GPU gives the same numbers."""
    return torch.Generator(device=device).manual_seed(seed)


@contextmanager
def left_as_found(module: nn.Module) -> Iterator[None]:
    """Put a network back as it was, also after an error.

    Training flags, ``requires_grad`` and ``.grad`` of every parameter and buffer, and forward hooks of every
    module are put back; the global random state of the CPU is restored as well. Values are not: nothing here
    may change weights.
    """
    training = [(m, m.training) for m in module.modules()]
    tensors = [(p, p.requires_grad, p.grad) for p in chain(module.parameters(), module.buffers())]
    hooks = [(m, dict(m._forward_hooks), dict(m._forward_pre_hooks)) for m in module.modules()]  # noqa: SLF001
    random_state = torch.get_rng_state()
    try:
        yield
    finally:
        for m, flag in training:
            m.training = flag
        for p, requires_grad, grad in tensors:
            p.requires_grad_(requires_grad)
            p.grad = grad
        for m, forward, pre in hooks:
            _restore(m._forward_hooks, forward)  # noqa: SLF001
            _restore(m._forward_pre_hooks, pre)  # noqa: SLF001
        torch.set_rng_state(random_state)


def _restore(hooks: dict[int, Any], before: dict[int, Any]) -> None:
    """Remove the hooks added since ``before`` was copied, and put back those removed."""
    hooks.clear()
    hooks.update(before)
