r"""Refine Grad-CAM's weighted feature maps by a channel gate and a spatial gate: our reading of the method.

**What is confirmed.** An and Joe extract feature maps for the target class with Grad-CAM, hand them to an
attention mechanism, which they call a channel-spatial attention module, and take the resulting attention
map as the explanation. CBAM, SE and SCA-CNN are among their sources.

**What is inferred.** The module's layers, and whether and on what it is trained, are in no public source we
know of. The formulas below are ours: CBAM's two gates in CBAM's order, with nothing to train. Numbers
obtained with it are not a reproduction of the paper's.

With the weighted maps $F^k = w_k A^k$ of Grad-CAM, the channel gate judges each map by its mean and its
maximum over positions, and the spatial gate each position by its mean and maximum over the gated maps:

$$s_k = \sigma\Big(z\big(\underset{ij}{\mathrm{mean}}\, F^k\big) + z\big(\max_{ij} F^k\big)\Big), \qquad
s_{ij} = \sigma\Big(z\big(\underset{k}{\mathrm{mean}}\, s_k F^k_{ij}\big)
+ z\big(\max_k s_k F^k_{ij}\big)\Big)$$

$$L_{ij} = \mathrm{ReLU}\Big(s_{ij} \sum_k s_k F^k_{ij}\Big)$$

$z$ subtracts the mean and divides by the standard deviation, over the channels or over the positions. It
stands where CBAM has trained layers (a two-layer perceptron, a 7 x 7 convolution): those bring the pooled
values into the range in which the sigmoid $\sigma$ tells them apart. It also makes the gates independent of
the scale of the logit, so that the map is proportional to $F$, as Grad-CAM is. Where all values are equal
$z$ is 0: a gate that cannot tell anything apart is 1/2 throughout and leaves the map's shape alone.

The channel gate turns maps down that speak against the target or say little, the spatial gate does so for
positions; nothing is turned up. With both gates off the map is Grad-CAM.
"""

import torch
from torch import Tensor

from gallery.explain.heatmaps._base import HEATMAPS, RawMap, Subject

FLAT = 1e-6
"""Standard deviations below this share of the largest value are rounding errors of float32 activations."""


@HEATMAPS.register(
    "attention_guided_cam",
    title="Attention map-guided CAM (our reading)",
    reference="after An and Joe, Attention Map-Guided Visual Explanations for Deep Neural Networks, "
    "Applied Sciences 12(8), 2022, 3846, sections 3.1 and 3.2; gates after Woo et al., CBAM, ECCV 2018, "
    "arXiv:1807.06521, section 3",
)
def attention_guided_cam(
    subject: Subject, *, layer: str = "", channel_gate: bool = True, spatial_gate: bool = True
) -> RawMap:
    """Return the gated Grad-CAM map.

    Args:
        subject: What to explain.
        layer: Dotted path of the layer; "" takes the classifier's own.
        channel_gate: Whether feature maps are gated.
        spatial_gate: Whether positions are gated.

    Returns:
        (h, w) float32, in logits x activation, >= 0, nowhere above the same map without the spatial gate.

    Raises:
        ClassifierError: If the layer is missing or is not a feature map.

    Cost:
        One forward and one backward pass, shared with the other CAM methods on the same layer.

    Differs from the paper:
        The paper's module is not public; see the description above.
    """
    name = subject.layer(layer)
    maps = subject.features(name)
    planes = maps.gradients[0].mean(dim=(1, 2), keepdim=True) * maps.activations[0]
    if channel_gate:
        planes = planes * _gate(planes.mean(dim=(1, 2)), planes.amax(dim=(1, 2))).reshape(-1, 1, 1)
    total = planes.sum(dim=0)
    if spatial_gate:
        total = total * _gate(planes.mean(dim=0), planes.amax(dim=0))
    return RawMap(total.clamp(min=0).float(), forwards=1, backwards=1, layer=name)


def _gate(mean: Tensor, largest: Tensor) -> Tensor:
    """Return gates in (0, 1) from two descriptions of the same things, of any one shape."""
    return torch.sigmoid(_standardised(mean) + _standardised(largest))


def _standardised(values: Tensor) -> Tensor:
    """Return values with mean 0 and standard deviation 1; all 0 where they do not differ."""
    deviation = values.std(correction=0)
    if not bool(deviation > FLAT * values.abs().max()):
        return torch.zeros_like(values)
    return (values - values.mean()) / deviation
