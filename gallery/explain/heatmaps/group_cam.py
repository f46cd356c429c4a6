r"""Weight groups of Grad-CAM's feature maps by the probability their region brings back to a blurred image.

The weighted maps $w_k A^k$ of Grad-CAM are cut into $G$ groups of consecutive channels. Each group's
positive sum is a mask, which is scored once:

$$M_g = \mathrm{ReLU}\Big(\sum_{k \in g} w_k A^k\Big), \qquad
s_g = \mathrm{ReLU}\big(f(x \odot m_g + b \odot (1 - m_g)) - f(b)\big), \qquad L = \sum_g s_g M_g$$

$m_g$ is $M_g$ enlarged to the size of the image and stretched onto [0, 1], $b$ the blurred image and $f$ the
target's probability. This gives scores to regions, as Score-CAM does, for $G$ instead of hundreds of passes.
Which channels are neighbours is an accident of training, so the groups have no meaning of their own.

The blur is this method's own (kernel 51, standard deviation 50 at 224 px, in proportion elsewhere), whatever
baseline the set uses.

Differs from the official code: a group that is flat marks no region and gets score 0, where the code
divides by zero; channels are spread over the groups as evenly as they can be, where the code needs their
number to be a multiple of $G$; a layer with fewer than $G$ channels has one group for each; and the map
keeps the layer's resolution, which changes nothing, because enlarging is linear. Left out, as in the code's
default: the removal of the weaker part of each mask that the paper describes, and grouping by clustering.
"""

import torch
from torch import Tensor

from gallery.errors import ConfigError
from gallery.explain.heatmaps._base import HEATMAPS, RawMap, Subject
from gallery.explain.heatmaps.score_cam import region_masks
from gallery.perturbation import make_baseline


@HEATMAPS.register(
    "group_cam",
    title="Group-CAM",
    reference="Zhang, Rao and Yang, Group-CAM: Group Score-Weighted Visual Explanations for Deep "
    "Convolutional Networks, 2021, arXiv:2103.13859, section 3",
)
def group_cam(subject: Subject, *, layer: str = "", groups: int = 32) -> RawMap:
    """Return the Group-CAM map.

    Args:
        subject: What to explain.
        layer: Dotted path of the layer; "" takes the classifier's own.
        groups: G >= 1; a layer with fewer channels has one group for each.

    Returns:
        (h, w) float32, in probability x logits x activation, >= 0.

    Raises:
        ClassifierError: If the layer is missing or is not a feature map.
        ConfigError: If ``groups`` is out of range.

    Cost:
        At most ``groups + 2`` forward passes in float32, and one backward pass; memory for ``groups`` masks.
        One of the forward passes and the backward pass are shared with the other CAM methods on the layer.
    """
    if groups < 1:
        raise ConfigError(f"methods.group_cam.groups: expected at least 1, got {groups}.")
    name = subject.layer(layer)
    maps = subject.features(name)
    weighted = maps.gradients[0].mean(dim=(1, 2), keepdim=True) * maps.activations[0]
    merged = _grouped(weighted, min(groups, len(weighted)))
    merged = merged[merged.amax(dim=(1, 2)) > merged.amin(dim=(1, 2))]
    blurred = make_baseline("blur", subject.image, subject.classifier.card.preprocessing)
    nothing = torch.zeros(1, *subject.size, device=merged.device)
    keep = torch.cat([nothing, region_masks(merged.float(), subject.size)])
    scores = subject.scorer.score_soft(keep, exact=True, baseline=blurred).double()
    gains = (scores[1:] - scores[0]).clamp(min=0).to(merged.device)
    native = torch.einsum("g,ghw->hw", gains, merged).float()
    return RawMap(native, forwards=1 + len(keep), backwards=1, layer=name)


def _grouped(weighted: Tensor, n: int) -> Tensor:
    """Return the positive part of the sum of each of ``n`` groups of consecutive maps, (n, h, w)."""
    return torch.stack([group.sum(dim=0) for group in weighted.tensor_split(n)]).clamp(min=0)
