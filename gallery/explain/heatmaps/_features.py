"""Activations and gradients of one layer, from one forward and one backward pass.

The layer's output is cut out of the graph and a clone passed on, so that an in-place activation behind it
cannot change what was captured, and so that the backward pass ends at the layer.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from gallery.errors import ClassifierError
from gallery.tensors import left_as_found


@dataclass(frozen=True)
class FeatureMaps:
    """One layer on a batch of inputs.

    Attributes:
        activations: A, (B, C, h, w) float64.
        gradients: dY / dA with Y the target's logit, (B, C, h, w) float64.
    """

    activations: Tensor
    gradients: Tensor


def capture(module: nn.Module, layer: str, x: Tensor, target: int) -> FeatureMaps:
    """Run ``module`` on ``x`` and return the feature maps of ``layer``.

    Args:
        module: Classifier network; left as found, also after an error.
        layer: Dotted path of a submodule whose output is one feature map tensor.
        x: (B, 3, H, W) float32, normalised.
        target: Class index whose logit is differentiated.

    Raises:
        ClassifierError: If there is no such layer, it does not run exactly once, its output is not a
            (B, C, h, w) tensor, or the logit does not depend on it.

    Cost:
        B images forward, B backward from the logits to the layer.
    """
    try:
        submodule = module.get_submodule(layer)
    except AttributeError:
        known = [name for name, _ in module.named_children()]
        raise ClassifierError(f"layer {layer!r} is not in the network; its top level is: {known}.") from None
    seen: list[Tensor] = []

    def cut(_: nn.Module, __: object, output: object) -> Tensor:
        if not isinstance(output, Tensor) or output.ndim != 4:
            shape = tuple(output.shape) if isinstance(output, Tensor) else type(output).__name__
            raise ClassifierError(f"layer {layer!r}: expected a feature map (B, C, h, w), got {shape}.")
        seen.append(output.detach().requires_grad_())
        return seen[-1].clone()

    with left_as_found(module), torch.enable_grad():
        module.eval()
        handle = submodule.register_forward_hook(cut)
        try:
            logits = module(x)
        finally:
            handle.remove()
        if len(seen) != 1:
            raise ClassifierError(
                f"layer {layer!r} ran {len(seen)} times in one pass; a CAM needs exactly one."
            )
        # Where nothing depends on the layer and the weights are frozen, the logits have no graph at all.
        score = logits[:, target].sum()
        gradients = torch.autograd.grad(score, seen[0], allow_unused=True)[0] if score.requires_grad else None
    if gradients is None:
        raise ClassifierError(f"layer {layer!r}: the target's logit does not depend on it.")
    return FeatureMaps(seen[0].detach().double(), gradients.double())


def weighted_sum(weights: Tensor, activations: Tensor) -> Tensor:
    """Return ReLU(sum_k w_k A_k), (h, w) float32, for weights (C,) and activations (C, h, w)."""
    return torch.einsum("c,chw->hw", weights, activations).clamp(min=0).float()


def safe_ratio(numerator: Tensor, denominator: Tensor) -> Tensor:
    """Return numerator / denominator, and 0 where the denominator is 0."""
    zero = denominator == 0
    return torch.where(zero, 0.0, numerator / torch.where(zero, 1.0, denominator))
