r"""Grad-CAM with pixel-wise weights that let several instances of a class count fully.

With $g = \partial Y / \partial A^k_{ij}$ and $Y$ the target's logit,

$$\alpha^k_{ij} = \frac{g^2}{2 g^2 + g^3 \sum_{ab} A^k_{ab}},
\qquad w_k = \sum_{ij} \alpha^k_{ij} \, \mathrm{ReLU}(g), \qquad
L = \mathrm{ReLU}\Big(\sum_k w_k A^k\Big)$$

where $\alpha = 0$ if the denominator is 0. This is equation 19 of the paper, which follows when the class
score is $\exp(Y)$. The common factor $\exp(Y)$ of the weights is left out: it scales the whole map.

No constant is added to the denominator. Gradients of a classifier with global average pooling are of the
order of $10^{-3}$, so that even $10^{-6}$ beside $2 g^2$ changes the map visibly.
"""

from gallery.explain.heatmaps._base import HEATMAPS, RawMap, Subject
from gallery.explain.heatmaps._features import safe_ratio, weighted_sum


@HEATMAPS.register(
    "grad_cam_plus_plus",
    title="Grad-CAM++",
    reference="Chattopadhay et al., Grad-CAM++, WACV 2018, arXiv:1710.11063, section 3, equation 19",
)
def grad_cam_plus_plus(subject: Subject, *, layer: str = "") -> RawMap:
    """Return the Grad-CAM++ map.

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
    alpha = safe_ratio(g**2, 2 * g**2 + a.sum(dim=(1, 2), keepdim=True) * g**3)
    weights = (alpha * g.clamp(min=0)).sum(dim=(1, 2))
    return RawMap(weighted_sum(weights, a), forwards=1, backwards=1, layer=name)
