"""Faster gradients of strided depthwise convolutions in bfloat16 on CPUs.

There the library has no fast kernel for the gradient with respect to the input: the four such layers of an
EfficientNet take six times as long as all the rest of a backward pass. The same gradient, to the last bit or
nearly so, is a convolution of stride 1 with the mirrored kernel, over the outgoing gradient with zeros
between its rows and columns; that is fast.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor
from torch.overrides import TorchFunctionMode


class _Depthwise(torch.autograd.Function):
    """A depthwise convolution whose backward pass is a convolution of stride 1; weights get no gradient."""

    @staticmethod
    def forward(  # noqa: PLR0913
        ctx: Any,  # noqa: ANN401
        x: Tensor,
        weight: Tensor,
        bias: Tensor | None,
        stride: tuple[int, int],
        padding: tuple[int, int],
        dilation: tuple[int, int],
    ) -> Tensor:
        ctx.save_for_backward(weight)
        ctx.shape, ctx.setting = x.shape, (stride, padding, dilation)
        return F.conv2d(x, weight, bias, stride, padding, dilation, x.shape[1])

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401
        (weight,), (stride, padding, dilation) = ctx.saved_tensors, ctx.setting
        (gradient,) = gradients
        reach = [d * (k - 1) for d, k in zip(dilation, weight.shape[2:], strict=True)]
        around = [r - p for r, p in zip(reach, padding, strict=True)]
        rows, cols = (n + r - 2 * a for n, r, a in zip(ctx.shape[2:], reach, around, strict=True))
        # As it lies in memory, channels last.
        spread = gradient.new_zeros(ctx.shape[0], rows, cols, ctx.shape[1]).permute(0, 3, 1, 2)
        h, w = gradient.shape[2:]
        spread[:, :, : (h - 1) * stride[0] + 1 : stride[0], : (w - 1) * stride[1] + 1 : stride[1]] = gradient
        result = F.conv2d(spread, weight.flip(2, 3), None, 1, around, dilation, ctx.shape[1])
        return result, None, None, None, None, None


class FastStrides(TorchFunctionMode):
    """While entered, such layers are differentiated this way; all other calls pass through."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401
        """Call ``func``, or its stand-in."""
        if func is F.conv2d and not kwargs and _is_slow(*args):
            return _Depthwise.apply(*args[:6])
        return func(*args, **(kwargs or {}))


def _is_slow(x: Tensor, weight: Tensor, *rest: Any) -> bool:  # noqa: ANN401
    """Return whether the arguments of ``conv2d`` are those of a layer that is meant here."""
    if len(rest) != 5 or x.dtype != torch.bfloat16 or x.device.type != "cpu" or not x.requires_grad:
        return False
    _, stride, padding, dilation, groups = rest
    if not all(isinstance(pair, tuple) for pair in (stride, padding, dilation)) or weight.requires_grad:
        return False
    fits = all(p <= d * (k - 1) for p, d, k in zip(padding, dilation, weight.shape[2:], strict=True))
    return fits and max(stride) > 1 and groups == x.shape[1] == weight.shape[0] and x.ndim == 4
