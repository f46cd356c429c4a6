r"""Weight the last feature maps by the classifier's own last weights.

$$Y = b + \sum_k W_k \cdot \frac{1}{hw} \sum_{ij} A^k_{ij} \qquad\Longrightarrow\qquad
L_{ij} = \sum_k W_k A^k_{ij}$$

Where global average pooling and one linear layer follow the feature maps $A^k$, the target's logit $Y$ is,
up to its bias $b$, the mean of the map $L$: an exact split of the logit over positions. Positive values are
evidence for the target and negative ones against it; as in the paper, nothing is cut off, so that the map's
mean plus the bias is still the logit. The scale is that of the logit, whatever the number of positions.

In such a network $\partial Y / \partial A^k_{ij} = W_k / hw$ everywhere, so that Grad-CAM is the positive
part of this map divided by $hw$: the two rank positive positions alike, and Grad-CAM carries the idea to
networks with another head. This method is for the ones where the sum is exact, and refuses all others. It
looks for a linear layer (or 1 x 1 convolution) whose weights the gradients agree with at every position. A
ReLU between the chosen layer and the pooling, as in DenseNet, is allowed: the gradients are then zero where
the map is negative, and the rectified map is what is summed.
"""

import torch
from torch import Tensor, nn

from gallery.errors import ClassifierError
from gallery.explain.heatmaps._base import HEATMAPS, RawMap, Subject
from gallery.explain.heatmaps._features import FeatureMaps, capture
from gallery.interfaces import Classifier
from gallery.tensors import generator

TOLERANCE = 1e-4
"""Largest difference between gradient and weights, relative to the largest weight: float32 rounding."""


def applies(classifier: Classifier) -> str:
    """Return "" if only pooling and one linear layer follow the classifier's CAM layer, else why not.

    Cost:
        One forward pass on noise, and one backward pass from the logits to the layer; none where there is
        no CAM layer.
    """
    layer = classifier.card.cam_layer
    if not layer:
        return "it has no layer with a feature map"
    # Noise, not a grey image: on a flat feature map every kind of pooling gives the same.
    size = classifier.card.preprocessing.size
    noise = torch.randn(1, 3, *size, generator=generator(0)).to(classifier.device)
    try:
        maps = capture(classifier.module, layer, noise, 0)
    except ClassifierError as error:
        return str(error)
    if _pooled(classifier.module, maps, 0) is None:
        return f"more than global average pooling and one linear layer follows its layer {layer!r}"
    return ""


@HEATMAPS.register(
    "cam",
    title="CAM",
    reference="Zhou et al., Learning Deep Features for Discriminative Localization, CVPR 2016, "
    "arXiv:1512.04150, section 2, equations 1 and 2",
    is_signed=True,
    applies=applies,
)
def cam(subject: Subject, *, layer: str = "") -> RawMap:
    """Return the class activation map.

    Args:
        subject: What to explain.
        layer: Dotted path of the layer whose output is pooled; "" takes the classifier's own.

    Returns:
        (h, w) float32, in logits, signed; its mean is the target's logit less the bias.

    Raises:
        ClassifierError: If the layer is missing or is not a feature map, or if more than global average
            pooling and one linear layer follows it.

    Cost:
        One forward and one backward pass, shared with the other CAM methods on the same layer. The paper
        needs no backward pass; here it proves that the head has the form the method is for.
    """
    name = subject.layer(layer)
    maps = subject.features(name)
    found = _pooled(subject.classifier.module, maps, subject.target)
    if found is None:
        raise ClassifierError(
            f"{subject.classifier.card.id}: more than global average pooling and one linear layer follows "
            f"{name!r}, so there is no class activation map; name the layer that is pooled with the option "
            '"layer", or use "grad_cam" instead of "cam" in [methods].'
        )
    weights, planes = found
    return RawMap(torch.einsum("c,chw->hw", weights, planes).float(), forwards=1, backwards=1, layer=name)


def _pooled(module: nn.Module, maps: FeatureMaps, target: int) -> tuple[Tensor, Tensor] | None:
    """Return the target's weights (C,) and the maps (C, h, w) that are pooled, float64; None if nothing fits.

    The proof is the gradient: W_k / hw at every position, or at those a ReLU lets through.
    """
    activations, gradients = maps.activations[0], maps.gradients[0]
    n_channels, height, width = activations.shape
    is_open = activations > 0
    for part in reversed(list(module.modules())):
        if (
            not isinstance(part, nn.Linear | nn.Conv2d)
            or part.weight.numel() != len(part.weight) * n_channels
        ):
            continue
        if len(part.weight) <= target:
            continue
        weights = part.weight[target].detach().double().reshape(n_channels)
        expected = (weights / (height * width)).reshape(-1, 1, 1).expand_as(gradients)
        if _agree(gradients, expected):
            return weights, activations
        if _agree(gradients, expected * is_open):
            return weights, activations.clamp(min=0)
    return None


def _agree(gradients: Tensor, expected: Tensor) -> bool:
    """Whether all gradients (C, h, w) are as expected, up to rounding."""
    return bool((gradients - expected).abs().max() <= TOLERANCE * expected.abs().max())
