"""Where the positions of an image are in what a layer returns: maps, channels-last maps or tokens.

Convolutional networks hand on feature maps (B, C, h, w), Swin transformers channels-last maps (B, h, w, C),
vision transformers tokens (B, N, C): some that stand for no position (class, register, distillation), then
the patches row by row. A wrong reading gives a map that looks like one and means nothing, so nothing here is
guessed: the number of tokens and their grid come from networks known by their class, the layout of a map
from the module that returns it, and only where that leaves both open from which sides have the aspect ratio
of the input. What stays open is an error.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torchvision
from timm.models.beit import Beit
from timm.models.deit import VisionTransformerDistilled
from timm.models.eva import Eva
from timm.models.vision_transformer import VisionTransformer
from timm.models.vision_transformer_relpos import VisionTransformerRelPos
from torch import Tensor, nn

from gallery.errors import ClassifierError

TIMM_TRANSFORMERS = (VisionTransformer, VisionTransformerRelPos, Beit, Eva)
"""They order their tokens row by row behind ``num_prefix_tokens`` others, and say how they pool."""

_CHANNELS_FIRST = (
    nn.Conv2d,
    nn.ConvTranspose2d,
    nn.BatchNorm2d,
    nn.GroupNorm,
    nn.MaxPool2d,
    nn.AvgPool2d,
    nn.AdaptiveAvgPool2d,
    nn.AdaptiveMaxPool2d,
)
_INNER = (nn.Dropout, nn.Softmax, nn.Identity)
"""Inside attention these return weights (B, heads, N, N) or heads (B, heads, N, d), which are no maps."""

MapLayout = Literal["maps", "channels last"]


@dataclass(frozen=True)
class Tokens:
    """What the tokens of a vision transformer are.

    Attributes:
        path: Dotted path of the transformer in the network, "" if it is the network itself.
        blocks: Dotted path of its blocks in the network.
        prefix: Tokens before the patches: class, register and distillation tokens.
        grid: (h, w), rows and columns of patch tokens, in row-major order.
        read: Tokens that the head reads each by itself: (0,) for the class token, (0, 1) with distillation;
            () if it pools.
        pooling: How the head pools where ``read`` is (): "avg", "max", "avgmax", "map" or "prr".
        pools_prefix: Whether it pools over the tokens of the prefix too.
    """

    path: str
    blocks: str
    prefix: int
    grid: tuple[int, int]
    read: tuple[int, ...]
    pooling: str = ""
    pools_prefix: bool = False

    @property
    def n(self) -> int:
        """Number of all tokens."""
        return self.prefix + self.grid[0] * self.grid[1]


@dataclass(frozen=True)
class Layout:
    """How one layer's output is read.

    Attributes:
        kind: "maps" (B, C, h, w), "channels last" (B, h, w, C) or "tokens" (B, prefix + h * w, C).
        prefix: For tokens: how many come before the patches.
        grid: For tokens: (h, w).
    """

    kind: Literal["maps", "channels last", "tokens"]
    prefix: int = 0
    grid: tuple[int, int] = (0, 0)

    def maps(self, output: Tensor) -> Tensor:
        """Return ``output`` as feature maps (B, C, h, w), a view where possible."""
        if self.kind == "maps":
            return output
        if self.kind == "channels last":
            return output.permute(0, 3, 1, 2)
        return output[:, self.prefix :].transpose(1, 2).reshape(len(output), -1, *self.grid)


def find_tokens(network: nn.Module, size: tuple[int, int]) -> Tokens | None:
    """Return what the tokens of ``network`` are, or None if it is not a known vision transformer.

    Args:
        network: One of torchvision's or timm's, or a network that contains exactly one.
        size: (H, W) of its input, pixels.
    """
    known = (torchvision.models.VisionTransformer, *TIMM_TRANSFORMERS)
    found = [(path, module) for path, module in network.named_modules() if isinstance(module, known)]
    if len(found) != 1:
        return None
    path, module = found[0]
    dot = f"{path}." if path else ""
    if isinstance(module, torchvision.models.VisionTransformer):
        side = module.image_size // module.patch_size
        return Tokens(path, f"{dot}encoder.layers", prefix=1, grid=(side, side), read=(0,))
    embedding: Any = module.patch_embed  # timm's PatchEmbed and its relatives
    pooling = str(module.global_pool)
    is_any_size = getattr(module, "dynamic_img_size", False)
    grid = embedding.dynamic_feat_size(size) if is_any_size else embedding.grid_size
    n_read = (2 if isinstance(module, VisionTransformerDistilled) else 1) if pooling == "token" else 0
    return Tokens(
        path,
        f"{dot}blocks",
        prefix=int(module.num_prefix_tokens),
        grid=(int(grid[0]), int(grid[1])),
        read=tuple(range(n_read)),
        pooling="" if n_read else pooling,
        pools_prefix=bool(getattr(module, "pool_include_prefix", False)),
    )


def read_layout(
    network: nn.Module, layer: str, output: object, n_images: int, size: tuple[int, int]
) -> Layout:
    """Return how the output of ``layer`` is read as feature maps.

    Args:
        network: The whole network.
        layer: Dotted path of the module that returned ``output``.
        output: What it returned.
        n_images: B, the number of images in the pass.
        size: (H, W) of the network's input, pixels.

    Raises:
        ClassifierError: If it holds no value for every position, or could be read in two ways; the message
            says what was returned and what to do.
    """
    wanted = f"layer {layer!r}: expected a feature map (B, C, h, w), channels-last map or patch tokens"
    if not isinstance(output, Tensor):
        raise ClassifierError(f"{wanted}, got {type(output).__name__}. Choose a layer that returns a tensor.")
    shape = tuple(output.shape)
    if output.ndim not in (3, 4) or shape[0] != n_images:
        raise ClassifierError(
            f"{wanted} of {n_images} image(s), got {shape}. Choose a layer before the pooling and outside "
            "of windowed attention."
        )
    if output.ndim == 3:
        return _token_layout(network, layer, shape, wanted, size)
    kinds = map_layouts(network, layer, shape, size)
    if len(kinds) == 1:
        return Layout(kinds[0])
    if not kinds:
        raise ClassifierError(
            f"{wanted}, got {shape}, which does not lie over an input of {size} pixels. Choose the block "
            "that contains this layer, or one that hands on maps."
        )
    raise ClassifierError(
        f"layer {layer!r}: its output {shape} could be maps (B, C, h, w) or channels-last maps (B, h, w, C). "
        "Choose a convolution, a normalisation or a linear layer beside it, whose kind says which."
    )


def map_layouts(
    network: nn.Module, layer: str, shape: Sequence[int], size: tuple[int, int]
) -> tuple[MapLayout, ...]:
    """Return the ways in which an output of rank 4 may be a map: none, one, or both.

    Args:
        network: The whole network.
        layer: Dotted path of the module that returned it.
        shape: Of the output.
        size: (H, W) of the network's input, pixels.
    """
    module = network.get_submodule(layer)
    tokens = find_tokens(network, size)
    if tokens and layer.startswith(f"{tokens.blocks}."):
        return ()  # heads and weights of the attention
    first, last = (shape[2], shape[3]), (shape[1], shape[2])
    if isinstance(module, _CHANNELS_FIRST) or _is_norm(module, "2d"):
        return ("maps",) if _is_alike(first, size) else ()
    is_mixed = any(_is_norm(part) and not _is_norm(part, "2d") for part in network.modules())
    is_inner = _is_attention_inside(network, layer)
    if (isinstance(module, _INNER) and (is_mixed or is_inner)) or (_is_norm(module) and is_inner):
        return ()
    if not is_mixed:  # nothing in this network works along the last dimension
        return ("maps",) if _is_alike(first, size) else ()
    works_last = isinstance(module, nn.Linear) or (
        isinstance(module, nn.LayerNorm) and type(module).__name__ == "LayerNorm"
    )
    found: list[MapLayout] = []
    if covers(first, size) and not works_last:
        found.append("maps")
    if covers(last, size):
        found.append("channels last")
    return tuple(found)


def covers(grid: tuple[int, int], size: tuple[int, int]) -> bool:
    """Whether a map of ``grid`` cells has the aspect ratio of an input of ``size`` pixels, and no more cells.

    One cell of tolerance: strides round up or down.
    """
    (h, w), (height, width) = grid, size
    return h <= height and w <= width and abs(h * width - w * height) <= max(height, width)


def _is_alike(grid: tuple[int, int], size: tuple[int, int]) -> bool:
    """Whether a map is stretched less than twice: convolutions without padding change the ratio a bit."""
    (h, w), (height, width) = grid, size
    return h * width < 2 * w * height and w * height < 2 * h * width


def _token_layout(
    network: nn.Module, layer: str, shape: tuple[int, ...], wanted: str, size: tuple[int, int]
) -> Layout:
    """Return the layout of an output of rank 3, (B, N, C)."""
    tokens = find_tokens(network, size)
    if tokens is None or not f"{layer}.".startswith(f"{tokens.path}." if tokens.path else ""):
        raise ClassifierError(
            f"{wanted}, got {shape}: tokens of a network whose order of tokens is not known here. Choose a "
            "layer that returns maps, or leave the CAM methods out of [methods]."
        )
    n_patches = tokens.n - tokens.prefix
    if shape[1] == tokens.n:
        return Layout("tokens", tokens.prefix, tokens.grid)
    if shape[1] == n_patches:  # the patch embedding, before the other tokens are put in front
        return Layout("tokens", 0, tokens.grid)
    rows, columns = tokens.grid
    raise ClassifierError(
        f"{wanted}, got {shape}: {shape[1]} tokens, not the {rows} x {columns} patches of this network, with "
        f"or without its {tokens.prefix} other token(s). Choose a block or one of its normalisations."
    )


def _is_norm(module: nn.Module, ending: str = "") -> bool:
    """Whether ``module`` is a layer or root-mean-square normalisation whose class name has this ending."""
    name = type(module).__name__
    is_norm = (
        isinstance(module, nn.LayerNorm) or "LayerNorm" in name or "RmsNorm" in name or "RMSNorm" in name
    )
    return is_norm and name.endswith(ending)


def _is_attention_inside(network: nn.Module, layer: str) -> bool:
    """Whether ``layer`` lies inside a module that is attention by its class name."""
    names = layer.split(".")
    around = [network.get_submodule(".".join(names[:i])) for i in range(1, len(names))]
    return any(word in type(part).__name__.lower() for part in around for word in ("attention", "attn"))
