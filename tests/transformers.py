"""Small transformers with random weights, strong enough that attention is far from uniform."""

from typing import Any

import timm.models.swin_transformer
import torch
import torchvision
from timm.models.deit import VisionTransformerDistilled
from timm.models.vision_transformer import VisionTransformer
from torch import nn
from torchvision.models.swin_transformer import SwinTransformer

SIZE = (32, 48)
"""Input of the timm networks, pixels: 4 x 6 patches of 8 x 8."""
GRID = (4, 6)
SIDE = 32
"""Input side of the torchvision networks, pixels."""


def shaken(network: nn.Module, seed: int = 0) -> nn.Module:
    """Return ``network`` in evaluation mode with every parameter drawn anew; none is zero."""
    generator = torch.Generator().manual_seed(seed)
    for parameter in network.parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        scale = 0.3 if parameter.ndim == 1 else 1.2 / parameter[0].numel() ** 0.5
        start = parameter.data.round() if parameter.ndim == 1 else 0  # 1 for scales, 0 for drawn biases
        parameter.data.copy_(start + scale * noise)
    return network.eval().requires_grad_(requires_grad=False)


def timm_vit(*, distilled: bool = False, depth: int = 3, **options: Any) -> nn.Module:  # noqa: ANN401
    """Return timm's ViT, or DeiT with a distillation token: 24 channels, 3 heads, 16 classes."""
    kind = VisionTransformerDistilled if distilled else VisionTransformer
    size = {"img_size": SIZE, "patch_size": 8, "embed_dim": 24, "num_heads": 3, "num_classes": 16}
    return shaken(kind(**{**size, "depth": depth, **options}))


def torchvision_vit(depth: int = 3) -> nn.Module:
    """Return torchvision's ViT: 4 x 4 patches of 8 x 8, 24 channels, 3 heads, 16 classes."""
    return shaken(torchvision.models.VisionTransformer(SIDE, 8, depth, 3, 24, 48, num_classes=16))


def timm_swin() -> nn.Module:
    """Return timm's Swin with two stages: 8 x 12 and 4 x 6 positions."""
    swin = timm.models.swin_transformer.SwinTransformer
    options: dict[str, Any] = {"embed_dim": 12, "depths": (1, 1), "num_heads": (2, 2), "num_classes": 16}
    return shaken(swin(SIZE, patch_size=4, window_size=4, **options))


def torchvision_swin() -> nn.Module:
    """Return torchvision's Swin with two stages; for any input of at least 16 x 16."""
    return shaken(SwinTransformer([4, 4], 12, [1, 1], [2, 2], [4, 4], num_classes=16))
