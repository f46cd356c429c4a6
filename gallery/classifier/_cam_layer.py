"""Which module the class-activation methods explain by default: found by running the network once.

Grad-CAM (Selvaraju et al., ICCV 2017, arXiv:1610.02391, section 3) takes the last convolutional feature map:
the deepest layer that still knows where things are. Here that is the last feature map no pooling has touched,
channels first or last, and of several modules that hand on the very same map, the outermost: ``layer4`` of a
ResNet, not ``layer4.1.relu``.

In a vision transformer the last block's output is no such layer where the head reads only the class token:
behind the last attention the patches matter no more, and their gradient is zero. There it is the
normalisation in front of the last attention, the last place where every patch still has a say, or, in a block
that does not begin with one, the output of the block before. Where the head pools over the patches, it is
the last layer that returns them.

Transformers whose order of tokens is not known (``gallery.layouts``) have no such layer.
"""

from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from gallery.errors import ClassifierError
from gallery.layouts import Tokens, covers, find_tokens, map_layouts

_PASS_THROUGH = (nn.Identity, nn.Dropout, nn.Dropout2d, nn.Flatten)


@dataclass(frozen=True)
class Trace:
    """What one run of a network showed.

    Attributes:
        cam_layer: Dotted path of the default CAM layer, or "" if the network has no feature map to explain.
        n_classes: K, the number of logits.
    """

    cam_layer: str
    n_classes: int


class _Recorder:
    """Forward hooks' memory: the last feature map, and whether tokens came after it."""

    def __init__(self, network: nn.Module, size: tuple[int, int]) -> None:
        self.path = ""
        self._network = network
        self._size = size
        self._map: Tensor | None = None
        self._pooled: Tensor | None = None

    def see(self, path: str, module: nn.Module, output: object) -> None:
        """Take note of the output of the module at ``path``; called in order of execution."""
        if not isinstance(output, Tensor) or isinstance(module, _PASS_THROUGH):
            return
        is_leaf = next(module.children(), None) is None
        if is_leaf and "pool" in type(module).__name__.lower():
            self._pooled = output
        elif output is self._pooled:
            return  # a container handing on what its pooling child made
        elif self._is_feature_map(path, output):
            self.path, self._map = path, output
        elif is_leaf and self._has_positions(output):
            self.path, self._map = "", None

    def _is_feature_map(self, path: str, output: Tensor) -> bool:
        """Whether ``output`` is (1, C, h, w) or (1, h, w, C), h, w > 1, with the input's aspect ratio."""
        if output.ndim != 4 or output.shape[0] != 1:
            return False
        if output is self._map:
            return True
        rows_first = (output.shape[1], output.shape[2])
        if min(output.shape[2:]) > 1 and covers((output.shape[2], output.shape[3]), self._size):
            return True  # attention heads (1, heads, N, d) fail this
        if min(rows_first) < 2 or not covers(rows_first, self._size):
            return False
        return map_layouts(self._network, path, output.shape, self._size) == ("channels last",)

    @staticmethod
    def _has_positions(output: Tensor) -> bool:
        """Whether ``output`` is (1, N, C) tokens, N > 1, or a map in another layout."""
        if output.ndim == 3:
            return output.shape[0] == 1 and output.shape[1] > 1
        return output.ndim == 4 and output.shape[0] == 1 and min(output.shape[1:]) > 1


class _TokenRecorder:
    """Forward hooks' memory for a vision transformer: the last tokens, and how its last block begins."""

    def __init__(self, network: nn.Module, tokens: Tokens) -> None:
        self._tokens = tokens
        names = [name for name, _ in network.get_submodule(tokens.blocks).named_children()]
        self._blocks = [f"{tokens.blocks}.{name}" for name in names]
        self._entry: str | None = None
        self._last = ""

    def see(self, path: str, module: nn.Module, output: object) -> None:
        """Take note of the output of the module at ``path``; called in order of execution."""
        are_tokens = isinstance(output, Tensor) and output.ndim == 3 and output.shape[1] == self._tokens.n
        if self._entry is None and self._blocks and path.rpartition(".")[0] == self._blocks[-1]:
            is_norm = "norm" in type(module).__name__.lower()
            self._entry = path if are_tokens and is_norm else ""
        if are_tokens and not isinstance(module, _PASS_THROUGH):
            self._last = path

    @property
    def path(self) -> str:
        """Dotted path of the default layer, or ""."""
        if not self._tokens.read:
            return self._last
        return self._entry or (self._blocks[-2] if len(self._blocks) > 1 else "")


def trace(module: nn.Module, size: tuple[int, int]) -> Trace:
    """Run ``module`` once on a grey image and return what it showed.

    Args:
        module: The network in evaluation mode; its hooks are removed again, also on error.
        size: (H, W) of its input, pixels.

    Raises:
        ClassifierError: If it cannot take a (1, 3, H, W) float32 input or does not return (1, K) logits.

    Cost:
        One forward pass.
    """
    tokens = find_tokens(module, size)
    recorder = _TokenRecorder(module, tokens) if tokens else _Recorder(module, size)

    def hook(path: str, child: nn.Module, _: object, output: object) -> None:
        recorder.see(path, child, output)

    # What happens inside attention pooling (CLIP's ResNets) is pooling, although positions travel on there.
    pools = [f"{path}." for path, child in module.named_modules() if "AttentionPool" in type(child).__name__]
    handles = [
        child.register_forward_hook(partial(hook, path))
        for path, child in module.named_modules()
        if path and not path.startswith(tuple(pools))
    ]
    try:
        # Not inference_mode: some networks cache tensors in their first run, and later runs need gradients.
        with torch.no_grad():
            logits = module(torch.zeros(1, 3, *size))
    except (RuntimeError, ValueError, TypeError, AssertionError) as exc:
        raise ClassifierError(
            f"The network cannot take a (1, 3, {size[0]}, {size[1]}) input: {exc} "
            "Set the input size it was trained with."
        ) from exc
    finally:
        for handle in handles:
            handle.remove()
    if not isinstance(logits, Tensor) or logits.ndim != 2 or logits.shape[0] != 1 or logits.shape[1] < 2:
        shape = tuple(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__
        raise ClassifierError(f"The network returns {shape}, not (1, K) logits of K >= 2 classes.")
    return Trace(recorder.path, int(logits.shape[1]))
