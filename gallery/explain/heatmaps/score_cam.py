r"""Weight each feature map by what the classifier says when only the map's region is left of the image.

$$m_k = \frac{\mathrm{up}(A^k) - \min \mathrm{up}(A^k)}{\max \mathrm{up}(A^k) - \min \mathrm{up}(A^k)},
\qquad w_k = f(x \odot m_k) - f(0), \qquad L = \mathrm{ReLU}\Big(\sum_k w_k A^k\Big)$$

$\mathrm{up}$ enlarges a feature map to the size of the image, $f$ is the target's probability, and $f(0)$
the one of an image without content, the mean colour after normalisation. Flat feature maps mark no region
and get weight 0. No gradient enters; the price is one pass per feature map.

The sources do not agree on the weights, so there is an option:

- `weights = "increase"`, the default: the channel-wise increase of confidence of the paper's definitions,
  with the confidence after softmax, which the paper recommends over the logit;
- `weights = "probability"`: $f(x \odot m_k)$ alone, as in the official code;
- `weights = "softmax"`: the increase, put through a softmax over all feature maps, as in the paper's
  Algorithm 1. Increases of probability lie between -1 and 1, so the weights of hundreds of feature maps
  come out nearly equal, and the map nearly independent of the target. Some libraries take the logit here.

Differs from the paper: scores may be taken in bfloat16 where that is faster (the "how this was built" page
says so).
"""

import torch
from torch import Tensor

from gallery.errors import ConfigError
from gallery.explain.heatmaps._base import HEATMAPS, RawMap, Subject
from gallery.explain.heatmaps._features import safe_ratio, weighted_sum
from gallery.tensors import upsample

CHUNK = 256
"""Masks upsampled at a time: about 50 MB at 224 px, however many feature maps a layer has."""

WEIGHTS = ("increase", "probability", "softmax")


@HEATMAPS.register(
    "score_cam",
    title="Score-CAM",
    reference="Wang et al., Score-CAM: Score-Weighted Visual Explanations for Convolutional Neural Networks, "
    "CVPR Workshops 2020, arXiv:1910.01279, section 3",
)
def score_cam(subject: Subject, *, layer: str = "", weights: str = "increase") -> RawMap:
    """Return the Score-CAM map.

    Args:
        subject: What to explain.
        layer: Dotted path of the layer; "" takes the classifier's own.
        weights: "increase", "probability" or "softmax"; see above.

    Returns:
        (h, w) float32, in probability x activation, >= 0.

    Raises:
        ClassifierError: If the layer is missing or is not a feature map.
        ConfigError: If ``weights`` is unknown.

    Cost:
        C + 2 forward passes for C feature maps that are not flat; memory for ``CHUNK`` masks. The feature
        maps come from the pass shared with the other CAM methods, which holds the one backward pass.
    """
    if weights not in WEIGHTS:
        raise ConfigError(
            f"methods.score_cam.weights: unknown value {weights!r}. Known: {', '.join(WEIGHTS)}."
        )
    name = subject.layer(layer)
    activations = subject.features(name).activations[0]
    is_varied = activations.amax(dim=(1, 2)) > activations.amin(dim=(1, 2))
    scores = _scores(subject, activations[is_varied].float())
    forwards = 1 + len(scores)
    if weights != "probability":
        scores = scores - _score(subject, torch.zeros(1, *subject.size))
        forwards += 1
    if weights == "softmax":
        scores = scores.softmax(dim=0)
    native = weighted_sum(scores.to(activations.device), activations[is_varied])
    return RawMap(native, forwards=forwards, backwards=1, layer=name)


def region_masks(planes: Tensor, size: tuple[int, int]) -> Tensor:
    """Return maps (n, h, w) enlarged to ``size`` and then stretched onto [0, 1]; 0 where one is flat."""
    large = upsample(planes, size)
    lowest = large.amin(dim=(1, 2), keepdim=True)
    return safe_ratio(large - lowest, large.amax(dim=(1, 2), keepdim=True) - lowest)


def _scores(subject: Subject, planes: Tensor) -> Tensor:
    """Return the target's probability, (n,) float64, on the image seen through each map (n, h, w)."""
    parts = [
        _score(subject, region_masks(planes[start : start + CHUNK], subject.size))
        for start in range(0, len(planes), CHUNK)
    ]
    return torch.cat([torch.zeros(0, dtype=torch.float64), *parts])


def _score(subject: Subject, keep: Tensor) -> Tensor:
    """Return the target's probability, (n,) float64, for masks (n, H, W) over the image without content."""
    zeros = torch.zeros_like(subject.image)
    return subject.scorer.score_soft(keep, exact=False, baseline=zeros).double()
