r"""Weight each feature map by how much the target's logit drops when the map is set to zero.

$$w_k = \frac{Y - Y_{A^k = 0}}{|Y|}, \qquad L = \mathrm{ReLU}\Big(\sum_k w_k A^k\Big)$$

No gradient enters, so saturated activations get the weight their absence has, not the slope of their
presence. The price is one pass per feature map; but only the part of the network behind the layer has to
run, which is little for a late layer: all else is the same for every pass and is done once.

Zero is what the paper sets a map to. Behind an activation other than ReLU zero need not mean "absent".

Where global average pooling and one linear layer follow, $w_k$ is Grad-CAM's weight times the sum of $A^k$,
over $|Y|$: strong feature maps count once more than in Grad-CAM.

Differs from the paper: it divides by $Y$, we by $|Y|$. This is the same for a positive logit. For a negative
one division by $Y$ would turn the map into its opposite, and show what speaks against the target.
"""

import torch
from torch import Tensor

from gallery.errors import ClassifierError
from gallery.explain.heatmaps._base import HEATMAPS, RawMap, Subject
from gallery.explain.heatmaps._features import safe_ratio, weighted_sum
from gallery.explain.heatmaps._tail import Tail

PASS = 32
"""Largest number of feature maps ablated in one pass."""


@HEATMAPS.register(
    "ablation_cam",
    title="Ablation-CAM",
    reference="Desai and Ramaswamy, Ablation-CAM: Visual Explanations for Deep Convolutional Network via "
    "Gradient-free Localization, WACV 2020, section 3",
)
def ablation_cam(subject: Subject, *, layer: str = "") -> RawMap:
    """Return the Ablation-CAM map.

    Args:
        subject: What to explain.
        layer: Dotted path of the layer; "" takes the classifier's own.

    Returns:
        (h, w) float32, in activation, >= 0; 0 where the logit is exactly 0.

    Raises:
        ClassifierError: If the layer is missing or is not a feature map.

    Cost:
        About C + 5 forward passes for C feature maps, of which all but the first two run only the network
        behind the layer (the whole network where that cannot be cut off; see ``Tail``). The feature maps
        come from the pass shared with the other CAM methods, which holds the one backward pass.
    """
    name = subject.layer(layer)
    activations = subject.features(name).activations
    tail = Tail(subject.classifier.module, name, subject.image)
    whole, ablated = _ablated_logits(tail, _channel_axis(tail.output, activations, name), subject.target)
    weights = safe_ratio(whole - ablated, whole.abs())
    native = weighted_sum(weights, activations[0])
    return RawMap(native, forwards=1 + tail.forwards, backwards=1, layer=name)


def _ablated_logits(tail: Tail, axis: int, target: int) -> tuple[Tensor, Tensor]:
    """Return the target's logit, scalar, and the ones without each channel (C,), float64.

    The unablated logit is one row of the same passes, and all passes have one size: rounding that depends on
    the size cancels in the difference.
    """
    n_channels = tail.output.shape[axis]
    n_passes = -(-(n_channels + 1) // PASS)
    size = -(-(n_channels + 1) // n_passes)
    logits = []
    for first in range(-1, n_passes * size - 1, size):  # channel -1: nothing is ablated
        channels = torch.arange(first, first + size, device=tail.output.device)
        rows = ((channels >= 0) & (channels < n_channels)).nonzero()[:, 0]
        batch = tail.output.expand(size, *tail.output.shape[1:]).clone()
        batch.movedim(axis, 1)[rows, channels[rows]] = 0
        logits.append(tail(batch)[:, target].double())
    together = torch.cat(logits)
    return together[0], together[1 : n_channels + 1]


def _channel_axis(output: Tensor, activations: Tensor, layer: str) -> int:
    """Return the dimension of the layer's own ``output`` that holds the channels of (1, C, h, w) maps."""
    if output.shape == activations.shape:
        error = (output.double() - activations).abs().max()
        if bool(error <= 1e-3 * activations.abs().max()):
            return 1
    if output.shape[-1] == activations.shape[1]:
        return output.ndim - 1
    raise ClassifierError(
        f"layer {layer!r}: no dimension of its output {tuple(output.shape)} holds "
        f"{activations.shape[1]} channels."
    )
