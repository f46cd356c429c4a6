"""ImageNet's class names, the same whichever library a network comes from."""

from functools import cache

from timm.data.imagenet_info import ImageNetInfo
from torchvision.models import ResNet18_Weights


@cache
def imagenet_class_names() -> tuple[str, ...]:
    """Return the 1,000 names of ILSVRC 2012 by class index, all different, as torchvision publishes them.

    One list for all sources, so that a target given by name means the same class to every classifier. They
    are the first WordNet lemmas, except for two that would occur twice ("crane bird", "maillot tank suit").
    """
    return tuple(ResNet18_Weights.DEFAULT.meta["categories"])


def imagenet_subset_names(subset: str) -> tuple[str, ...]:
    """Return the names of one of timm's larger ImageNet subsets ("imagenet-12k", ...) by class index."""
    return tuple(ImageNetInfo(subset).label_descriptions())
