r"""Grad-CAM++ with gradients averaged over noisy copies of the image.

With $D_1, D_2, D_3$ the means of $g, g^2, g^3$ over $n$ copies of the input with Gaussian noise, and $A$ the
activations of the clean image,

$$\alpha^k_{ij} = \frac{D_2}{2 D_2 + D_3 \sum_{ab} A^k_{ab}},
\qquad w_k = \sum_{ij} \alpha^k_{ij} \, \mathrm{ReLU}(D_1), \qquad
L = \mathrm{ReLU}\Big(\sum_k w_k A^k\Big)$$

Differs from the paper: its numerator is printed as $D_1$; with $D_2$ the method becomes exactly Grad-CAM++
when there is no noise, which is what the text says it generalises.

The noise is `sigma * torch.randn(n, 3, H, W)` from a CPU generator with the printed seed, added after
normalisation.

Where only global average pooling and one linear layer follow the explained layer, as in most modern
networks, the gradient there is the same for every image and pixel. The noise then changes nothing and the
map equals that of Grad-CAM++; name an earlier `layer` to see them differ.
"""

import torch

from gallery.errors import ConfigError
from gallery.explain.heatmaps._base import HEATMAPS, RawMap, Subject
from gallery.explain.heatmaps._features import capture, safe_ratio, weighted_sum
from gallery.tensors import generator


@HEATMAPS.register(
    "smoothgrad_cam_plus_plus",
    title="SmoothGrad-CAM++",
    reference="Omeiza et al., Smooth Grad-CAM++, 2019, arXiv:1908.01224, section 3",
    is_seeded=True,
)
def smoothgrad_cam_plus_plus(
    subject: Subject, *, layer: str = "", n_samples: int = 16, sigma: float = 0.3
) -> RawMap:
    """Return the SmoothGrad-CAM++ map.

    Args:
        subject: What to explain.
        layer: Dotted path of the layer; "" takes the classifier's own.
        n_samples: Noisy copies, >= 1.
        sigma: Standard deviation of the noise, in units of the normalised input, >= 0.

    Returns:
        (h, w) float32, in logits x activation, >= 0.

    Raises:
        ClassifierError: If the layer is missing or is not a feature map.
        ConfigError: If ``n_samples`` < 1 or ``sigma`` < 0.

    Cost:
        ``n_samples`` forward and backward passes as one batch, plus the pass shared by all CAM methods.
    """
    if n_samples < 1 or sigma < 0:
        raise ConfigError("methods.smoothgrad_cam_plus_plus: needs n_samples >= 1 and sigma >= 0.")
    name = subject.layer(layer)
    a = subject.features(name).activations[0]
    noise = torch.randn((n_samples, *subject.image.shape[1:]), generator=generator(subject.seed))
    noisy = subject.image + sigma * noise.to(subject.image.device)
    g = capture(subject.classifier.module, name, noisy, subject.target).gradients
    d1, d2, d3 = g.mean(0), (g**2).mean(0), (g**3).mean(0)
    alpha = safe_ratio(d2, 2 * d2 + a.sum(dim=(1, 2), keepdim=True) * d3)
    weights = (alpha * d1.clamp(min=0)).sum(dim=(1, 2))
    passes = n_samples + 1
    return RawMap(weighted_sum(weights, a), forwards=passes, backwards=passes, layer=name, seeded=True)
