"""Which module the class-activation methods explain by default: found by running the network once.

Grad-CAM (Selvaraju et al., ICCV 2017, arXiv:1610.02391, section 3) takes the last convolutional feature map:
the deepest layer that still knows where things are. Here that is the last feature map no pooling has touched,
and of several modules that hand on the very same map, the outermost: ``layer4`` of a ResNet, not
``layer4.1.relu``.

Transformers whose positions travel as tokens (ViT) or channels-last maps (timm's Swin) have no such map after
their first layer; for them there is no default layer.
"""

from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from gallery.errors import ClassifierError

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

    def __init__(self, size: tuple[int, int]) -> None:
        self.path = ""
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
        elif self._is_feature_map(output):
            self.path, self._map = path, output
        elif is_leaf and self._has_positions(output):
            self.path, self._map = "", None

    def _is_feature_map(self, output: Tensor) -> bool:
        """Whether ``output`` is (1, C, h, w), h, w > 1, with the aspect ratio of the input."""
        if output.ndim != 4 or output.shape[0] != 1 or min(output.shape[2:]) < 2:
            return False
        if output is self._map:
            return True
        (h, w), (height, width) = output.shape[2:], self._size
        # Channels-last maps (1, h, w, C) and attention heads (1, heads, N, d) fail this. One cell of
        # tolerance: strides round up or down.
        return h <= height and w <= width and abs(h * width - w * height) <= max(height, width)

    @staticmethod
    def _has_positions(output: Tensor) -> bool:
        """Whether ``output`` is (1, N, C) tokens, N > 1, or a map in another layout."""
        if output.ndim == 3:
            return output.shape[0] == 1 and output.shape[1] > 1
        return output.ndim == 4 and output.shape[0] == 1 and min(output.shape[1:]) > 1


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
    recorder = _Recorder(size)

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


def default_cam_layer(module: nn.Module, size: tuple[int, int]) -> str:
    """Return the dotted path of the last feature map before global pooling, or "" if there is none.

    Args:
        module: The network in evaluation mode.
        size: (H, W) of its input, pixels.

    Raises:
        ClassifierError: As for ``trace``.
    """
    return trace(module, size).cam_layer
