r"""Grad-CAM with gradients weighted by the activations they belong to.

$$w_k = \sum_{ij} \frac{A^k_{ij}}{\sum_{ab} A^k_{ab}} \frac{\partial Y}{\partial A^k_{ij}}, \qquad
L = \mathrm{ReLU}\Big(\sum_k w_k A^k\Big)$$

The weights are the ones that come closest to the axioms of sensitivity and conservation. Feature maps that
sum to 0 get weight 0.

Where only global average pooling and one linear layer follow the explained layer, as in most modern
networks, the gradient there is the same for every image and pixel. XGrad-CAM then equals Grad-CAM; name an
earlier `layer` to see them differ.
"""

from gallery.explain.heatmaps._base import HEATMAPS, RawMap, Subject
from gallery.explain.heatmaps._features import safe_ratio, weighted_sum


@HEATMAPS.register(
    "xgrad_cam",
    title="XGrad-CAM",
    reference="Fu et al., Axiom-based Grad-CAM, BMVC 2020, arXiv:2008.02312, section 3",
)
def xgrad_cam(subject: Subject, *, layer: str = "") -> RawMap:
    """Return the XGrad-CAM map.

    Args:
        subject: What to explain.
        layer: Dotted path of the layer; "" takes the classifier's own.

    Returns:
        (h, w) float32, in logits x activation, >= 0.

    Raises:
        ClassifierError: If the layer is missing or is not a feature map.

    Cost:
        One forward and one backward pass, shared with the other CAM methods on the same layer.
    """
    name = subject.layer(layer)
    maps = subject.features(name)
    a, g = maps.activations[0], maps.gradients[0]
    weights = safe_ratio((g * a).sum(dim=(1, 2)), a.sum(dim=(1, 2)))
    return RawMap(weighted_sum(weights, a), forwards=1, backwards=1, layer=name)
