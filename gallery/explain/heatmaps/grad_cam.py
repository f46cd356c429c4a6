r"""Weight each feature map by the mean gradient of the target's logit.

$$w_k = \frac{1}{hw} \sum_{ij} \frac{\partial Y}{\partial A^k_{ij}},
\qquad L = \mathrm{ReLU}\Big(\sum_k w_k A^k\Big)$$

$Y$ is the target's logit (before softmax), $A^k$ the feature maps of the chosen layer. The map has the
layer's resolution, often 7 x 7; what looks smooth on the photograph is interpolation.
"""

from gallery.explain.heatmaps._base import HEATMAPS, RawMap, Subject
from gallery.explain.heatmaps._features import weighted_sum


@HEATMAPS.register(
    "grad_cam",
    title="Grad-CAM",
    reference="Selvaraju et al., Grad-CAM, ICCV 2017, arXiv:1610.02391, section 3, equations 1 and 2",
)
def grad_cam(subject: Subject, *, layer: str = "") -> RawMap:
    """Return the Grad-CAM map.

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
    weights = maps.gradients[0].mean(dim=(1, 2))
    return RawMap(weighted_sum(weights, maps.activations[0]), forwards=1, backwards=1, layer=name)
