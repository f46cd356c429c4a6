"""Activations and gradients of one layer, from one forward and one backward pass.

The layer's output is cut out of the graph and a clone passed on, so that an in-place activation behind it
cannot change what was captured, and so that the backward pass ends at the layer. Channels-last maps and
tokens are turned into feature maps afterwards (``gallery.layouts``), so the gradients are those of the
layer's own output.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from gallery.errors import ClassifierError
from gallery.layouts import Layout, read_layout
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
        layer: Dotted path of a submodule whose output is one tensor: feature maps, channels-last maps, or
            tokens of a vision transformer (``gallery.layouts``); tokens that stand for no patch are left out.
        x: (B, 3, H, W) float32, normalised.
        target: Class index whose logit is differentiated.

    Raises:
        ClassifierError: If there is no such layer, it does not run exactly once, its output cannot be read
            as feature maps, or the logit does not depend on it, or not on its patch tokens.

    Cost:
        B images forward, B backward from the logits to the layer.
    """
    try:
        submodule = module.get_submodule(layer)
    except AttributeError:
        known = [name for name, _ in module.named_children()]
        raise ClassifierError(f"layer {layer!r} is not in the network; its top level is: {known}.") from None
    seen: list[Tensor] = []
    layouts: list[Layout] = []

    def cut(_: nn.Module, __: object, output: Tensor) -> Tensor:
        layouts.append(read_layout(module, layer, output, len(x), (x.shape[2], x.shape[3])))
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
    maps = layouts[0].maps(gradients)
    if layouts[0].kind == "tokens" and not bool(maps.any()):
        # Behind the last attention a class token no longer hears from the patches.
        reason = "only the class token matters" if bool(gradients.any()) else "nothing matters to the logit"
        raise ClassifierError(
            f"layer {layer!r}: the gradient at every patch token is zero: {reason} behind this layer. Choose "
            "a layer before the last attention, such as the first normalisation of the last block."
        )
    return FeatureMaps(layouts[0].maps(seen[0]).detach().double(), maps.double())


def weighted_sum(weights: Tensor, activations: Tensor) -> Tensor:
    """Return ReLU(sum_k w_k A_k), (h, w) float32, for weights (C,) and activations (C, h, w)."""
    return torch.einsum("c,chw->hw", weights, activations).clamp(min=0).float()


def safe_ratio(numerator: Tensor, denominator: Tensor) -> Tensor:
    """Return numerator / denominator, and 0 where the denominator is 0."""
    zero = denominator == 0
    return torch.where(zero, 0.0, numerator / torch.where(zero, 1.0, denominator))
