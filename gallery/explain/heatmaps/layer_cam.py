r"""Weight every position of every feature map by its own positive gradient.

$$w^k_{ij} = \mathrm{ReLU}\Big(\frac{\partial Y}{\partial A^k_{ij}}\Big),
\qquad L_{ij} = \mathrm{ReLU}\Big(\sum_k w^k_{ij} A^k_{ij}\Big)$$

Grad-CAM gives each feature map one weight, which only works where the map as a whole stands for one thing:
in the last layers. With a weight for each position the method can be used at earlier layers too, whose maps
are finer; name one with `layer`.

Negative gradients are dropped before the sum, not after it: evidence against the class is ignored, where
Grad-CAM subtracts it. Behind global average pooling the gradient is the same at every position, and the map
is Grad-CAM without its negatively weighted feature maps.

The paper's fusion of several layers, and the scaling with tanh it uses there, are left out.
"""

import torch

from gallery.explain.heatmaps._base import HEATMAPS, RawMap, Subject


@HEATMAPS.register(
    "layer_cam",
    title="Layer-CAM",
    reference="Jiang et al., LayerCAM: Exploring Hierarchical Class Activation Maps for Localization, "
    "IEEE Transactions on Image Processing 30, 2021, doi:10.1109/TIP.2021.3089943",
)
def layer_cam(subject: Subject, *, layer: str = "") -> RawMap:
    """Return the Layer-CAM map.

    Args:
        subject: What to explain.
        layer: Dotted path of the layer; "" takes the classifier's own.

    Returns:
        (h, w) float32, in logits, >= 0.

    Raises:
        ClassifierError: If the layer is missing or is not a feature map.

    Cost:
        One forward and one backward pass, shared with the other CAM methods on the same layer.
    """
    name = subject.layer(layer)
    maps = subject.features(name)
    evidence = torch.einsum("chw,chw->hw", maps.gradients[0].clamp(min=0), maps.activations[0])
    return RawMap(evidence.clamp(min=0).float(), forwards=1, backwards=1, layer=name)
