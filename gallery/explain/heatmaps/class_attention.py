r"""Show where the query of the class looks: the last cross-attention of an interpretable transformer.

An INTR classifier has one query per class. In its last layer, head $h$ of the query of class $c$ attends to
the places $n$ of the backbone's feature map with weights

$$a^h_{cn} = \operatorname{softmax}_n \left( \frac{q^h_c \cdot k^h_n}{\sqrt{d}} \right)$$

and what it gathers there, together with what it knew before, decides the logit of $c$. The map is

$$L_n = \frac1H \sum_h a^h_{cn}$$

the mean over heads; below it are the rows of the heads alone, which may look for different parts, each
coloured by its own scale. `head` = 0, 1, ... takes one of them for the map. Every row sums to 1, also for a
class that is not in the image: **a bright place says where the class was looked for, not that it was found.**

Only classifiers of the source `intr` have such queries. Differs from the paper: there the backbone is trained
along and six layers with eight heads follow an encoder of six; here the backbone is frozen, and there is no
encoder.
"""

import torch

from gallery.errors import ClassifierError, ConfigError
from gallery.explain.heatmaps._base import HEATMAPS, RawMap, Subject
from gallery.interfaces import Classifier


def applies(classifier: Classifier) -> str:
    """Return "" if ``classifier`` has a query per class, else why the method does not apply."""
    if callable(getattr(classifier.module, "class_attention", None)):
        return ""
    return "it has no query per class; classifiers of the source intr have"


@HEATMAPS.register(
    "class_attention",
    title="Class attention (INTR)",
    reference="Paul et al., A Simple Interpretable Transformer for Fine-Grained Image Classification and "
    "Analysis, ICLR 2024, arXiv:2311.04157, section 3",
    applies=applies,
    version=2,
)
def class_attention(subject: Subject, *, head: int = -1) -> RawMap:
    """Return where the query of the target class looks.

    Args:
        subject: What to explain.
        head: Of the last layer, from 0; -1 for the mean of all.

    Returns:
        (h, w) float32 at the resolution of the backbone's feature map, >= 0, summing to 1.

    Raises:
        ClassifierError: If the classifier has no query per class.
        ConfigError: If there is no such head.

    Cost:
        One forward pass.
    """
    classifier = subject.classifier
    if reason := applies(classifier):
        raise ClassifierError(f"class_attention cannot explain {classifier.card.id}: {reason}.")
    with torch.no_grad():
        weights: torch.Tensor = classifier.module.class_attention(subject.image)  # type: ignore[operator]
    maps = weights[0, :, subject.target]
    if not -1 <= head < len(maps):
        raise ConfigError(
            f"methods.class_attention.head: {classifier.card.id} has heads 0 to {len(maps) - 1} (-1: all), "
            f"got {head}."
        )
    if head >= 0:
        return RawMap(maps[head].float(), forwards=1)
    parts = {f"head {i}": one.float() for i, one in enumerate(maps)}
    return RawMap(maps.mean(dim=0).float(), forwards=1, parts=parts)
